"""
Keeps the engine's histories in the store, so that a restart does not begin with windows of which nothing is known.

What happened since they were last kept is lost with a crash, and counts as not covered: a rule over such a window says UNKNOWN, not that all
was well. (It could be read again from a trace of events; nothing writes one yet.)
"""

import asyncio
import logging
from typing import Final

from watchdog.clock import Clock
from watchdog.daemon.turns import Turns
from watchdog.engine.state import keep
from watchdog.store.failures import StoreDamagedError, StoreError
from watchdog.store.store import Store

LOG: Final = logging.getLogger("watchdog")
EVERY: Final = 30.0
"""Seconds between two times."""


class HistoryKeeper:
    """Writes the histories every half minute, and when it is told to."""

    def __init__(self, *, store: Store, clock: Clock, turns: Turns, every: float = EVERY) -> None:
        self._store = store
        self._clock = clock
        self._turns = turns
        self._every = every

    async def run(self) -> None:
        """Writes for ever."""
        while True:
            await asyncio.sleep(self._every)
            await self.keep()

    async def keep(self) -> None:
        """Writes what there is now; where it can't be written the next time does. Raises `StoreDamagedError`."""
        data = keep(self._turns.state, at=self._clock.at(), wall=self._clock.wall())
        if data is None:
            return
        try:
            await self._store.keep_history(data)
        except StoreDamagedError:
            raise
        except StoreError as error:
            LOG.debug("histories not kept: %s", error)
