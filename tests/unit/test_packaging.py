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
from watchdog.config import inspect, inspect_rules
from watchdog.model.verdicts import Mode
from watchdog.rulefile.settings import read_settings

CHECKOUT = Path(__file__).parents[2]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
IMPORT_NAMES = {"matrix-nio": "nio", "pyyaml": "yaml"}
"""Distribution → import name, where they differ."""

pytestmark = pytest.mark.timeout(180)


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
    assert "sidekiq-watchdog-inspect = watchdog.inspect.program:main" in metadata(wheel, "entry_points.txt")
    assert "sidekiq-watchdog = watchdog.cli:main" in metadata(wheel, "entry_points.txt")
    assert about["License-Expression"] == "MIT"
    assert "MIT License" in metadata(wheel, "licenses/LICENSE")
    assert about["Version"] == watchdog.__version__
    assert str(about.get_payload()).strip() == (CHECKOUT / "README.md").read_text().strip()


def test_the_source_archive_builds_the_same_wheel(wheel, tmp_path):
    """Whoever builds from the source archive, as distributions do, gets the files of the wheel."""
    archive = build(SdistBuilder, CHECKOUT, tmp_path / "sdist")
    with tarfile.open(archive) as tar:
        # The filter that newer Pythons insist on; Debian 12's 3.11.2 has none yet, and the archive is our own.
        tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
        tar.extractall(tmp_path / "source")
    (source,) = (tmp_path / "source").iterdir()
    again = zipfile.ZipFile(build(WheelBuilder, source, tmp_path / "wheel"))
    assert contents(again) == contents(wheel)
    assert (source / "tests" / "conftest.py").exists()
    assert (source / "packaging" / "config.yml").exists()
    assert (source / ".ci" / "venv").exists()  # the Makefile needs it


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


def test_the_configuration_that_is_shipped_is_sound():
    """The default config loads without a single remark, and as installed the agent does nothing but watch."""
    loaded, problems = inspect(CHECKOUT / "packaging" / "config.yml")
    assert problems == ()
    assert loaded is not None
    assert loaded.settings.mode is Mode.DRY_RUN
    assert loaded.rules.rules


def test_what_stands_in_the_configuration_for_mastodon_can_be_turned_on():
    """Without the `#` before it, it is a section."""
    written = (CHECKOUT / "packaging" / "config.yml").read_text()
    (lines,) = re.findall(r"^# mastodon:.*\n(?:#   .*\n)*", written, re.MULTILINE)
    settings = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n" + re.sub("^# ", "", lines, flags=re.MULTILINE)
    found, problems = read_settings("config.yml", settings)
    assert problems == ()
    assert found is not None
    assert found.mastodon is not None
    assert (found.mastodon.domain, found.mastodon.watch) == ("example.org", ("mastodon.social",))


@pytest.mark.parametrize("section", ["page", "api"])
def test_what_stands_in_the_configuration_for_the_page_can_be_turned_on(section):
    """Without the `#` before it each is a setting."""
    written = (CHECKOUT / "packaging" / "config.yml").read_text()
    (lines,) = re.findall(rf"^# {section}:.*\n(?:#   .*\n)*", written, re.MULTILINE)
    settings = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n" + re.sub("^# ", "", lines, flags=re.MULTILINE)
    found, problems = read_settings("config.yml", settings)
    assert problems == ()
    assert found is not None
    assert (found.page is not None, found.api.group) == ((True, "") if section == "page" else (False, "adm"))


def test_the_rules_that_are_shipped_as_an_example_are_sound():
    """They load without a single remark, and may not act until their owner says so."""
    rules, problems = inspect_rules([CHECKOUT / "packaging" / "rules.yml"])
    assert problems == ()
    assert {rule.mode for rule in rules.rules} == {Mode.DRY_RUN}


def test_the_rule_in_the_readme_is_sound(tmp_path):
    """What stands in the README can be copied: the receiver that it names has to be declared, and nothing else is missing."""
    (rule,) = re.findall(r"```yaml\n(rules:.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "rules.yml").write_text(rule)
    (tmp_path / "config.yml").write_text(
        "redis: {url: redis://127.0.0.1:6379/0}\nrules: [rules.yml]\nstate: state\n"
        "receivers: {ops: {type: webhook, url: https://example.org/hook}}\n"
    )
    _, problems = inspect(tmp_path / "config.yml")
    assert problems == ()


_SETTINGS = re.findall(
    r"```yaml\n((?:receivers|heartbeat|ask|page|api|mastodon):.*?)```", (CHECKOUT / "packaging" / "README.md").read_text(), re.DOTALL
)


@pytest.mark.parametrize("settings", _SETTINGS, ids=lambda text: text.split("\n")[-2].strip()[:40])
def test_the_settings_in_the_manual_are_sound(settings):
    """Receivers, the heartbeat, who may answer, the page and the socket: each block can be copied into a config as it is."""
    found, problems = read_settings("config.yml", f"redis: {{url: redis://h}}\nrules: [rules.yml]\nstate: state\n{settings}")
    assert problems == ()
    assert found is not None


def test_the_manual_shows_receivers_the_heartbeat_and_the_page():
    """So that the test above looks at something."""
    assert {
        word
        for word in ("alertmanager", "email", "heartbeat", "tokens", "proxy", "group")
        if not any(word in settings for settings in _SETTINGS)
    } == set()
