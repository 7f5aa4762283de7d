"""The package's own tree under each Python that it is made for, as far as this machine has them."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.suites import package

pytestmark = pytest.mark.needs("package")

PYTHONS: Final = ("3.11", "3.12", "3.13")
IMPORT: Final = """\
import importlib, pathlib, sys
lib = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(lib))
import aiohttp, asyncpg, dbus_fast, hiredis, msgspec, multidict, orjson, psutil, redis.asyncio, sdnotify, yaml, yarl
own = f"cpython-{sys.version_info.major}{sys.version_info.minor}-"
names = [path.relative_to(lib) for path in lib.rglob("*.so") if own in path.name or ".abi3." in path.name]
for path in names:
    importlib.import_module(".".join((*path.parent.parts, path.name.partition(".")[0])))
import watchdog.daemon, watchdog.cli.app
strange = {name for name, one in sys.modules.items() if "site-packages" in (getattr(one, "__file__", "") or "")}
print(len(names), sorted(strange))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, unpacked and not installed."""
    folder = tmp_path_factory.mktemp("tree")
    subprocess.run(["dpkg-deb", "--extract", package.built(), folder], check=True)
    return folder / "opt" / "sidekiq-watchdog"


def found(version: str) -> str:
    """One of that version that runs; what pyenv puts into the PATH does so only where somebody has chosen it, and lies elsewhere in truth."""
    elsewhere = (Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python{version}")
    for path in (shutil.which(f"python{version}"), f"/usr/bin/python{version}", *map(str, elsewhere)):
        if path and Path(path).exists() and subprocess.run([path, "-c", ""], check=False, capture_output=True).returncode == 0:
            return path
    pytest.skip(f"no Python {version} here")


@pytest.mark.parametrize("version", PYTHONS)
def test_each_python(tree: Path, version: str) -> None:
    """Every compiled part loads, and nothing comes from elsewhere."""
    done = subprocess.run([found(version), "-ISB", "-c", IMPORT, tree / "lib"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    count, _, strange = done.stdout.strip().partition(" ")
    assert strange == "[]"
    assert int(count) > 20
    done = subprocess.run(
        [found(version), "-ISB", tree / "bin" / "sidekiq-watchdog", "--version"], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.startswith("sidekiq-watchdog ")) == (0, True), done.stderr


def test_the_same_again(tmp_path: Path) -> None:
    """Built twice of the same commit it is the same to the byte."""
    builder = package.CHECKOUT / "packaging" / "deb" / "build.py"
    made = []
    for name in ("one", "two"):
        done = subprocess.run([sys.executable, builder, "--quickly", "--into", tmp_path / name], check=True, capture_output=True, text=True)
        made.append(Path(done.stdout.strip()).read_bytes())
    assert made[0] == made[1]
