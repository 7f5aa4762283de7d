"""
Reading what is not tied to one process: queues, totals, classes of jobs, schedules, locks, and the server itself.

Tracking would not help here: a busy queue changes with every job. Sampled each second while anything moves, each 5 s when
quiet; what is slow by nature is asked for less often, in the same round trip.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from watchdog.clock import Clock
from watchdog.engine.switches import Pause
from watchdog.model.events import Body, Delta, Gone
from watchdog.model.kinds import Kind
from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.changes import Said
from watchdog.sidekiq.decode import count
from watchdog.sidekiq.failures import ServerError, from_reply, unavailable
from watchdog.sidekiq.fleet import Fleet
from watchdog.sidekiq.homes import Homes
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.sampled.classes import Classes
from watchdog.sidekiq.sampled.fleet_pause import PauseOfFleet
from watchdog.sidekiq.sampled.locks import Locks
from watchdog.sidekiq.sampled.part import Found, Ground, Moment, Part
from watchdog.sidekiq.sampled.queues import Queues
from watchdog.sidekiq.sampled.schedules import Schedules
from watchdog.sidekiq.sampled.server import Server
from watchdog.sidekiq.sampled.totals import Totals
from watchdog.sidekiq.scanning import Ask
from watchdog.sidekiq.wire import Command, Reply

_GONE: Final[dict[Kind, str]] = {Kind.QUEUE: "cleared", Kind.JOB_CLASS: "seldom run", Kind.SCHEDULE: "removed"}
"""Kind → why an entity of it is no longer told."""
_WHOLE: Final = "sidekiq"


def nobody_hears(_body: Body) -> None:
    """Whoever only reads is not paused."""


class Sample(msgspec.Struct, frozen=True):
    """What a sample found changed, and whether anything moves: waiting times and the server's own readings don't count."""

    changes: tuple[Delta | Gone, ...]
    moves: bool


class Sampler:
    """
    Samples, and remembers over connections what it said last. `homes` wants to be told which jobs are seen running.

    `emit` hears of the pause of the whole fleet, `paused` is that of before.
    """

    def __init__(
        self,
        keys: Keys,
        tally: Tally,
        where: str,
        clock: Clock,
        *,
        emit: Callable[[Body], None] = nobody_hears,
        paused: Pause | None = None,
    ) -> None:
        ground = Ground(keys, tally, where)
        self.homes = Homes()
        queues = Queues(ground, self.homes)
        self._server = Server(ground)
        # In the order in which they are told; a part may use what one before it has read.
        self._parts: tuple[tuple[Kind | None, Part], ...] = (
            (Kind.QUEUE, queues),
            (None, Totals(ground, queues)),
            (None, PauseOfFleet(ground, clock, emit, paused)),
            (None, Locks(ground)),
            (Kind.JOB_CLASS, Classes(ground, self.homes)),
            (Kind.SCHEDULE, Schedules(ground)),
            (Kind.REDIS, self._server),
        )
        self._where = where
        self._clock = clock
        self._said = Said()
        self._read_at: dict[Part, int] = {}
        self._totals: dict[Part, dict[str, Any]] = {}
        self._stirs: dict[Part, object] = {}

    async def check_writes(self, ask: Ask) -> None:
        """Raise `SourceUnavailableError` (`misconf`) if Redis refuses writes because it can't save its data."""
        await self._server.check_writes(ask)

    def read_anew(self) -> None:
        """Everything is due at the next sample, however lately it was read."""
        self._read_at.clear()

    async def sample(self, ask: Ask, fleet: Fleet) -> Sample:
        """
        Read everything that is due; `fleet` are all processes as they are known.

        One round trip, as long as no queue and no entry is new and no hash takes more than a page. Raises `SourceUnavailableError`.
        """
        at = self._clock.at()
        asked: list[tuple[Kind | None, Part, list[Command]]] = []
        for kind, part in self._parts:
            due = part not in self._read_at or at - self._read_at[part] >= part.every
            if due and (commands := part.commands()) is not None:
                asked.append((kind, part, commands))
        replies = await ask([("TIME",), *(command for _, _, commands in asked for command in commands)])
        took = self._clock.at() - at
        self._server.answered(took)
        moment = Moment(at, self._time(replies[0]), fleet)
        all_found: list[tuple[Kind | None, Part, Found]] = []
        start = 1
        for kind, part, commands in asked:
            all_found.append((kind, part, await part.take(ask, replies[start : start + len(commands)], moment)))
            start += len(commands)
        # Only now, when nothing can fail any more: what counts as told must be told.
        changes: list[Delta | Gone] = []
        stirs = dict(self._stirs)
        for kind, part, found in all_found:
            self._read_at[part] = at
            self._totals[part] = found.totals
            stirs[part] = found.stirs
            if kind is not None:
                changes += self._tell(kind, found)
        whole = {slot: value for totals in self._totals.values() for slot, value in totals.items()}
        moves, self._stirs = stirs != self._stirs, stirs
        return Sample((*changes, *self._said.tell(Kind.SIDEKIQ, _WHOLE, whole)), moves)

    def _tell(self, kind: Kind, found: Found) -> list[Delta | Gone]:
        changes: list[Delta | Gone] = [*self._said.retain(kind, found.entities, _GONE[kind])] if kind in _GONE else []
        for entity, slots in found.entities.items():
            changes += self._said.tell(kind, entity, slots)
        return changes

    def _time(self, reply: Reply) -> int:
        match reply:
            case ServerError():
                raise from_reply(reply, self._where)
            case [seconds, micros] if (whole := count(seconds)) is not None and (part := count(micros)) is not None:
                return whole * 1000 + part // 1000
            case _:
                raise unavailable("protocol", self._where)
