"""
Builds the Debian package: `make deb`, or `python packaging/deb/build.py [--arch arm64] [--into FOLDER] [--quickly]`.

One package for Debian 12 and 13 and Ubuntu 24.04. What is built from the same commit is the same to the byte: versions come from lock.txt, times from
SOURCE_DATE_EPOCH or the commit. `--quickly` packs less tightly, for tests. Prints where the package is.
"""

import argparse
import configparser
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from layout import CONFFILES, DOCUMENTS, FILES, HOME, LINKS
from manual import manual
from targets import GLIBC, MACHINES, PYTHONS
from vendor import VendorError, vendored

HERE: Final = Path(__file__).parent
CHECKOUT: Final = HERE.parents[1]
NAME: Final = "sidekiq-watchdog"
SCRIPTS: Final = ("preinst", "postinst", "prerm", "postrm")
ENTRY: Final = """\
#!/usr/bin/python3 -ISB
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "lib"))
from {module} import {function}

sys.exit({function}())
"""
"""Takes nothing from the environment, the current folder, or what else is installed for Python."""
_COPYRIGHT: Final = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: {name}

Files: *
Copyright: 2026 The authors of {name}
License: Expat

License: Expat
{licence}
Comment:
 Under {home}/lib lie parts by others. Each has its licence, or a word on it, in the folder NAME-VERSION.dist-info:
{parts}
"""


def main() -> int:
    """Build it; exit code 2 where that can't be done."""
    parser = argparse.ArgumentParser(description="Builds the Debian package.")
    parser.add_argument("--arch", choices=MACHINES, default=_own_architecture(), help="default: %(default)s")
    parser.add_argument("--into", type=Path, default=CHECKOUT / "dist", metavar="FOLDER", help="default: dist/")
    parser.add_argument("--quickly", action="store_true", help="pack less tightly")
    given = parser.parse_args()
    try:
        print(build(given.arch, given.into, quickly=given.quickly))
    except VendorError as error:
        print(f"deb: {error}", file=sys.stderr)
        return 2
    return 0


def build(architecture: str, into: Path, *, quickly: bool) -> Path:
    """The package's path. Raises `VendorError` where its parts are not to be had."""
    epoch = _epoch()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "root")
        lib = root / HOME.lstrip("/") / "lib"
        shutil.copytree(vendored(architecture), lib)
        version = _program(lib, root)
        for source, place in (*FILES, *_documents()):
            _put(root, place, (CHECKOUT / source).read_bytes())
        for place, target in LINKS.items():
            link = root / place.lstrip("/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)
        _words(root, lib, version, epoch)
        _control(root, version, architecture)
        _settle(root, epoch)
        into.mkdir(parents=True, exist_ok=True)
        package = into / f"{NAME}_{version}_{architecture}.deb"
        # One thread: how many there are shows in what comes out.
        tight = ("-Zgzip", "-z1") if quickly else ("-Zxz", "-z9", "--threads-max=1")
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", *tight, "--build", root, package],
            check=True, stdout=subprocess.DEVNULL, env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)},
        )  # fmt: skip
    return package


def _own_architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()


def _epoch() -> int:
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    done = subprocess.run(["git", "-C", CHECKOUT, "log", "-1", "--format=%ct"], check=False, capture_output=True, text=True)
    return int(done.stdout) if done.returncode == 0 else int((CHECKOUT / "CHANGELOG.md").stat().st_mtime)


def _program(lib: Path, root: Path) -> str:
    """The program itself, just as its wheel has it, with a file to start each of its commands; its version."""
    with tempfile.TemporaryDirectory() as folder:
        how = ("--no-deps", "--no-build-isolation", "--check-build-dependencies", f"--wheel-dir={folder}")
        subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "-qq", *how, CHECKOUT], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(lib)
        version = wheel.name.split("-")[1]
    (record,) = lib.glob("sidekiq_watchdog-*.dist-info")
    scripts = configparser.ConfigParser()
    scripts.read(record / "entry_points.txt")
    for name, entry in scripts["console_scripts"].items():
        module, _, function = entry.partition(":")
        _put(root, f"{HOME}/bin/{name}", ENTRY.format(module=module, function=function).encode())
    for name in ("RECORD", "WHEEL"):
        (record / name).unlink()
    return version


def _documents() -> Iterator[tuple[str, str]]:
    for source, place in DOCUMENTS:
        path = CHECKOUT / source
        if path.is_dir():
            yield from ((str(one.relative_to(CHECKOUT)), f"{place}/{one.relative_to(path)}") for one in path.rglob("*") if one.is_file())
        else:
            yield source, place


def _put(root: Path, place: str, content: bytes) -> None:
    path = root / place.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _words(root: Path, lib: Path, version: str, epoch: int) -> None:
    """Manual, changelog, copyright."""
    sys.path.insert(0, str(CHECKOUT))
    from watchdog.cli.app import command

    documents = f"/usr/share/doc/{NAME}"
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(epoch))
    changes = f"{NAME} ({version}) stable; urgency=medium\n\n  * What is new stands in NEWS.gz.\n\n -- The authors of {NAME} <{NAME}@localhost>  {date}\n"
    _put(root, f"/usr/share/man/man1/{NAME}.1.gz", _packed(manual(command(), NAME, version, epoch=epoch)))
    _put(root, f"{documents}/changelog.gz", _packed(changes))
    _put(root, f"{documents}/NEWS.gz", _packed((CHECKOUT / "CHANGELOG.md").read_text()))
    licence = "\n".join(f" {line}" if line.strip() else " ." for line in (CHECKOUT / "LICENSE").read_text().splitlines())
    parts = "\n".join(f"  {folder.name.removesuffix('.dist-info').replace('-', ' ')}" for folder in sorted(lib.glob("*.dist-info")))
    _put(root, f"{documents}/copyright", _COPYRIGHT.format(name=NAME, home=HOME, licence=licence, parts=parts).encode())


def _packed(text: str) -> bytes:
    return gzip.compress(text.encode(), 9, mtime=0)


def _control(root: Path, version: str, architecture: str) -> None:
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink()) // 1024
    newest = PYTHONS[-1].split(".")
    text = (HERE / "control").read_text().format(
        version=version, architecture=architecture, size=size, oldest=PYTHONS[0], beyond=f"{newest[0]}.{int(newest[1]) + 1}~", glibc=GLIBC
    )  # fmt: skip
    _put(root, "/DEBIAN/control", text.encode())
    _put(root, "/DEBIAN/conffiles", "".join(f"{path}\n" for path in CONFFILES).encode())
    _put(root, "/DEBIAN/triggers", (HERE / "triggers").read_bytes())
    sums = (f"{_digest(path)}  {path.relative_to(root)}\n" for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink())
    _put(root, "/DEBIAN/md5sums", "".join(line for line in sums if "  DEBIAN/" not in line).encode())
    for name in SCRIPTS:
        _put(root, f"/DEBIAN/{name}", (HERE / name).read_bytes())


def _digest(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()  # dpkg knows no other


def _settle(root: Path, epoch: int) -> None:
    """Modes and times that depend neither on who builds nor on when."""
    programs = {root / "DEBIAN" / name for name in SCRIPTS} | set((root / HOME.lstrip("/") / "bin").iterdir())
    for path in (root, *root.rglob("*")):
        if path.is_symlink():
            os.utime(path, (epoch, epoch), follow_symlinks=False)
            continue
        path.chmod(0o755 if path.is_dir() or path in programs else 0o644)
        os.utime(path, (epoch, epoch))


if __name__ == "__main__":
    sys.exit(main())
