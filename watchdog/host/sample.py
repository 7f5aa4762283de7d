"""
What one process uses, read at one moment.

The counterpart of `proc.py`, which reads who it is. All of it comes through one handle of the process' directory, and is thrown away if that is
not the process that was meant. It must never read a file for which the kernel locks the process' memory (cmdline, maps, smaps): a
process that hangs in there would take the agent with it.

Why not psutil: asked for the same it takes twice as long for three processes and five times as long for a hundred (`make bench ARGS=host`), because it
walks all of /proc for children; and it knows no names of threads, no switches of a single one, and no control groups.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from watchdog.host import cgroup
from watchdog.host.boot import Here
from watchdog.host.children import Child, read_children
from watchdog.host.files import kibibytes, number, open_directory, read, read_whole, stat, table
from watchdog.host.group_memory import GroupMemory, read_group
from watchdog.host.threads import Thread, heart, read_threads

T = TypeVar("T")

_CANT: Final = (OSError, ValueError, LookupError)


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """
    One process. Times in clock ticks, sizes in bytes; None is what could not be read.

    `at` is the engine time of the reading; `heart` how often each heartbeat thread has given up the processor; `frozen` that of its control group.
    """

    at: int
    state: str
    ticks: int
    native_threads: int
    memory: int | None
    swap: int | None
    tracer: int | None
    threads: tuple[Thread, ...] | None
    heart: tuple[tuple[int, int], ...] | None
    children: tuple[Child, ...] | None
    frozen: bool
    group: GroupMemory


def read_sample(
    pid: int, start_ticks: int, here: Here, *, at: int, group_of: Callable[[str, Path], GroupMemory] = read_group
) -> Sample | None:
    """
    The process with this pid and start, or None where it can't be read: it is gone, or its pid has been given to another.

    What can't be read of a process that is there is None alone. Never raises for anything that is in /proc. `group_of` lets a caller
    read a group once for all processes in it.
    """
    try:
        directory = open_directory(f"{here.proc}/{pid}")
    except OSError:
        return None
    try:
        _, numbers = stat(read_whole("stat", directory))
        if number(numbers[19]) != start_ticks:
            return None
        status = table(read_whole("status", directory))
        listing = read("cgroup", directory).decode(errors="replace")
        threads = _or_none(lambda: read_threads(directory, pid))
        return Sample(
            at=at,
            state=numbers[0].decode("ascii"),
            ticks=number(numbers[11]) + number(numbers[12]),
            native_threads=number(numbers[17]),
            memory=_or_none(lambda: kibibytes(status[b"VmRSS"])),
            swap=_or_none(lambda: kibibytes(status[b"VmSwap"])),
            tracer=_or_none(lambda: number(status[b"TracerPid"])),
            threads=threads,
            heart=None if threads is None else _or_none(lambda: heart(directory, threads)),
            children=None if threads is None else _or_none(lambda: read_children(directory, threads, str(here.proc), pid=pid)),
            frozen=cgroup.frozen(listing, here.cgroups),
            group=group_of(listing, here.cgroups),
        )
    except _CANT:
        return None
    finally:
        os.close(directory)


def _or_none(reading: Callable[[], T]) -> T | None:
    try:
        return reading()
    except _CANT:
        return None
