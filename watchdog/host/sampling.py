"""
Looks at the processes that were found here, and at the host, for as long as the agent lives.

The counterpart of `watch.py`, which finds them. A look costs the more the more threads there are, so the pause between looks grows with what they
cost: however many processes, no more than half a percent of a core goes into it. It judges nothing, and a process
that can't be read takes nothing from the others.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from watchdog.clock import Clock
from watchdog.host.boot import CGROUPS, PROC, Here, here, since_boot, started_at
from watchdog.host.group_memory import GroupMemory, read_group
from watchdog.host.machine import Ticks, read_machine, read_ticks
from watchdog.host.news import news
from watchdog.host.sample import read_sample
from watchdog.host.usage import Seen, readings, see
from watchdog.host.watch import LocalProcesses
from watchdog.model.events import Body, Delta, Observed
from watchdog.model.kinds import Kind, Source

EVERY: Final = 5_000
"""Milliseconds between two looks at the same process, where there are few."""
PART: Final = 0.004
"""Of a core, for looking; the rest of the half percent is for taking in what was seen."""


class Cost(msgspec.Struct, frozen=True):
    """Since the start: `looks` at all of them, and how many milliseconds of a core they took; `every` is the pause now, in milliseconds."""

    looks: int = 0
    processes: int = 0
    spent: float = 0.0
    last: float = 0.0
    every: int = EVERY


class _Told(msgspec.Struct):
    """What is known of one process, and what has been told of it."""

    seen: Seen | None = None
    told: dict[str, Any] = {}


class Sampler:
    """
    Emits `Observed` of the source HOST: deltas of processes and of the host, of what has changed enough.

    `folder` is the one whose disk matters; `spent` gives the seconds of a core that this thread has used.
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
        spent: Callable[[], float] = time.thread_time,
    ) -> None:
        self._processes = processes
        self._here: Here = here(name=host, proc=proc, cgroups=cgroups)
        self._folder = folder
        self._clock = clock
        self._emit = emit
        self._spent = spent
        self._known: dict[str, _Told] = {}
        self._machine: dict[str, Any] = {}
        self._ticks: Ticks | None = None
        self.cost = Cost()

    async def run(self) -> None:
        """Look for ever."""
        while True:
            began = self._clock.at()
            await self.look()
            await asyncio.sleep(max(EVERY // 5, self.cost.every - (self._clock.at() - began)) / 1000)

    async def look(self) -> None:
        """Look once at everything, and tell what is new."""
        before = self._spent()
        deltas = [*self._look_at_host()]
        spent = self._spent() - before
        found = self._processes.starts
        self._known = {identity: known for identity, known in self._known.items() if identity in found}
        groups: dict[str, GroupMemory] = {}
        for identity, (pid, start_ticks) in found.items():
            # Other tasks have their turn between two processes: a look at many must not hold a decision up.
            await asyncio.sleep(0)
            before = self._spent()
            if new := self._look_at(self._known.setdefault(identity, _Told()), pid, start_ticks, groups):
                deltas.append(Delta(Kind.PROCESS, identity, new))
            spent += self._spent() - before
        alive = self._processes.found
        # Who has ended meanwhile has been told to be gone, and must not come back.
        if changes := tuple(delta for delta in deltas if delta.kind is Kind.HOST or delta.id in alive):
            self._emit(Observed(Source.HOST, changes))
        self._pay(spent * 1000, len(found))

    def _look_at_host(self) -> list[Delta]:
        ticks = read_ticks(self._here.proc)
        now = read_machine(self._here, self._folder, at=self._clock.at(), ticks=ticks, last=self._ticks)
        self._ticks = ticks
        new = news(self._machine, now)
        self._machine |= new
        return [Delta(Kind.HOST, self._here.name, new)] if new else []

    def _look_at(self, known: _Told, pid: int, start_ticks: int, groups: dict[str, GroupMemory]) -> dict[str, Any]:
        at = self._clock.at()

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
            now["started_at"] = started_at(start_ticks, ticks_per_second=ticks, at=at, since_boot=boot)
        new = news(known.told, now)
        known.told |= new
        return new

    def _pay(self, spent: float, processes: int) -> None:
        cost = self.cost
        # The dearer of two looks: one that was cheap by chance must not bring the next too early.
        every = max(EVERY, round(max(spent, cost.last) / PART))
        self.cost = Cost(cost.looks + 1, processes, cost.spent + spent, spent, every)
