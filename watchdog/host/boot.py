"""
The host as a frame of reference: its name, its boot, and how its process start times map to engine time.

The counterpart of `clock.py`, for times that the kernel wrote down. It must never be used to compare
times of two boots: start ticks count from a boot, and mean nothing in another one.
"""

import os
import socket
import time
from pathlib import Path
from typing import Final

import msgspec

from watchdog.errors import WatchdogError

PROC: Final = Path("/proc")
CGROUPS: Final = Path("/sys/fs/cgroup")


class HostUnreadableError(WatchdogError):
    """The kernel does not show what is needed to tell one process from another; without it nothing can be watched."""


class Here(msgspec.Struct, frozen=True):
    """
    One host, as far as it takes to recognise a process of it.

    `name` as Sidekiq sees it; `boot_id` changes with each boot; `ticks_per_second` is the unit of start times (USER_HZ).
    `proc` and `cgroups` are where the kernel shows its processes and control groups.
    """

    name: str
    boot_id: str
    ticks_per_second: int = 100
    proc: Path = PROC
    cgroups: Path = CGROUPS


def here(*, name: str, proc: Path = PROC, cgroups: Path = CGROUPS) -> Here:
    """The host that we run on, under the given name; raises `HostUnreadableError` where /proc does not tell the boot."""
    return Here(name, boot_id(proc), os.sysconf("SC_CLK_TCK"), proc, cgroups)


def host_name() -> str:
    """
    The name under which Sidekiq processes of this host appear in Redis.

    Sidekiq takes gethostname(), or the variable DYNO of its own environment, which can't be known here.
    """
    return socket.gethostname()


def boot_id(proc: Path = PROC) -> str:
    """The id of this boot (random(4)); raises `HostUnreadableError` where it can't be read."""
    path = proc / "sys/kernel/random/boot_id"
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise HostUnreadableError(f"{path} can't be read: {error}") from error
    if not text:
        raise HostUnreadableError(f"{path} is empty")
    return text


def since_boot() -> int:
    """Milliseconds since the boot, those in suspend included: the clock in which the kernel notes the start of a process."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def started_at(start_ticks: int, *, ticks_per_second: int, at: int, since_boot: int) -> int:
    """
    The engine time (ms) at which a process started, from field 22 of its stat file (proc(5): ticks of CLOCK_BOOTTIME).

    `at` and `since_boot` are the same moment in both clocks. The age is carried over, not the time itself, because
    engine time stands still in suspend: after a suspend the result is early, never late. Exact to one tick.
    """
    return at - (since_boot - start_ticks * 1000 // ticks_per_second)
