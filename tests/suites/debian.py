"""
Debian suites whose Sidekiq and Redis the tests run, unpacked outside the checkout and kept.

This machine itself serves where it is the suite. Otherwise debootstrap unpacks it once, from the mirror that this machine's own apt
uses, into `$XDG_CACHE_HOME/sidekiq-watchdog/suites/NAME`: built beside its place, looked over, and moved there in one step, so that
what stands there is whole. One builder at a time; what it mounts, it mounts in a namespace of its own.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

_SECONDS: Final = 900
_MARK: Final = ".built"
_AT_HOME: Final = "http://deb.debian.org/debian"
PLACES: Final = ("srv/app", "srv/run")
"""Empty folders in a suite on which a test binds its application and what it may write."""


class Suite(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One suite: its packages, and what must be there for it to be of use; `release` is Debian's name for it, where it is not the suite's own."""

    name: str
    packages: tuple[str, ...]
    programs: tuple[str, ...]
    release: str = ""

    @property
    def recipe(self) -> str:
        """What a built suite is marked with: another recipe makes it stale."""
        return hashlib.sha256(msgspec.json.encode((self, PLACES))).hexdigest()


SUITES: Final = {
    suite.name: suite
    for suite in (
        Suite(name="bookworm", packages=("redis-server", "ruby-sidekiq"), programs=("redis-server", "sidekiq")),
        Suite(name="trixie", packages=("redis-server", "ruby-sidekiq"), programs=("redis-server", "sidekiq")),
        Suite(name="sid", packages=("ruby-sidekiq", "valkey-server"), programs=("valkey-server", "sidekiq")),
        # One that boots, with systemd as its first process: see booted.py.
        Suite(
            name="trixie-systemd",
            release="trixie",
            packages=("systemd", "systemd-sysv", "libpam-systemd", "polkitd", "dbus", "redis-server", "ruby-sidekiq",
                      "python3", "python3-venv", "procps", "iproute2"),
            programs=("redis-server", "sidekiq", "systemctl", "busctl"),
        ),
    )
}  # fmt: skip


class BuildError(Exception):
    """The suite can't be had; the text says why."""


def is_host(name: str) -> bool:
    """Whether this machine runs that suite, with its packages."""
    try:
        return platform.freedesktop_os_release().get("VERSION_CODENAME") == name and all(map(shutil.which, SUITES[name].programs))
    except OSError:
        return False


def root(name: str) -> Path:
    """Where the suite is, or would be."""
    return Path("/") if is_host(name) else _cache() / name


def why_not(name: str) -> str:
    """Why the suite can't be used now; empty if it can."""
    if is_host(name):
        return ""
    if not _may_mount():
        return "only root, with the right to mount, can unpack and run it"
    if _whole(name):
        return ""
    with contextlib.suppress(OSError):
        return f"it could not be built: {_note(name).read_text()}"
    return "python -m tests.suites builds it"


def build(name: str) -> None:
    """Have the suite; nothing is done if it is there. Raises `BuildError`."""
    if not (why := why_not(name)):
        return
    if not _may_mount():
        raise BuildError(why)
    if shutil.which("debootstrap") is None:
        raise BuildError("debootstrap is not installed")
    with _alone(name):
        if not why_not(name):
            return
        _note(name).unlink(missing_ok=True)
        try:
            _build(SUITES[name])
        except BuildError as failure:
            _note(name).write_text(str(failure))
            raise


def _may_mount() -> bool:
    """Root, with CAP_SYS_ADMIN (21 in capabilities(7)), which root in a container may lack."""
    status = Path("/proc/self/status").read_text()
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return os.geteuid() == 0 and bool(int(mask, 16) >> 21 & 1)


def _note(name: str) -> Path:
    """Where it stands why the last attempt failed."""
    return _cache() / f"{name}.why"


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sidekiq-watchdog" / "suites"


def _whole(name: str) -> bool:
    suite, folder = SUITES[name], _cache() / name
    with contextlib.suppress(OSError):
        return (folder / _MARK).read_text() == suite.recipe and all(os.path.lexists(folder / "usr/bin" / one) for one in suite.programs)
    return False


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    _cache().mkdir(parents=True, exist_ok=True)
    with (_cache() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(suite: Suite) -> None:
    final = _cache() / suite.name
    for left in (*_cache().glob(f".{suite.name}.*"), final):
        _remove(left)
    part = Path(tempfile.mkdtemp(prefix=f".{suite.name}.", dir=_cache()))
    try:
        _unpack(suite, part)
        for place in PLACES:
            (part / place).mkdir(parents=True, exist_ok=True)
        for archive in (part / "var/cache/apt/archives").glob("*.deb"):
            archive.unlink()
        part.chmod(0o755)
        (part / _MARK).write_text(suite.recipe)
        part.rename(final)
    finally:
        _remove(part)


def _unpack(suite: Suite, folder: Path) -> None:
    log = _cache() / f"{suite.name}.log"
    command = [
        "debootstrap",
        "--variant=minbase",
        f"--include={','.join(suite.packages)}",
        suite.release or suite.name,
        str(folder),
        _mirror(),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", *command],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=_environment(), start_new_session=True,
        )  # fmt: skip
        try:
            status = process.wait(_SECONDS)
        except BaseException as ended:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(ended, subprocess.TimeoutExpired):
                raise BuildError(f"debootstrap took more than {_SECONDS} s; see {log}") from None
            raise
    missing = [program for program in suite.programs if not os.path.lexists(folder / "usr/bin" / program)]
    if status or missing:
        last = log.read_text(errors="replace").strip().rpartition("\n")[2]
        raise BuildError(f"debootstrap ended with {status} ({last}); see {log}")


def _remove(folder: Path) -> None:
    """Remove a suite, unless something is mounted in it: that would be removed with it."""
    if not os.path.lexists(folder):
        return
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    if any(Path(place).is_relative_to(folder) for place in mounted):
        raise BuildError(f"something is mounted in {folder}")
    shutil.rmtree(folder)


def _mirror() -> str:
    """The Debian archive that this machine's apt uses; Debian's own where it uses none."""
    for line in _ask("apt-get", "indextargets", "--format", "$(ORIGIN) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"):
        origin, component, uri = line.split(maxsplit=2)
        if (origin, component) == ("Debian", "main") and uri.rstrip("/").endswith("/debian"):
            return uri
    return _AT_HOME


def _environment() -> dict[str, str]:
    """With the proxy that this machine's apt uses, which debootstrap does not ask."""
    proxies = {f"{kind}_proxy": _ask("apt-config", "shell", "found", f"Acquire::{kind}::Proxy") for kind in ("http", "https")}
    found = {name: lines[0].partition("=")[2].strip("'\"") for name, lines in proxies.items() if lines}
    return {**os.environ, **found, "DEBIAN_FRONTEND": "noninteractive"}


def _ask(*command: str) -> list[str]:
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return [line for line in output.splitlines() if line.strip()]
    return []
