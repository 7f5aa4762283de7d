"""Has the orphaned locks of sidekiq-unique-jobs counted now and then, for `status`."""

import asyncio
from collections.abc import Callable
from typing import Final

from watchdog.recovery.lock_census import LockCensus, count_orphans
from watchdog.recovery.locks import TWO_BEATS
from watchdog.sidekiq.edit.edits import Edits

FIRST: Final = 120.0
"""Seconds after the start."""
EVERY: Final = 3_600.0


class LockCounter:
    """
    Counts every hour; `found` is what came of it last, None before the first time.

    `connection` makes one, which is closed after each count: an agent that only looks has no other of this kind. `wall` gives UTC milliseconds.
    """

    def __init__(
        self,
        connection: Callable[[], Edits],
        *,
        wall: Callable[[], int],
        first: float = FIRST,
        every: float = EVERY,
        apart: float = TWO_BEATS,
    ) -> None:
        self._connection = connection
        self._wall = wall
        self._first = first
        self._every = every
        self._apart = apart
        self.found: LockCensus | None = None

    async def run(self) -> None:
        """Counts for ever."""
        await asyncio.sleep(self._first)
        while True:
            edits = self._connection()
            try:
                self.found = await count_orphans(edits, wall=self._wall(), apart=self._apart)
            finally:
                edits.close()
            await asyncio.sleep(self._every)
