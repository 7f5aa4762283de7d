"""
Synapse, the homeserver that most of Matrix runs on, in a venv of its own outside the checkout: it needs a hundred packages that no test may come to depend on.

Installed once from PyPI for each version of Python, beside its place, and moved there in one step when it runs. One installer at a time.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

NAME: Final = "synapse"
PACKAGE: Final = "matrix-synapse>=1.120"
_MARK: Final = ".built"
_SECONDS: Final = 600


class SynapseError(Exception):
    """It can't be had; the text says why."""


def why_not() -> str:
    """Why it can't be had now; empty if it can."""
    with contextlib.suppress(OSError):
        if (_place() / _MARK).read_text() == PACKAGE and python().exists():
            return ""
    with contextlib.suppress(OSError):
        return f"it could not be installed: {_note().read_text()}"
    return "python -m tests.suites installs it"


def python() -> Path:
    """Its interpreter: `python() -m synapse.app.homeserver` is the server."""
    return _place() / "bin" / "python"


def build() -> None:
    """Have it; at once where it is there. Raises `SynapseError`."""
    with _alone():
        if not why_not():
            return
        _note().unlink(missing_ok=True)
        try:
            _build()
        except SynapseError as failure:
            _note().write_text(str(failure))
            raise


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sidekiq-watchdog" / "synapse"


def _place() -> Path:
    return _cache() / f"python{sys.version_info.major}.{sys.version_info.minor}"


def _note() -> Path:
    """Where it stands why the last attempt failed."""
    return _cache() / f"{_place().name}.why"


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    _cache().mkdir(parents=True, exist_ok=True)
    with (_cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build() -> None:
    shutil.rmtree(_place(), ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix=f".{_place().name}.", dir=_cache()))
    try:
        venv.EnvBuilder(with_pip=True, symlinks=True).create(part)
        inside = str(part / "bin" / "python")
        # From wheels alone: what would have to be compiled wants Rust.
        _run(inside, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input", "install", "--only-binary", ":all:", PACKAGE)
        _run(inside, "-c", "import synapse.app.homeserver")
        (part / _MARK).write_text(PACKAGE)
        part.rename(_place())
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise SynapseError(str(failure)) from None
    if done.returncode:
        raise SynapseError(done.stderr.strip().rpartition("\n")[2])
