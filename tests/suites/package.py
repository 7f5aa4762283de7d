"""
The Debian package of this very checkout, as tests install it into a suite.

Built once for each content of the checkout, packed less tightly than for people, and kept outside it like the suites: the parts by others, which take a minute
to fetch, as long as they stay the same ones, the package itself as long as nothing of the program changes.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.suites.booted import Booted

CHECKOUT: Final = Path(__file__).parents[2]
NAME: Final = "package"
_BUILDER: Final = CHECKOUT / "packaging" / "deb" / "build.py"
_INPUTS: Final = ("watchdog", "rules", "packaging", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")
_KEPT: Final = 4
_SECONDS: Final = 600
_NOT_TO_BE_HAD: Final = 2
"""The builder's exit code where its parts can't be fetched here."""


class PackageError(Exception):
    """It can't be had; the text says why."""


def why_not() -> str:
    """Why the package can't be had now; empty if it can."""
    if shutil.which("dpkg-deb") is None:
        return "dpkg-deb is not installed"
    if _final().is_dir():
        return ""
    with contextlib.suppress(OSError):
        return f"it could not be built: {_note().read_text()}"
    return "python -m tests.suites builds it"


def built() -> Path:
    """The package. Raises `PackageError`."""
    final = _final()
    with _alone():
        if not final.is_dir():
            _note().unlink(missing_ok=True)
            try:
                _build(final)
            except PackageError as failure:
                _note().write_text(str(failure))
                raise
    (package,) = final.glob("*.deb")
    return package


def install(machine: Booted) -> str:
    """Install it in a booted machine, by Debian's own means; what these say. One that is there already is upgraded."""
    shutil.copy(built(), machine.root / "root/package.deb")
    done = subprocess.run(
        machine.command("dpkg", "--install", "/root/package.deb"), capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


async def typed(machine: Booted, *arguments: str, user: str = "") -> tuple[int, str]:
    """A command of the installed program as somebody types it: exit code, and all that it said."""
    done = await asyncio.to_thread(
        subprocess.run,
        machine.command("sidekiq-watchdog", *arguments, user=user),
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sidekiq-watchdog" / "deb"


def _final() -> Path:
    digest = hashlib.sha256()
    for path in _inputs():
        content = path.read_bytes()
        digest.update(f"{path.relative_to(CHECKOUT)}\0{len(content)}\0".encode() + content)
    return _cache() / f"built-{digest.hexdigest()[:16]}"


def _inputs() -> Iterator[Path]:
    for name in _INPUTS:
        place = CHECKOUT / name
        paths = sorted(place.rglob("*")) if place.is_dir() else [place]
        yield from (path for path in paths if path.is_file() and "__pycache__" not in path.parts)


def _note() -> Path:
    """Where it stands why the last attempt failed."""
    return _cache() / "built.why"


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    _cache().mkdir(parents=True, exist_ok=True)
    with (_cache() / "built.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(final: Path) -> None:
    older = sorted(_cache().glob("built-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in older[_KEPT - 1 :]:
        shutil.rmtree(folder)
    part = final.with_name(f".{final.name}.{os.getpid()}")
    try:
        command = [sys.executable, str(_BUILDER), "--quickly", "--into", str(part)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_SECONDS)
        if done.returncode == _NOT_TO_BE_HAD:
            raise PackageError(done.stderr.strip().rpartition("\n")[2])
        # Anything else is a mistake of ours, which no test may be skipped for.
        assert done.returncode == 0, done.stderr
        part.rename(final)
    finally:
        shutil.rmtree(part, ignore_errors=True)
