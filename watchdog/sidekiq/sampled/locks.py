"""
The locks of sidekiq-unique-jobs, and whether anybody clears the orphaned ones away.

One process at a time does that (orphans/manager.rb): it renews its key at each turn, and whoever boots while the key stands does not become its successor. After
a SIGKILL the key runs out, and then nobody does it until a process boots.
"""

from typing import Any

from watchdog.sidekiq.decode import count, milliseconds
from watchdog.sidekiq.sampled.part import Found, Ground, Moment
from watchdog.sidekiq.scanning import Ask
from watchdog.sidekiq.wire import Command, Reply


class Locks:
    """A share of the entity `sidekiq`; without the gem there are no locks, and nobody who would clear them away."""

    every = 15_000

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._reaper_at: int | None = None

    def commands(self) -> list[Command]:
        """How many locks there are, and the last sign of life of the process that clears them away."""
        digests, reaper = self._ground.keys.unique
        return [("ZCARD", digests), ("GET", reaper)]

    async def take(self, _: Ask, replies: list[Reply], moment: Moment) -> Found:
        """The number of locks, and the sign of life."""
        ground = self._ground
        digests, reaper = ground.keys.unique
        held, alive = replies
        if ground.forbids(replies, "how many locks sidekiq-unique-jobs holds is"):
            return Found()
        totals: dict[str, Any] = {}
        if not ground.is_odd(digests, held, "it is not a sorted set") and (locks := count(held)) is not None:
            totals["unique_locks"] = locks
        if not ground.is_odd(reaper, alive, "it is not text"):
            totals["reaper"] = alive is not None
            at = milliseconds(alive) if isinstance(alive, bytes) else None
            if at is not None:
                totals["reaper_at"] = self._reaper_at = moment.engine_time(at, self._reaper_at)
            elif alive is not None:
                ground.odd(reaper, "it is not a time")
        return Found(totals=totals)
