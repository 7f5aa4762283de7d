"""
The queues: how many jobs wait, since when the next one does, and who is there for them.

Waiting time is measured against Redis' own clock (TIME), so that only the clock of whoever pushed the job matters.
"""

from collections.abc import Sequence
from typing import Any, Final

from watchdog.sidekiq.arrivals import Arrivals
from watchdog.sidekiq.decode import Broken, count, decode_class, decode_enqueued_at, label, name
from watchdog.sidekiq.failures import unavailable
from watchdog.sidekiq.homes import Homes
from watchdog.sidekiq.sampled.part import Found, Ground, Moment
from watchdog.sidekiq.scanning import Ask, first_page, rest
from watchdog.sidekiq.wire import Command, Reply

_SLICE: Final = 200
_MOST: Final = 2_000


class Queues:
    """
    The queues that were ever pushed to; `enqueued` is how many jobs waited in all of them.

    They cost one round trip with the rest of the sample, as long as they stay the same and are not more than 200.
    """

    every = 0

    def __init__(self, ground: Ground, homes: Homes) -> None:
        self._ground = ground
        self._homes = homes
        self._arrivals: dict[str, Arrivals] = {}
        self._names: tuple[str, ...] = ()
        self.enqueued = 0

    def commands(self) -> list[Command]:
        """The set of queues, that of the paused ones, and of each queue that is known its length and the job that is next."""
        keys = self._ground.keys
        return [first_page(keys.queues), first_page(keys.paused), *self._of_each(self._names[:_SLICE])]

    async def take(self, ask: Ask, replies: list[Reply], moment: Moment) -> Found:
        """The readings of all queues."""
        ground = self._ground
        members, paused, *rest_of_them = replies
        known = self._names[:_SLICE]
        lengths = dict(zip(known, _pairs(rest_of_them), strict=True))
        names = await self._read_names(ask, ground.keys.queues, members)
        halted = frozenset(await self._read_names(ask, ground.keys.paused, paused))
        missing = [queue for queue in names if queue not in lengths]
        for start in range(0, len(missing), _SLICE):
            part = missing[start : start + _SLICE]
            lengths |= zip(part, _pairs(await ask(self._of_each(part))), strict=True)
        self._names = names
        self._homes.only(frozenset(names))
        self._arrivals = {queue: self._arrivals.get(queue) or Arrivals() for queue in names}
        queues = {}
        for queue in names:
            there = moment.fleet.listening(queue)
            slots = self._queue(queue, *lengths[queue], moment.now) | {
                "threads": there.threads,
                "listeners": there.processes,
                "busy": there.busy,
                "paused": queue in halted,
            }
            processed = self._homes.counted(queue)
            arrived = self._arrivals[queue].take(processed + there.busy + slots["size"], moment.at)
            if self._homes.knows(queue):
                slots |= {"processed": processed, "arrived": arrived}
            queues[queue] = slots
        sizes = {queue: slots["size"] for queue, slots in queues.items()}
        self.enqueued = sum(sizes.values())
        return Found(queues, {"enqueued": self.enqueued}, stirs=sizes)

    async def _read_names(self, ask: Ask, key: bytes, page: Reply) -> tuple[str, ...]:
        ground = self._ground
        found = await rest(ask, key, page, most=_MOST + 1, where=ground.where)
        if found is None:
            ground.odd(key, "it is not a set")
            return ()
        names = []
        for member in found:
            if (queue := name(member)) is None:
                ground.odd(member, "the name of a queue is not text")
            else:
                names.append(queue)
        if len(names) > _MOST:
            ground.odd(key, f"it holds more than {_MOST} queues; the others are not read")
        return tuple(sorted(names)[:_MOST])

    def _of_each(self, queues: Sequence[str]) -> list[Command]:
        found = [self._ground.keys.queue(queue) for queue in queues]
        return [command for key in found for command in (("LLEN", key), ("LINDEX", key, -1))]

    def _queue(self, queue: str, length: Reply, following: Reply, now: int) -> dict[str, Any]:
        ground = self._ground
        key = ground.keys.queue(queue)
        if ground.is_odd(key, length, "it is not a list"):
            return {"name": queue, "size": 0}
        if (size := count(length)) is None:
            raise unavailable("protocol", ground.where)
        slots: dict[str, Any] = {"name": queue, "size": size}
        if following is None:
            return slots | {"latency": 0}
        if ground.is_odd(key, following, "it is not a list"):
            # Refused, or the key has become something else since its length was read.
            return slots
        if (job_class := decode_class(following)) is not None:
            self._homes.saw(job_class, queue)
        since = decode_enqueued_at(label(key), following)
        if isinstance(since, Broken):
            ground.tally.add(since)
            return slots
        return slots | {"latency": max(0, now - since)}


def _pairs(replies: list[Reply]) -> list[tuple[Reply, Reply]]:
    return list(zip(replies[::2], replies[1::2], strict=True))
