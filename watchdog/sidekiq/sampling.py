"""
Reading what is not tied to one process: queues, totals, and the server itself.

Tracking would not help here: a busy queue changes with every job. Sampled each second while anything moves, each 5 s when
quiet. Waiting time is measured against Redis' own clock (TIME), so that only the clock of whoever pushed the job matters.
"""

import logging
from typing import Any, Final

import msgspec

from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind
from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.changes import Said
from watchdog.sidekiq.decode import Broken, count, decode_enqueued_at, label, name
from watchdog.sidekiq.failures import ServerError, from_reply, unavailable
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.scanning import Ask, first_page, rest
from watchdog.sidekiq.serverinfo import ASK_INFO, ASK_SAVING, log_failed, parse_info, readings, save_failed, save_stops_writes
from watchdog.sidekiq.wire import Command, Reply

_SLICE: Final = 200
_INFO_EVERY: Final = 5_000
_MOST_QUEUES: Final = 2_000
_LOG: Final = logging.getLogger(__name__)


class Sample(msgspec.Struct, frozen=True):
    """What a sample found changed, and whether anything moves: waiting times and the server's own readings don't count."""

    changes: tuple[Delta | Gone, ...]
    moves: bool


class Sampler:
    """Samples, and remembers over connections what it said last."""

    def __init__(self, keys: Keys, tally: Tally, where: str) -> None:
        self._keys = keys
        self._tally = tally
        self._where = where
        self._said = Said()
        self._names: tuple[str, ...] = ()
        self._info_at: int | None = None
        self._may_ask_info = True
        self._last: object = None

    async def check_writes(self, ask: Ask) -> None:
        """Raise `SourceUnavailableError` (`misconf`) if Redis refuses writes because it can't save its data."""
        (reply,) = await ask(ASK_INFO)
        await self._judge_saving(ask, self._info(reply))

    async def sample(self, ask: Ask, at: int, *, heard: int) -> Sample:
        """
        Read everything once; `heard` is how many processes beat, `at` engine time.

        One round trip, as long as the queues stay the same and are not more than 200. Raises `SourceUnavailableError`.
        """
        keys = self._keys
        wants_info = self._may_ask_info and (self._info_at is None or at - self._info_at >= _INFO_EVERY)
        whole: list[Command] = [
            ("TIME",),
            *(("GET", key) for key in keys.totals),
            *(("ZCARD", key) for key in keys.sets),
            first_page(keys.queues),
        ]
        if wants_info:
            whole += ASK_INFO
        known = self._names[:_SLICE]
        replies = await ask([*whole, *self._queue_commands(known)])
        now = self._time(replies[0])
        lengths = dict(zip(known, self._pairs(replies[len(whole) :]), strict=True))
        names = await self._queue_names(ask, replies[6])
        missing = [queue for queue in names if queue not in lengths]
        for start in range(0, len(missing), _SLICE):
            part = missing[start : start + _SLICE]
            lengths |= zip(part, self._pairs(await ask(self._queue_commands(part))), strict=True)
        self._names = names
        queues = {queue: self._queue(queue, *lengths[queue], now) for queue in names}
        totals = self._totals(replies[1:6]) | {"processes": heard, "enqueued": sum(queue["size"] for queue in queues.values())}
        info = self._info(replies[7]) if wants_info else {}
        if wants_info:
            self._info_at = at
            # Before anything counts as said: what a failure here would keep from being told must be told by the next sample.
            await self._judge_saving(ask, info)
        changes: list[Delta | Gone] = [*self._said.retain(Kind.QUEUE, names, "cleared")]
        for queue, slots in queues.items():
            changes += self._said.tell(Kind.QUEUE, queue, slots)
        changes += self._said.tell(Kind.SIDEKIQ, "sidekiq", totals)
        if info:
            changes += self._said.tell(Kind.REDIS, "redis", readings(info))
        here = (totals, {queue: slots["size"] for queue, slots in queues.items()})
        moves, self._last = here != self._last, here
        return Sample(tuple(changes), moves)

    async def _judge_saving(self, ask: Ask, info: dict[str, str]) -> None:
        if log_failed(info) or (save_failed(info) and save_stops_writes(await ask(ASK_SAVING))):
            raise unavailable("misconf", self._where)

    def _info(self, reply: Reply) -> dict[str, str]:
        if isinstance(reply, ServerError):
            failure = from_reply(reply, self._where)
            if failure.code not in ("noperm", "error"):
                raise failure
            self._may_ask_info = False
            _LOG.warning("Redis does not tell about itself (%s); whether it can save its data is not known", failure.message)
            return {}
        return parse_info(reply)

    def _time(self, reply: Reply) -> int:
        match reply:
            case ServerError():
                raise from_reply(reply, self._where)
            case [seconds, micros] if (whole := count(seconds)) is not None and (part := count(micros)) is not None:
                return whole * 1000 + part // 1000
            case _:
                raise unavailable("protocol", self._where)

    async def _queue_names(self, ask: Ask, page: Reply) -> tuple[str, ...]:
        found = await rest(ask, self._keys.queues, page, most=_MOST_QUEUES, where=self._where)
        if found is None:
            self._tally.add(Broken(label(self._keys.queues), "it is not a set"))
            return ()
        names = []
        for member in found:
            if (queue := name(member)) is None:
                self._tally.add(Broken(label(member), "the name of a queue is not text"))
            else:
                names.append(queue)
        if len(names) > _MOST_QUEUES:
            self._tally.add(Broken(label(self._keys.queues), f"it holds more than {_MOST_QUEUES} queues; the others are not read"))
        return tuple(sorted(names)[:_MOST_QUEUES])

    def _queue_commands(self, queues: tuple[str, ...] | list[str]) -> list[Command]:
        found = [self._keys.queue(queue) for queue in queues]
        return [command for key in found for command in (("LLEN", key), ("LINDEX", key, -1))]

    @staticmethod
    def _pairs(replies: list[Reply]) -> list[tuple[Reply, Reply]]:
        return list(zip(replies[::2], replies[1::2], strict=True))

    def _queue(self, queue: str, length: Reply, following: Reply, now: int) -> dict[str, Any]:
        key = label(self._keys.queue(queue))
        if isinstance(length, ServerError):
            self._tell_or_raise(key, length, "it is not a list")
            return {"name": queue, "size": 0}
        if (size := count(length)) is None:
            raise unavailable("protocol", self._where)
        slots: dict[str, Any] = {"name": queue, "size": size}
        if following is None:
            return slots | {"latency": 0}
        if isinstance(following, ServerError):
            # Refused, or the key has become something else since its length was read.
            self._tell_or_raise(key, following, "it is not a list")
            return slots
        since = decode_enqueued_at(key, following)
        if isinstance(since, Broken):
            self._tally.add(since)
            return slots
        return slots | {"latency": max(0, now - since)}

    def _totals(self, replies: list[Reply]) -> dict[str, Any]:
        slots = {}
        keys = (*self._keys.totals, *self._keys.sets)
        for slot, key, reply in zip(("processed", "failed", "retries", "scheduled", "dead"), keys, replies, strict=True):
            if isinstance(reply, ServerError):
                self._tell_or_raise(label(key), reply, "it has the wrong type")
            elif reply is None:
                slots[slot] = 0  # Sidekiq has never run here
            elif (value := count(reply)) is None:
                self._tally.add(Broken(label(key), "it is not a count"))
            else:
                slots[slot] = value
        return slots

    def _tell_or_raise(self, key: str, error: ServerError, reason: str) -> None:
        if not str(error).startswith("WRONGTYPE"):
            raise from_reply(error, self._where)
        self._tally.add(Broken(key, reason))
