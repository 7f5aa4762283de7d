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

MOST: Final = 64
"""A process with more descendants is not looked at by child: the look must not take long."""
_MOST_THREADS: Final = 512


class Child(msgspec.Struct, frozen=True):
    """
    A direct child. `born` is its start in ticks since boot.

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
    budget = [MOST, _MOST_THREADS]
    pids = sorted(child for thread in threads for child in _pids(f"task/{thread.id}/children", directory))
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
        for grandchild in _pids(f"task/{thread}/children", directory):
            try:
                below = open_directory(f"{proc}/{grandchild}")
            except (FileNotFoundError, ProcessLookupError):
                continue
            try:
                ran += _ran(below, proc, budget)
            finally:
                os.close(below)
    return ran


def _pids(name: str, directory: int) -> list[int]:
    return [number(one) for one in read(name, directory).split()]
