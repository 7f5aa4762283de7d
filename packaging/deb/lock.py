"""
Writes lock.txt anew: what goes into the package beside the program itself, each with its version and the digests of its files.

`.venv/bin/python packaging/deb/lock.py`, when a dependency of pyproject.toml has changed or is to be newer. Nothing is installed, and
what is written is to be looked through before it is committed: it will run with the agent's rights.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from targets import MACHINES, PYTHONS, pip_options

CHECKOUT: Final = Path(__file__).parents[2]
LOCK: Final = Path(__file__).with_name("lock.txt")
SOURCES: Final = ("sdnotify",)
"""Those that have no wheel: one is made of their source, which is plain Python."""
EXTRAS: Final = ("postgres", "top")
HEAD: Final = "# Made by packaging/deb/lock.py from the dependencies in pyproject.toml.\n"


class LockError(Exception):
    """There is no one set of versions for all machines."""


def wanted() -> list[str]:
    """What pyproject.toml asks for."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    return [*project["dependencies"], *(one for extra in EXTRAS for one in project["optional-dependencies"][extra])]


def _pip(*arguments: str) -> str:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _found(report: str) -> Iterator[tuple[str, str, str]]:
    for item in json.loads(report)["install"]:
        metadata = item["metadata"]
        yield metadata["name"].lower().replace("_", "-"), metadata["version"], item["download_info"]["archive_info"]["hashes"]["sha256"]


def resolved() -> dict[str, tuple[str, set[str]]]:
    """Name → version and the digests of all its files that are used. Raises `LockError`."""
    together: dict[str, tuple[str, set[str]]] = {}
    how = ("install", "-qq", "--dry-run", "--ignore-installed", "--report=-")
    with tempfile.TemporaryDirectory() as folder:
        reports = [_pip(*how, "--no-deps", *SOURCES)]
        _pip("wheel", "-qq", "--no-deps", f"--wheel-dir={folder}", *SOURCES)
        for python in PYTHONS:
            for architecture in MACHINES:
                place = (*pip_options(python, architecture), "--only-binary=:all:", f"--target={folder}/no", f"--find-links={folder}")
                reports.append(_pip(*how, *place, *wanted()))
    for name, version, digest in (found for report in reports for found in _found(report)):
        if name in SOURCES and name in together:
            continue  # that is the wheel that was made of it here
        kept, digests = together.setdefault(name, (version, set()))
        if kept != version:
            raise LockError(f"{name} is {kept} for one machine and {version} for another: set a bound in pyproject.toml")
        digests.add(digest)
    return together


def main() -> None:
    """Write the file."""
    entries = (
        " \\\n".join((f"{name}=={version}", *(f"    --hash=sha256:{digest}" for digest in sorted(digests))))
        for name, (version, digests) in sorted(resolved().items())
    )
    LOCK.write_text(f"{HEAD}{chr(10).join(entries)}\n")


if __name__ == "__main__":
    main()
