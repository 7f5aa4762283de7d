"""
A suite that is booted: systemd is its first process, with a bus, a journal, polkit and control groups of its own.

It runs in memory over the suite, which stays as it is, without a network, and goes when the block does, or with the tests themselves where these are killed.
What this machine runs in it sees its processes, files and bus as if it were at home there.
"""

import contextlib
import os
import select
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.suites import debian

CHECKOUT: Final = Path(__file__).parents[2]
PYTHON: Final = "/srv/python"
PROGRAM: Final = "/srv/checkout"
INTERPRETER: Final = f"{PYTHON}/bin/python{sys.version_info.major}.{sys.version_info.minor}"
"""This machine's own Python, which runs there if that Debian is no older: nothing has to be built or fetched."""
_BUS: Final = "run/dbus/system_bus_socket"
_BOOT_WITHIN: Final = 60.0
_DOWN_WITHIN: Final = 120.0
_WITH_US: Final = ("setpriv", "--pdeathsig", "KILL")
_NAMESPACE: Final = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
_ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"}


class Booted:
    """One that runs; `pid` is its first process as this machine numbers it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.root = Path(f"/proc/{pid}/root")
        self.bus = str(self.root / _BUS)

    def command(self, *command: str, user: str = "", env: dict[str, str] | None = None) -> list[str]:
        """The argument list that runs it inside, as root or as that user with all groups of it."""
        named = [f"{name}={value}" for name, value in {**_ENVIRONMENT, **(env or {})}.items()]
        as_user = ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups") if user else ()
        return ["nsenter", "-t", str(self.pid), "-a", "env", "-i", *named, *as_user, *command]

    def run(self, *command: str, check: bool = True, **more: Any) -> str:
        """Run it inside to its end; what it says on its standard output."""
        done = subprocess.run(self.command(*command, **more), check=False, capture_output=True, text=True, timeout=60)
        assert not check or done.returncode == 0, f"{command}: {done.returncode} {done.stdout}{done.stderr}"
        return done.stdout

    def python(self, *arguments: str, user: str = "", env: dict[str, str] | None = None) -> list[str]:
        """The argument list that runs this very Python with this checkout inside."""
        return self.command(INTERPRETER, *arguments, user=user, env={**self.environment(), **(env or {})})

    @staticmethod
    def script() -> str:
        """Where `sidekiq-watchdog` of this checkout lies there, for `python`."""
        return f"{PROGRAM}/{Path(sysconfig.get_path('scripts')).relative_to(CHECKOUT)}/sidekiq-watchdog"

    def why_no_python(self) -> str:
        """Why this machine's Python does not run inside; empty where it does. A machine that is newer than the suite can't lend its own."""
        if not Path(sysconfig.get_path("purelib")).is_relative_to(CHECKOUT):
            return "the packages lie outside the checkout"
        done = subprocess.run(self.python("-c", "import ssl, sqlite3, watchdog"), check=False, capture_output=True, text=True)
        return done.stderr.strip().rpartition("\n")[2] if done.returncode else ""

    @staticmethod
    def environment() -> dict[str, str]:
        """What `INTERPRETER` needs to find itself, this checkout and its packages."""
        packages = Path(sysconfig.get_path("purelib")).relative_to(CHECKOUT)
        return {
            "PYTHONHOME": PYTHON,
            "LD_LIBRARY_PATH": f"{PYTHON}/lib",
            "PYTHONPATH": f"{PROGRAM}:{PROGRAM}/{packages}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def shut_down(self) -> None:
        """As for a reboot: everything is stopped in good order. It is gone then; what it wrote can be booted again if it has a disk."""
        watched = os.pidfd_open(self.pid)
        try:
            self.run("systemctl", "--no-block", "reboot")
            assert select.select([watched], [], [], _DOWN_WITHIN)[0], f"it was not down after {_DOWN_WITHIN} s"
        finally:
            os.close(watched)

    def write(self, path: str, text: str) -> None:
        """Put a file there."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def unit(self, name: str, text: str) -> None:
        """Put a unit there, in place of an older one, and have systemd read it."""
        self.write(f"/etc/systemd/system/{name}", text)
        self.run("systemctl", "daemon-reload")


class Disk:
    """What a machine writes, for as long as `disk` lasts: it can be booted over it more than once. Lies in memory, in a mount namespace that ends with the tests."""

    def __init__(self, pid: int, root: str) -> None:
        self.root = root
        self.within = ("nsenter", "-t", str(pid), "--mount")


@contextlib.contextmanager
def disk(name: str = "trixie-systemd") -> Iterator[Disk]:
    """An empty one over that suite."""
    mounts = 'mount -t tmpfs disk "$2" && cd "$2" && mkdir upper work root && mount -t overlay -o "lowerdir=$1,upperdir=upper,workdir=work" disk root'
    with tempfile.TemporaryDirectory() as place:
        holder = subprocess.Popen(
            # Ends with its input, at the latest when the tests do.
            ["unshare", "--mount", "--propagation", "private", "sh", "-ec", f"{mounts}; echo; exec cat", "sh", debian.root(name), place],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        assert holder.stdin is not None
        assert holder.stdout is not None  # both made so above
        try:
            assert holder.stdout.readline() == b"\n", "nothing can be mounted here"
            yield Disk(holder.pid, f"{place}/root")
        finally:
            holder.stdin.close()
            holder.wait()
            holder.stdout.close()


@contextlib.contextmanager
def boot(name: str = "trixie-systemd", *, over: Disk | None = None) -> Iterator[Booted]:
    """Boot it, wait until systemd has started everything, and throw it away at the end; what it wrote stays only on a disk."""
    binds = (f"--bind-ro={sys.base_prefix}:{PYTHON}", f"--bind-ro={CHECKOUT}:{PROGRAM}")
    quiet = ("--quiet", "--register=no", "--keep-unit", "--private-network", "--console=pipe")
    lies = ("--volatile=overlay", f"--directory={debian.root(name)}") if over is None else (f"--directory={over.root}",)
    # A machine allows it to whom may trace; containers seldom do.
    calls = ("--system-call-filter=pidfd_getfd",)
    process = subprocess.Popen(
        # nspawn is the first process of a namespace, whose end the kernel makes that of all in it: nothing outlives tests that are killed.
        [*_WITH_US, *(over.within if over else ()), *_NAMESPACE, "systemd-nspawn", *quiet, *calls, *binds, *lies, "--boot"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield _when_up(process)
    finally:
        for pid in _first_processes(process.pid):
            os.kill(pid, 9)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()


def _first_processes(holder: int) -> list[int]:
    """What nspawn has begun, which is itself a child of the holder of its namespace."""
    return [pid for nspawn in _children(holder) for pid in _children(nspawn)]


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _when_up(process: "subprocess.Popen[bytes]") -> Booted:
    deadline = time.monotonic() + _BOOT_WITHIN
    while time.monotonic() < deadline:
        assert process.poll() is None, f"systemd-nspawn ended with {process.returncode}"
        for pid in _first_processes(process.pid):
            booted = Booted(pid)
            if Path(booted.bus).exists() and booted.run("systemctl", "is-system-running", check=False).strip() in ("running", "degraded"):
                return booted
        time.sleep(0.1)
    raise AssertionError(f"it was not up after {_BOOT_WITHIN} s")
