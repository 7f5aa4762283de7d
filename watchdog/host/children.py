"""
The children of one process, and whether they do anything at all.

What a child does is told by the run time of all threads of its tree, to the nanosecond: whoever computes, reads, writes or even
polls has to run for it. So one whose tree has not run for minutes hangs, while a slow but honest one is never taken for that.
"""

import os
from collections.abc import Iterable
from typing import Final

import msgspec

from watchdog.host.files import number, open_directory, read, read_whole, stat
from watchdog.host.threads import Thread, numbers_in

DEAD: Final = frozenset("ZX")
"""States of /proc/PID/stat: it has ended, and its parent has not asked for it yet. Nobody waits for more from it."""
MOST: Final = 64
"""A process with more descendants is not looked at by child: the look must not take long."""
MOST_THREADS: Final = 512
"""The same for the threads of them all."""


class Child(msgspec.Struct, frozen=True):
    """
    A direct child that has not ended. `born` is its start in ticks since boot.

    `ran` is the run time of each thread in its tree, by their numbers: it differs if any of them has run, come or gone.
    """

    pid: int
    born: int
    name: str
    ran: tuple[tuple[int, int], ...]


def read_children(directory: int, threads: Iterable[Thread], proc: str, *, pid: int) -> tuple[Child, ...]:
    """
    The children of the process `pid`, whose directory is open, in the order of their pids; those that end meanwhile are left out.

    Raises `OSError`, `ValueError` or `LookupError` where they can't be read (a kernel without CONFIG_PROC_CHILDREN), or are too many.
    """
    budget = [MOST, MOST_THREADS]
    pids = sorted(child for thread in threads for child in pids_in(f"task/{thread.id}/children", directory))
    found = (_read(child, proc, budget, parent=pid) for child in pids)
    return tuple(child for child in found if child is not None)


def _read(pid: int, proc: str, budget: list[int], *, parent: int) -> Child | None:
    try:
        directory = open_directory(f"{proc}/{pid}")
    except (FileNotFoundError, ProcessLookupError):
        return None
    try:
        name, numbers = stat(read_whole("stat", directory))
        if number(numbers[1]) != parent:
            return None  # the child has ended, and its pid has been given away
        if numbers[0].decode("ascii") in DEAD:
            return None
        return Child(pid, number(numbers[19]), name, tuple(sorted(_ran(directory, proc, budget))))
    except (FileNotFoundError, ProcessLookupError):
        return None
    finally:
        os.close(directory)


def _ran(directory: int, proc: str, budget: list[int]) -> list[tuple[int, int]]:
    """The run time of each thread of a process and of its descendants."""
    task = open_directory("task", directory)
    try:
        threads = numbers_in(task)
    finally:
        os.close(task)
    budget[0] -= 1
    budget[1] -= len(threads)
    if min(budget) < 0:
        raise ValueError
    ran: list[tuple[int, int]] = []
    for thread in threads:
        ran.append((thread, number(read_whole(f"task/{thread}/schedstat", directory).split()[0])))
        for grandchild in pids_in(f"task/{thread}/children", directory):
            try:
                below = open_directory(f"{proc}/{grandchild}")
            except (FileNotFoundError, ProcessLookupError):
                continue
            try:
                ran += _ran(below, proc, budget)
            finally:
                os.close(below)
    return ran


def pids_in(name: str, directory: int) -> list[int]:
    """The pids in a file `children` of a thread; none where that thread has ended."""
    return [number(one) for one in read(name, directory).split()]
