"""
The trials of this folder, and where their results are kept.

A trial file `trial_*.py` defines `CASES: list[str]` and `async def run(case: str, folder: Path) -> dict[str, object]`:
one row of its table, of which `ok: bool` says whether the case showed what it had to. The folder is the
case's own and empty. What a case starts, it ends. The lines of `traceback`, where a row has them, are printed and stand in no table. A file may also define `def sums(rows: list[Row]) -> list[Row]`: a second table
of what its rows come to, printed below the first.
"""

import hashlib
import importlib
import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

FOLDER = Path(__file__).parent
CHECKOUT = FOLDER.parents[1]
Row = dict[str, Any]
"""One row of a table: `case`, `ok`, and whatever the trial says."""


class Trial(Protocol):
    """What a trial file defines."""

    CASES: list[str]
    run: Callable[[str, Path], Awaitable[dict[str, object]]]


class Case(NamedTuple):
    """One case of one trial file; `least` is for how many seconds it is waited at least, whatever limit holds for others."""

    trial: str
    name: str
    least: float = 0

    @property
    def key(self) -> str:
        """A file name for its result."""
        return f"{self.trial}-{hashlib.sha256(self.name.encode()).hexdigest()[:16]}"


def load(trial: str) -> Trial:
    """The module of a trial file."""
    return cast("Trial", importlib.import_module(f"tests.trial.{trial}"))


def chosen(parts: list[str]) -> list[Case]:
    """The cases whose trial or name contains one of these parts; all of them where none is given."""
    trials = sorted(path.stem for path in FOLDER.glob("trial_*.py"))
    cases = [Case(trial, name, getattr(load(trial), "LIMIT", 0)) for trial in trials for name in load(trial).CASES]
    return [case for case in cases if not parts or any(part in f"{case.trial} {case.name}" for part in parts)]


def summed(trial: str, rows: list[Row]) -> list[Row]:
    """What the rows of a trial come to, where its file says how they are summed up."""
    sums = getattr(load(trial), "sums", None)
    return [] if sums is None else list(sums(rows))


SOURCE = ("watchdog", "rules", "packaging/probe", "tests/trial", "pyproject.toml")
"""What a result depends on."""


def commit() -> str:
    """The commit of the checkout, where there is one."""
    try:
        asked = subprocess.run(("git", "rev-parse", "--short=12", "HEAD"), cwd=CHECKOUT, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return "no-commit"
    return asked.stdout.strip()


def version() -> str:
    """
    Names the source as it stands: the commit, and a digest of every file that a result depends on.

    A result counts only for the source that it was found with.
    """
    digest = hashlib.sha256()
    for path in sorted(path for name in SOURCE for path in (CHECKOUT / name, *(CHECKOUT / name).rglob("*"))):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(b"%s\0%d\0" % (os.fsencode(path.relative_to(CHECKOUT)), path.stat().st_size))
            digest.update(path.read_bytes())
    return f"{commit()}-{digest.hexdigest()[:12]}"


def results_folder() -> Path:
    """Outside the checkout, so that neither git nor a wheel ever sees it; made where it is missing."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "sidekiq-watchdog" / "trial" / version()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
