"""
Looks at the processes that were found here, and at the host, for as long as the agent lives.

The counterpart of `watch.py`, which finds them. A look costs the more the more threads there are, so the pause between looks grows with what they
cost: however many processes, no more than half a percent of a core goes into it. It judges nothing, and a process
that can't be read takes nothing from the others.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from watchdog.clock import Clock
from watchdog.host.application import Application
from watchdog.host.boot import CGROUPS, PROC, Here, here, since_boot, started_at
from watchdog.host.children import Child
from watchdog.host.group_memory import GroupMemory, read_group
from watchdog.host.machine import Ticks, read_machine, read_ticks
from watchdog.host.news import news
from watchdog.host.sample import read_sample
from watchdog.host.usage import Seen, readings, see, stood
from watchdog.host.watch import LocalProcesses
from watchdog.model.events import Body, Delta, Observed, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source

EVERY: Final = 5_000
"""Milliseconds between two looks at the same process, where there are few."""
PART: Final = 0.004
"""Of a core, for looking; the rest of the half percent is for taking in what was seen."""
DEPLOYS_EVERY: Final = 10_000
"""Milliseconds between two looks for deployments: files and commands, not processes of Sidekiq."""
CLOSER: Final = 1_000
"""Milliseconds between two looks at a process that has missed beats, or is stopped."""
PART_OF_CLOSER: Final = 0.001
"""Of a core, for these looks besides."""
MOST_CLOSER: Final = 8
"""So many of them are looked at in one go, in turn; when Redis is away all are silent, and none of them need be sick."""
_UNREADABLE: Final = "unreadable"


class Cost(msgspec.Struct, frozen=True):
    """
    Since the start: `looks` at all of them, and how many milliseconds of a core were `spent`, with those at single ones.

    `last` is what the last look at all of them took, `every` the pause between two of them now, both in milliseconds.
    """

    looks: int = 0
    processes: int = 0
    spent: float = 0.0
    last: float = 0.0
    every: int = EVERY


class _Told(msgspec.Struct):
    """What is known of one process since the look at it `at`, and what has been told of it."""

    at: int = 0
    seen: Seen | None = None
    told: dict[str, Any] = {}


class Sampler:
    """
    Emits `Observed` of the source HOST: deltas of processes and of the host, of what has changed enough; `SourceLost` where the kernel
    shows nothing of what is surely there, `SourceBack` when it does again.

    `folder` is the one whose disk matters; `app_folder` and `app_user` are those of the application, where the operator has named them; `spent` gives the seconds of a core that this thread has used.
    """

    def __init__(
        self,
        processes: LocalProcesses,
        *,
        host: str,
        folder: Path,
        clock: Clock,
        emit: Callable[[Body], None],
        proc: Path = PROC,
        cgroups: Path = CGROUPS,
        app_folder: Path | None = None,
        app_user: str | None = None,
        spent: Callable[[], float] = time.thread_time,
    ) -> None:
        self._processes = processes
        self._here: Here = here(name=host, proc=proc, cgroups=cgroups)
        self.application = Application(self._here, folder=app_folder, user=app_user)
        self._deploys: tuple[dict[str, Any], dict[str, dict[str, Any]]] = ({}, {})
        self._deploys_due = 0
        self._folder = folder
        self._clock = clock
        self._emit = emit
        self._spent = spent
        self._known: dict[str, _Told] = {}
        self._machine: dict[str, Any] = {}
        self._ticks: Ticks | None = None
        self._lost = False
        self._closer_due = 0
        self.cost = Cost()

    async def run(self) -> None:
        """Look for ever."""
        while True:
            began = self._clock.at()
            await self.look()
            await self._look_closer(until=max(self._clock.at() + EVERY // 5, began + self.cost.every))

    async def look(self) -> None:
        """Look once at everything, and tell what is new."""
        before = self._spent()
        found = self._processes.starts
        if (at := self._clock.at()) >= self._deploys_due:
            self._deploys_due = at + DEPLOYS_EVERY
            self._deploys = self.application.look(found)
        deltas = [*self._look_at_host()]
        spent = self._spent() - before
        self._known = {identity: known for identity, known in self._known.items() if identity in found}
        read, spent_on_them = await self._look_at_all(found)
        self._tell([*deltas, *read])
        self._judge_itself()
        self._pay((spent + spent_on_them) * 1000, len(found))

    async def look_closer(self) -> float:
        """Look once at those that may be sick; the milliseconds of a core that it took."""
        found = self._processes.starts
        wanted = [*dict.fromkeys((*self._processes.silent(), *self._stopped()))]
        # Those that were looked at longest ago come first.
        wanted.sort(key=lambda identity: self._known[identity].at if identity in self._known else 0)
        deltas, spent = await self._look_at_all({identity: found[identity] for identity in wanted[:MOST_CLOSER] if identity in found})
        self._tell(deltas)
        self.cost = msgspec.structs.replace(self.cost, spent=self.cost.spent + spent * 1000)
        return spent * 1000

    async def _look_closer(self, *, until: int) -> None:
        """Wait until then, and look at those that may be sick meanwhile."""
        while (left := until - self._clock.at()) > 0:
            pause = max(CLOSER, self._closer_due - self._clock.at())
            await asyncio.sleep(min(left, pause) / 1000)
            if pause < left:
                self._closer_due = self._clock.at() + round(await self.look_closer() / PART_OF_CLOSER)

    def stood(self, identity: str, child: Child) -> int | None:
        """For how many milliseconds this child, as it was read just now, has stood still; None where nothing is known of its process."""
        known = self._known.get(identity)
        if known is None or known.seen is None:
            return None
        return stood(known.seen, child, at=self._clock.at(), step=self.cost.every)

    def _stopped(self) -> list[str]:
        return [identity for identity, known in self._known.items() if known.told.get("stopped")]

    async def _look_at_all(self, found: Mapping[str, tuple[int, int]]) -> tuple[list[Delta], float]:
        """What is new of these (identity → pid and start), and the seconds of a core that it took to see it."""
        deltas: list[Delta] = []
        spent = 0.0
        groups: dict[str, GroupMemory] = {}
        for identity, (pid, start_ticks) in found.items():
            # Other tasks have their turn between two processes: a look at many must not hold a decision up.
            await asyncio.sleep(0)
            before = self._spent()
            if new := self._look_at(
                self._known.setdefault(identity, _Told()), pid, start_ticks, groups, self._deploys[1].get(identity, {})
            ):
                deltas.append(Delta(Kind.PROCESS, identity, new))
            # After it: whoever hears of the group that was read just now may rely on it.
            self._processes.look_at_group(identity)
            spent += self._spent() - before
        return deltas, spent

    def _tell(self, deltas: list[Delta]) -> None:
        alive = self._processes.found
        # Who has ended meanwhile has been told to be gone, and must not come back.
        if changes := tuple(delta for delta in deltas if delta.kind is Kind.HOST or delta.id in alive):
            self._emit(Observed(Source.HOST, changes))

    def _judge_itself(self) -> None:
        """Whether this host can be read at all: if all that live are not shown, they are hidden from the agent. One of several says nothing."""
        living = [known for identity, known in self._known.items() if self._processes.lives(identity)]
        hidden = bool(living) and all(known.seen is None for known in living)
        if hidden and not self._lost:
            why = f"{self._here.proc} shows none of the processes that live here: is it mounted, and without hidepid?"
            self._emit(SourceLost(Source.HOST, _UNREADABLE, why))
        elif self._lost and not hidden:
            self._emit(SourceBack(Source.HOST))
        self._lost = hidden

    def _look_at_host(self) -> list[Delta]:
        ticks = read_ticks(self._here.proc)
        now = read_machine(self._here, self._folder, at=self._clock.at(), ticks=ticks, last=self._ticks) | self._deploys[0]
        self._ticks = ticks
        new = news(self._machine, now)
        self._machine |= new
        return [Delta(Kind.HOST, self._here.name, new)] if new else []

    def _look_at(self, known: _Told, pid: int, start_ticks: int, groups: dict[str, GroupMemory], deploys: dict[str, Any]) -> dict[str, Any]:
        at = known.at = self._clock.at()

        def group_of(listing: str, cgroups: Path) -> GroupMemory:
            return groups[listing] if listing in groups else groups.setdefault(listing, read_group(listing, cgroups))

        sample = read_sample(pid, start_ticks, self._here, at=at, group_of=group_of)
        if sample is None:
            # Between two looks anything may have happened to it: what comes next is compared with nothing.
            known.seen, now = None, dict.fromkeys(known.told)
        else:
            ticks, boot = self._here.ticks_per_second, since_boot()
            before, known.seen = known.seen, see(known.seen, sample, step=self.cost.every)
            now = readings(before, known.seen, ticks_per_second=ticks, since_boot=boot)
            now |= deploys
            now["started_at"] = started_at(start_ticks, ticks_per_second=ticks, at=at, since_boot=boot)
        new = news(known.told, now)
        known.told |= new
        return new

    def _pay(self, spent: float, processes: int) -> None:
        cost = self.cost
        # The dearer of two looks: one that was cheap by chance must not bring the next too early.
        every = max(EVERY, round(max(spent, cost.last) / PART))
        self.cost = Cost(cost.looks + 1, processes, cost.spent + spent, spent, every)
