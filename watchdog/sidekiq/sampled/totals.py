"""Sidekiq as a whole: its counters, the sizes and the heads of its sorted sets, and all processes together."""

import math
import re
from typing import Any, Final

from watchdog.sidekiq.arrivals import Arrivals
from watchdog.sidekiq.decode import count, milliseconds
from watchdog.sidekiq.sampled.part import Found, Ground, Moment
from watchdog.sidekiq.sampled.queues import Queues
from watchdog.sidekiq.scanning import Ask
from watchdog.sidekiq.wire import Command, Reply

_COUNTS: Final = ("processed", "failed", "retries", "scheduled", "dead")
_HEADS: Final = ("next_retry_overdue", "schedule_overdue")
_NOT_DUE: Final = re.compile(rb"\+?inf(inity)?", re.IGNORECASE)


class Totals:
    """
    The counters of all of Sidekiq.

    How late the first of the retries and of the scheduled jobs is, is told by its score: the second at which it is due (job_retry.rb, client.rb).
    """

    every = 0

    def __init__(self, ground: Ground, queues: Queues) -> None:
        self._ground = ground
        self._queues = queues
        self._arrivals = Arrivals()

    def commands(self) -> list[Command]:
        """Counters, sizes, heads."""
        keys = self._ground.keys
        heads = keys.sets[: len(_HEADS)]
        return [
            *(("GET", key) for key in keys.totals),
            *(("ZCARD", key) for key in keys.sets),
            *(("ZRANGE", key, 0, 0, "WITHSCORES") for key in heads),
        ]

    async def take(self, _: Ask, replies: list[Reply], moment: Moment) -> Found:
        """The readings of `sidekiq`, but for `enqueued`, which the queues have told before."""
        counts = self._counts(replies[: len(_COUNTS)])
        fleet = moment.fleet
        totals = counts | {
            "processes": fleet.heard,
            "threads": fleet.threads,
            "busy": fleet.busy,
            "stale": fleet.stale,
            "versions": len(fleet.versions),
        }
        if "processed" in totals:
            totals["arrived"] = self._arrivals.take(totals["processed"] + fleet.busy + self._queues.enqueued, moment.at)
        heads = replies[len(_COUNTS) :]
        if not self._ground.forbids(heads, "how late retries and scheduled jobs are is"):
            totals |= self._lateness(heads, moment.now)
        return Found(totals=totals, stirs=(counts, fleet.heard))

    def _counts(self, replies: list[Reply]) -> dict[str, Any]:
        ground = self._ground
        slots: dict[str, Any] = {}
        for slot, key, reply in zip(_COUNTS, (*ground.keys.totals, *ground.keys.sets), replies, strict=True):
            if ground.is_odd(key, reply, "it has the wrong type"):
                continue
            if reply is None:
                slots[slot] = 0  # Sidekiq has never run here
            elif (value := count(reply)) is None:
                ground.odd(key, "it is not a count")
            else:
                slots[slot] = value
        return slots

    def _lateness(self, heads: list[Reply], now: int) -> dict[str, int]:
        ground = self._ground
        slots = {}
        for slot, key, head in zip(_HEADS, ground.keys.sets, heads, strict=False):
            if ground.is_odd(key, head, "it has the wrong type"):
                continue
            score = _score(head)
            if score is None:
                slots[slot] = 0
            elif (due := milliseconds(score)) is None:
                ground.odd(key, "the score of its first job is not a time")
            else:
                slots[slot] = max(0, now - due)
        return slots


def _score(head: Reply) -> bytes | float | None:
    """The score of the only member of a range, in either protocol; None where there is none, or it never falls due."""
    match head:
        case [[_, float() | bytes() as score]] | [_, bytes() as score]:
            never = math.isinf(score) and score > 0 if isinstance(score, float) else _NOT_DUE.fullmatch(score) is not None
            return None if never else score
        case _:
            return None
