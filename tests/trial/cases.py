"""
The trials of this folder, and where their results are kept.

A trial file `trial_*.py` defines `CASES: list[str]` and `async def run(case: str, folder: Path) -> dict[str, object]`:
one row of its table, of which `ok: bool` says whether the case showed what it had to. The folder is the
case's own and empty. What a case starts, it ends.
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


class Trial(Protocol):
    """What a trial file defines."""

    CASES: list[str]
    run: Callable[[str, Path], Awaitable[dict[str, object]]]


class Case(NamedTuple):
    """One case of one trial file."""

    trial: str
    name: str

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
    cases = [Case(trial, name) for trial in trials for name in load(trial).CASES]
    return [case for case in cases if not parts or any(part in f"{case.trial} {case.name}" for part in parts)]


def _git(*arguments: str) -> bytes:
    return subprocess.run(("git", *arguments), cwd=CHECKOUT, check=True, capture_output=True).stdout


def version() -> str:
    """
    Names the source as it stands: the commit, and a digest of what was changed since.

    A result counts only for the source that it was found with.
    """
    try:
        commit = _git("rev-parse", "--short=12", "HEAD").decode().strip()
    except subprocess.CalledProcessError:
        commit = "no-commit"
    files = _git(
        "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "watchdog", "rules", "tests/trial", "pyproject.toml"
    ).split(b"\0")
    digest = hashlib.sha256()
    for name in sorted(filter(None, set(files))):
        path = CHECKOUT / os.fsdecode(name)
        digest.update(name + b"\0" + (path.read_bytes() if path.is_file() else b"") + b"\0")
    return f"{commit}-{digest.hexdigest()[:12]}"


def results_folder() -> Path:
    """Outside the checkout, so that neither git nor a wheel ever sees it; made where it is missing."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "sidekiq-watchdog" / "trial" / version()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


Row = dict[str, Any]
"""One row of a table: `case`, `ok`, and whatever the trial says."""
