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

_GREATEST: Final = 2**63 - 1
_ENOUGH: Final = 65_536  # bytes of one file; a longer command line is no title, and no other file here is longer
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
        directory = os.open(root / str(pid), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _facts(pid, directory, cgroups)
    except (OSError, ValueError, LookupError):
        return None
    finally:
        os.close(directory)


def _facts(pid: int, directory: int, cgroups: Path) -> ProcessFacts | None:
    stat = _read_whole("stat", directory)
    # A process names itself and may put brackets into the name; what the kernel writes begins after the last one.
    name, _, rest = stat.rpartition(b")")
    numbers = rest.split()
    status = dict(line.split(b":\t", 1) for line in _read_whole("status", directory).split(b"\n") if b":\t" in line)
    if _number(status[b"Tgid"]) != pid:
        return None
    groups = _read("cgroup", directory).decode(errors="replace")
    return ProcessFacts(
        pid=pid,
        state=numbers[0].decode("ascii"),
        start_ticks=_number(numbers[19]),
        kernel_thread=bool(_number(numbers[6]) & _KERNEL_THREAD),
        comm=name.partition(b"(")[2].decode(errors="replace"),
        cmdline=_read("cmdline", directory).rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace"),
        tracer=_number(status[b"TracerPid"]),
        catches=_names(status[b"SigCgt"].strip()),
        uid=_number(status[b"Uid"].split()[1]),
        unit=cgroup.unit(groups),
        frozen=cgroup.frozen(groups, cgroups),
    )


def _read(name: str, directory: int) -> bytes:
    descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        parts = []
        wanted = _ENOUGH
        while wanted > 0 and (part := os.read(descriptor, wanted)):
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _read_whole(name: str, directory: int) -> bytes:
    """A file that ends with a line break; raises ValueError if it does not, for then its last number may lack digits."""
    text = _read(name, directory)
    if not text.endswith(b"\n"):
        raise ValueError
    return text


def _number(text: bytes) -> int:
    """A count of the kernel; raises ValueError for what the kernel can't have written."""
    digits = text.strip()
    if not digits.isdigit() or len(digits) > len(str(_GREATEST)) or int(digits) > _GREATEST:
        raise ValueError
    return int(digits)


@lru_cache(maxsize=64)
def _names(mask: bytes) -> tuple[str, ...]:
    """The signals in a mask of /proc/PID/status (hexadecimal, lowest bit is signal 1), in the order of their numbers."""
    bits = int(mask, 16)
    return tuple(one.name.removeprefix("SIG") for one in sorted(signal.Signals) if bits >> (one - 1) & 1)
