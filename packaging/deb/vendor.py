"""
What the package brings along beside the program itself: the files of lock.txt, in one folder for all Pythons.

A compiled part carries the version of its Python in its name, so those of several lie side by side, and what is plain Python is there once.
Whatever differs for another reason ends the build. Made once for each lock.txt, and kept in `$XDG_CACHE_HOME/sidekiq-watchdog/deb`.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from targets import MACHINES, PYTHONS, pip_options

LOCK: Final = Path(__file__).with_name("lock.txt")
_UNUSED: Final = ("*.c", "*.h", "*.pxd", "*.pyx", "*.pxi", "*.pyi", "py.typed", "RECORD", "WHEEL", "INSTALLER", "REQUESTED", "sboms")
"""What only compilers, type checkers and pip read."""


class VendorError(Exception):
    """It can't be had; the text says why."""


def vendored(architecture: str) -> Path:
    """The folder. Raises `VendorError`."""
    inputs = (LOCK, Path(__file__), Path(__file__).with_name("targets.py"))
    digest = hashlib.sha256(b"\0".join((architecture.encode(), *(path.read_bytes() for path in inputs)))).hexdigest()
    folder = cache() / f"{architecture}-{digest[:16]}"
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _make(architecture, folder)
    return folder


def cache() -> Path:
    """Where what takes long is kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "sidekiq-watchdog" / "deb"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _make(architecture: str, folder: Path) -> None:
    strip = shutil.which(f"{MACHINES[architecture]}-linux-gnu-strip")
    if strip is None:
        raise VendorError(
            f"{MACHINES[architecture]}-linux-gnu-strip is not there: apt-get install binutils-{MACHINES[architecture].replace('_', '-')}-linux-gnu"
        )
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        together = Path(scratch, "together")
        for python in PYTHONS:
            one = Path(scratch, python)
            _install(python, architecture, one)
            _add(one, together)
        libraries = sorted(together.rglob("*.so"))
        # What is there for debuggers is three quarters of it all.
        subprocess.run([strip, "--strip-unneeded", *libraries], check=True)
        for library in libraries:
            library.chmod(0o644)
        together.rename(folder)


def _install(python: str, architecture: str, folder: Path) -> None:
    what = ("install", "-qq", "--no-deps", "--require-hashes", "--no-compile", f"--requirement={LOCK}", f"--target={folder}")
    # sdnotify has no wheel; its source is plain Python.
    how = ("--only-binary=:all:", "--no-binary=sdnotify", *pip_options(python, architecture))
    done = subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *what, *how], check=False)
    if done.returncode:
        raise VendorError(f"pip could not fetch what {LOCK.name} names for Python {python}")


def _add(one: Path, together: Path) -> None:
    shutil.rmtree(one / "bin", ignore_errors=True)
    for pattern in _UNUSED:
        for path in one.rglob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    for path in sorted(one.rglob("*")):
        there = together / path.relative_to(one)
        if path.is_dir():
            there.mkdir(parents=True, exist_ok=True)
        elif not there.exists():
            shutil.copy2(path, there)
        elif there.read_bytes() != path.read_bytes():
            raise VendorError(f"{path.relative_to(one)} is another one for another Python: they can't share a folder")
