"""
One process as the kernel shows it, read at one moment.

Everything is read through one handle of its directory, which stays with that process even if its pid
is given to another one meanwhile. What can't be read whole is None: half a picture is worse than none.
Never reads environment, memory or open files.
"""

import os
import signal
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from watchdog.host import cgroup
from watchdog.host.boot import CGROUPS, PROC
from watchdog.host.files import number, open_directory, read, read_whole, stat, table

_KERNEL_THREAD: Final = 0x0020_0000  # PF_KTHREAD of include/linux/sched.h, in the flags of stat


class ProcessFacts(msgspec.Struct, frozen=True, kw_only=True):
    """
    What /proc/PID says (proc(5)).

    `start_ticks` is in clock ticks since boot; `state` the letter of stat; `tracer` the pid of a debugger or 0;
    `catches` the names of the signals it handles, without SIG; `cmdline` its arguments, or the title that it has
    written over them, as one line; `uid` its effective owner; `unit` its systemd service or ''.
    """

    pid: int
    start_ticks: int
    state: str
    comm: str
    cmdline: str = ""
    tracer: int = 0
    catches: tuple[str, ...] = ()
    uid: int = 0
    unit: str = ""
    frozen: bool = False
    kernel_thread: bool = False


def read_process(pid: int, root: Path = PROC, *, cgroups: Path = CGROUPS) -> ProcessFacts | None:
    """
    The process with this pid, or None: there is none, it went away meanwhile, the number is that of a thread,
    the kernel does not show it to us (hidepid), or a file was not what proc(5) describes. Never raises for these.
    """
    try:
        directory = open_directory(str(root / str(pid)))
    except OSError:
        return None
    try:
        return _facts(pid, directory, cgroups)
    except (OSError, ValueError, LookupError):
        return None
    finally:
        os.close(directory)


def _facts(pid: int, directory: int, cgroups: Path) -> ProcessFacts | None:
    comm, numbers = stat(read_whole("stat", directory))
    status = table(read_whole("status", directory))
    if number(status[b"Tgid"]) != pid:
        return None
    groups = read("cgroup", directory).decode(errors="replace")
    return ProcessFacts(
        pid=pid,
        state=numbers[0].decode("ascii"),
        start_ticks=number(numbers[19]),
        kernel_thread=bool(number(numbers[6]) & _KERNEL_THREAD),
        comm=comm,
        cmdline=read("cmdline", directory).rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace"),
        tracer=number(status[b"TracerPid"]),
        catches=_names(status[b"SigCgt"].strip()),
        uid=number(status[b"Uid"].split()[1]),
        unit=cgroup.unit(groups),
        frozen=cgroup.frozen(groups, cgroups),
    )


@lru_cache(maxsize=64)
def _names(mask: bytes) -> tuple[str, ...]:
    """The signals in a mask of /proc/PID/status (hexadecimal, lowest bit is signal 1), in the order of their numbers."""
    bits = int(mask, 16)
    return tuple(one.name.removeprefix("SIG") for one in sorted(signal.Signals) if bits >> (one - 1) & 1)
