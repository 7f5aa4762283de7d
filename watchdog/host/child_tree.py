"""
One child of a process with everything that it has started, as the kernel shows it at one moment.

The counterpart of `children.py`, which only tells how much each child has run: here it is asked what stands against ending it. It must never read a
file for which the kernel locks a process' memory, as a command line is: what hangs there would take the agent with it.
"""

import os
from collections.abc import Collection
from typing import Final

import msgspec

from watchdog.host import cgroup
from watchdog.host.boot import Here
from watchdog.host.children import DEAD, MOST, MOST_THREADS, pids_in
from watchdog.host.files import number, open_directory, read, read_whole, stat, table
from watchdog.host.threads import numbers_in

_STOPPED: Final = frozenset("Tt")
_WAITS: Final = "D"
_RUNS: Final = "R"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """
    One process of the tree.

    `born` is its start in ticks since boot, `state` the letter of stat, `waits` that one of its threads waits uninterruptibly, `runs` that one runs or would if it got a processor; `terminal` that it has a controlling terminal; `tracer` the pid of
    a debugger or 0; `frozen` that its control group is; `ran` the run time of each of its threads (ns), by their numbers.
    """

    pid: int
    born: int
    name: str
    parent: int
    state: str
    ran: tuple[tuple[int, int], ...]
    waits: bool = False
    runs: bool = False
    terminal: bool = False
    tracer: int = 0
    frozen: bool = False

    @property
    def is_dead(self) -> bool:
        """It has ended, and its parent has not asked for it yet."""
        return self.state in DEAD


def read_tree(pid: int, here: Here) -> tuple[Member, ...]:
    """
    The process with this pid and its descendants, each behind the one that started it; those that end meanwhile are left out.

    Empty where it is gone. Raises `OSError`, `ValueError` or `LookupError` where something of it can't be read, or where it is larger than a look at children goes.
    """
    found: list[Member] = []
    wanted = [(pid, 0)]
    threads = 0
    while wanted:
        one, parent = wanted.pop(0)
        try:
            member, below = _read(one, here)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent and member.parent != parent:
            continue  # it has ended, and its pid has been given away
        found.append(member)
        threads += len(member.ran)
        if len(found) > MOST or threads > MOST_THREADS:
            raise ValueError
        wanted += [(child, one) for child in below]
    return tuple(found)


def ran(tree: Collection[Member]) -> tuple[tuple[int, int], ...]:
    """The run time of every thread in it, as `children.Child` has it."""
    return tuple(sorted(thread for member in tree for thread in member.ran))


def hindrance(tree: tuple[Member, ...], *, never: Collection[int], sidekiqs: Collection[int]) -> str:
    """
    Why this tree must not be ended, as a sentence, or ''. Pure.

    `never` are pids that nobody may end: init and the agent; `sidekiqs` those that a Sidekiq process has by its own words in Redis.
    """
    for member in tree:
        if reason := _against(member, never=never, sidekiqs=sidekiqs):
            return reason
    return ""


def _against(member: Member, *, never: Collection[int], sidekiqs: Collection[int]) -> str:
    called = _called(member)
    if member.pid in never:
        return f"{called} is never signalled: it is init or the agent itself"
    if member.pid in sidekiqs:
        return f"{called} is a Sidekiq process itself"
    if member.frozen:
        return f"somebody is holding {called}: its control group is frozen"
    if member.tracer:
        return f"somebody is holding {called}: the debugger with pid {member.tracer}"
    if member.state in _STOPPED:
        return f"somebody is holding {called}: it is stopped"
    if member.terminal:
        return f"{called} has a terminal: somebody may sit at it"
    if member.waits:
        return f"{called} waits for a disk or a driver, where no signal reaches it"
    return ""


def _called(member: Member) -> str:
    return f"{member.name} with pid {member.pid}"


def _read(pid: int, here: Here) -> tuple[Member, list[int]]:
    """One process, and the pids of its children."""
    directory = open_directory(f"{here.proc}/{pid}")
    try:
        name, numbers = stat(read_whole("stat", directory))
        status = table(read_whole("status", directory))
        task = open_directory("task", directory)
        try:
            threads = numbers_in(task)
        finally:
            os.close(task)
        ran: list[tuple[int, int]] = []
        states: list[str] = []
        below: list[int] = []
        for thread in threads:
            ran.append((thread, number(read_whole(f"task/{thread}/schedstat", directory).split()[0])))
            states.append(stat(read_whole(f"task/{thread}/stat", directory))[1][0].decode("ascii"))
            below += pids_in(f"task/{thread}/children", directory)
        return Member(
            pid=pid,
            born=number(numbers[19]),
            name=name,
            parent=number(numbers[1]),
            state=numbers[0].decode("ascii"),
            ran=tuple(ran),
            waits=_WAITS in states,
            runs=_RUNS in states,
            terminal=number(numbers[4]) != 0,
            tracer=number(status[b"TracerPid"]),
            frozen=cgroup.frozen(read("cgroup", directory).decode(errors="replace"), here.cgroups),
        ), sorted(below)
    finally:
        os.close(directory)
