"""
The classes of jobs: what Sidekiq 7 and later count of each, read from the hashes of the last minutes.

Older versions count nothing by class, and there are no classes then.
"""

from typing import Any, Final

from watchdog.sidekiq.homes import Homes
from watchdog.sidekiq.metrics import MINUTE, ClassCounters, Counts, buckets, decode_bucket
from watchdog.sidekiq.sampled.part import Found, Ground, Moment
from watchdog.sidekiq.scanning import Ask, first_fields, rest_of_fields
from watchdog.sidekiq.wire import Command, Reply

MOST_TOLD: Final = 500
"""So many classes are entities; of more, those that have run most since the agent started."""
_MOST_FIELDS: Final = 15_000
_CAUGHT_UP: Final = 15
"""Minutes that are read once more after Redis could not be read."""


class Classes:
    """
    The entities `job_class`.

    The minute before the present one is read as well: what was added to it late is counted too. Names of the hashes follow Redis' clock as it was at the
    sample before.
    """

    every = 10_000

    def __init__(self, ground: Ground, homes: Homes) -> None:
        self._ground = ground
        self._homes = homes
        self._counters = ClassCounters()
        self._told: frozenset[str] = frozenset()
        self._minutes: tuple[int, ...] = ()

    def commands(self) -> list[Command]:
        """The hashes that the last reading ended with; those that have begun since are asked for when Redis has said what time it is."""
        return self._ask_for(self._minutes)

    async def take(self, ask: Ask, replies: list[Reply], moment: Moment) -> Found:
        """The counters of all classes."""
        ground = self._ground
        current = moment.now // MINUTE
        asked = self._minutes
        if ground.forbids(replies, "what is run of each class of jobs is"):
            return self._found(current)
        last = asked[-1] if asked else current - 2
        missing = tuple(range(max(last + 1, current - _CAUGHT_UP), current + 1))
        if missing:
            replies = [*replies, *await ask(self._ask_for(missing))]
            if ground.forbids(replies, "what is run of each class of jobs is"):
                return self._found(current)
        read = (*asked, *missing)
        names = [(minute, bucket) for minute in read for bucket in buckets(minute)]
        for (minute, bucket), reply in zip(names, replies, strict=True):
            self._homes.ran(self._counters.take(minute, bucket, await self._read(ask, bucket, reply)))
        self._minutes = tuple(minute for minute in read if minute >= read[-1] - 1)
        self._counters.settle(current, [bucket for minute in self._minutes for bucket in buckets(minute)])
        if self._counters.full:
            ground.odd("j|", "more classes than can be counted; the others are left out")
        return self._found(current)

    def _ask_for(self, minutes: tuple[int, ...]) -> list[Command]:
        return [first_fields(self._ground.keys.metrics(bucket)) for minute in minutes for bucket in buckets(minute)]

    async def _read(self, ask: Ask, bucket: str, page: Reply) -> dict[str, Counts]:
        ground, key = self._ground, self._ground.keys.metrics(bucket)
        fields = await rest_of_fields(ask, key, page, most=_MOST_FIELDS, where=ground.where)
        if fields is None:
            ground.odd(key, "it is not a hash")
            return {}
        found, wrong = decode_bucket(fields)
        for reason in wrong:
            ground.odd(key, reason)
        return found

    def _found(self, current: int) -> Found:
        totals = self._counters.totals
        if len(totals) > MOST_TOLD:
            # Those that are told already stay where another has run no more than they.
            busiest = sorted(totals, key=lambda one: (-totals[one].processed, one not in self._told, one))
            self._told = frozenset(busiest[:MOST_TOLD])
        else:
            self._told = frozenset(totals)
        return Found(
            {job_class: self._slots(job_class, current) for job_class in sorted(self._told)},
            {"classes": len(totals)} if totals else {},
        )

    def _slots(self, job_class: str, current: int) -> dict[str, Any]:
        counts = self._counters.totals[job_class]
        slots: dict[str, Any] = {
            "name": job_class,
            "processed": counts.processed,
            "failed": counts.failed,
            "took": counts.took,
        }
        average = self._counters.average(job_class, current)
        return slots if average is None else slots | {"average": average}
