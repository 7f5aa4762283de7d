"""What strangers install: the wheel, the source archive, and the files beside the program."""

import ast
import re
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

import watchdog

CHECKOUT = Path(__file__).parents[2]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
IMPORT_NAMES = {"pyyaml": "yaml"}
"""Distribution → import name, where they differ."""

pytestmark = pytest.mark.timeout(60)


def build(builder, checkout: Path, folder: Path) -> Path:
    """Build what that builder of hatchling makes of a checkout."""
    return Path(next(iter(builder(str(checkout)).build(directory=str(folder)))))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """The wheel of this checkout."""
    return zipfile.ZipFile(build(WheelBuilder, CHECKOUT, tmp_path_factory.mktemp("wheel")))


def shipped(folder: str, *, as_folder: str) -> set[str]:
    """The files of a folder of the checkout, as they are named in the wheel; those that git would not take left out."""
    files = (path for path in (CHECKOUT / folder).rglob("*") if path.is_file())
    return {
        f"{as_folder}/{path.relative_to(CHECKOUT / folder)}"
        for path in files
        if "__pycache__" not in path.parts and not path.name.endswith((".pyc", ".swp", "~"))
    }


def contents(wheel: zipfile.ZipFile) -> set[str]:
    """The files of a wheel without its metadata."""
    return {name for name in wheel.namelist() if ".dist-info/" not in name}


def metadata(wheel: zipfile.ZipFile, name: str) -> str:
    """A file of the wheel's metadata."""
    path = next(path for path in wheel.namelist() if path.endswith(f".dist-info/{name}"))
    return wheel.read(path).decode()


def test_the_code_under_test_is_that_of_this_checkout():
    """A venv that came along with a copied checkout must not make the tests judge the other checkout's code."""
    assert Path(watchdog.__file__).parent == CHECKOUT / "watchdog"


def test_the_wheel_holds_the_program_its_rules_and_nothing_else(wheel):
    """Every module, the type marker and every rule file is in the wheel; tests and tools are not."""
    program = shipped("watchdog", as_folder="watchdog")
    assert "watchdog/py.typed" in program
    assert contents(wheel) == program | shipped("rules", as_folder="watchdog/rules")


def test_the_wheel_brings_the_command_and_its_license(wheel):
    """`sidekiq-watchdog` is the command, MIT the license, and both the version and the README come from the source."""
    about = Parser().parsestr(metadata(wheel, "METADATA"))
    assert "sidekiq-watchdog = watchdog.cli:main" in metadata(wheel, "entry_points.txt")
    assert about["License-Expression"] == "MIT"
    assert "MIT License" in metadata(wheel, "licenses/LICENSE")
    assert about["Version"] == watchdog.__version__
    assert about.get_payload().strip() == (CHECKOUT / "README.md").read_text().strip()


def test_the_source_archive_builds_the_same_wheel(wheel, tmp_path):
    """Whoever builds from the source archive, as distributions do, gets the files of the wheel."""
    archive = build(SdistBuilder, CHECKOUT, tmp_path / "sdist")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    again = zipfile.ZipFile(build(WheelBuilder, source, tmp_path / "wheel"))
    assert contents(again) == contents(wheel)
    assert (source / "tests" / "conftest.py").exists()
    assert (source / "packaging" / "config.yml").exists()


def imported(path: Path) -> Iterator[str]:
    """The top names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=names):
                yield from (name.name.partition(".")[0] for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]


def distributions(requirements: list[str]) -> set[str]:
    """The import names of a list of requirements."""
    names = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower() for requirement in requirements}
    return {IMPORT_NAMES.get(name, name).replace("-", "_") for name in names}


def test_what_the_program_imports_is_declared():
    """Every module that the program imports is Python's, its own, or a declared dependency (of an extra, for what needs it)."""
    extras = [requirement for extra in PROJECT["optional-dependencies"].values() for requirement in extra]
    declared = distributions([*PROJECT["dependencies"], *extras])
    for path in sorted((CHECKOUT / "watchdog").rglob("*.py")):
        foreign = set(imported(path)) - sys.stdlib_module_names - {"watchdog"}
        assert foreign <= declared, path


def test_every_target_that_the_readme_names_can_be_made():
    """`make X` in the README, the changelog or in the packaging notes is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test", "trial", "lint", "bench"} <= targets
    for page in ("README.md", "CHANGELOG.md", "packaging/README.md"):
        named = set(re.findall(r"\bmake ([a-z]+)\b(?=`|\s+#|$)", (CHECKOUT / page).read_text(), re.MULTILINE))
        assert named <= targets, page
