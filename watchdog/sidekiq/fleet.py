"""
All processes taken together: who listens to which queue with how many threads, and which versions beat side by side.

The counterpart of `picture`, which knows each process by itself. Only processes that Redis has heard from within a minute are part of it.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from watchdog.sidekiq.decode import Info

_NUMBERS: Final = re.compile(r"\d{1,9}")


class Member(msgspec.Struct, frozen=True):
    """One process that is heard; `info` is None where it can't be read, and `threads` and `busy` where they are not told. `runs` counts jobs by queue."""

    info: Info | None
    threads: int | None
    busy: int | None
    quiet: bool
    runs: dict[str, int]


class Listening(msgspec.Struct):
    """What is there for one queue: threads and processes that fetch from it, and jobs from it that run."""

    threads: int = 0
    processes: int = 0
    busy: int = 0


class Fleet(msgspec.Struct, frozen=True):
    """
    The processes that are heard, in numbers.

    `fetching` counts those that are not quiet, `stale` the members of `processes` whose hash is gone. `versions` are all that beat; `newest` is the last
    of them, as numbers. `queues` holds every queue that somebody fetches from or runs a job of.
    """

    heard: int = 0
    fetching: int = 0
    threads: int = 0
    busy: int = 0
    stale: int = 0
    versions: frozenset[str] = frozenset()
    newest: tuple[int, ...] = ()
    queues: dict[str, Listening] = {}

    def listening(self, queue: str) -> Listening:
        """What is there for that queue."""
        return self.queues.get(queue) or Listening()

    def serves(self, queue: str) -> bool:
        """Somebody fetches from that queue."""
        return self.listening(queue).processes > 0


def release(version: str) -> tuple[int, ...]:
    """A version as numbers that can be compared; empty, and less than any other, for one that is not told."""
    return tuple(map(int, _NUMBERS.findall(version)[:4]))


def gather(members: Iterable[Member], *, stale: int) -> Fleet:
    """All of them together."""
    heard = fetching = threads = busy = 0
    queues: dict[str, Listening] = {}
    versions: set[str] = set()
    for member in members:
        heard += 1
        threads += member.threads or 0
        busy += member.busy or 0
        for queue, running in member.runs.items():
            queues.setdefault(queue, Listening()).busy += running
        if member.info is not None:
            versions.add(member.info.version)
        if not member.quiet:
            fetching += 1
            for queue, able in served(member.info, member.threads).items():
                there = queues.setdefault(queue, Listening())
                there.threads += able
                there.processes += 1
    return Fleet(
        heard=heard,
        fetching=fetching,
        threads=threads,
        busy=busy,
        stale=stale,
        versions=frozenset(versions),
        newest=max(map(release, versions), default=()),
        queues=queues,
    )


def served(info: Info | None, threads: int | None) -> dict[str, int]:
    """
    Queue → how many threads of a process can take jobs from it.

    The threads of a capsule serve its queues alone. Weights and order say which queue is asked first, not how many threads ask. Where capsules are not
    told (before 8.0.9), all threads of the process count for each of its queues.
    """
    if info is None:
        return {}
    if not info.capsules:
        return dict.fromkeys(info.queues, threads or 0)
    able: dict[str, int] = {}
    for capsule in info.capsules:
        for queue in capsule.queues:
            able[queue] = able.get(queue, 0) + capsule.threads
    return able
