"""
Keeps the engine's histories in the store, so that a restart does not begin with windows of which nothing is known.

What happened since they were last kept is read from the trace after a crash, as far as it was recorded and can be read within the time of a
start. What can't be had counts as not covered: a rule over such a window says UNKNOWN, not that all was well.
"""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from watchdog.clock import Clock
from watchdog.daemon.turns import Turns
from watchdog.engine.catching_up import caught_up
from watchdog.engine.remembered import BrokenHistoryError
from watchdog.engine.saved import read_saved
from watchdog.engine.state import keep
from watchdog.lang.demands import Series
from watchdog.store.failures import StoreDamagedError, StoreError
from watchdog.store.store import Store
from watchdog.store.trace.reading import records_after

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
            # First of all: from here on a crash loses no more than the trace does.
            await self.keep()
            await asyncio.sleep(self._every)

    async def keep(self) -> None:
        """Writes what there is now; where it can't be written the next time does. Raises `StoreDamagedError`."""
        async with self._turns.resting:
            if self._turns.failing:
                # The picture is ahead of the ledger, and nothing can be written anyhow.
                return
            data = keep(self._turns.state, at=self._clock.at(), wall=self._clock.wall(), seq=self._turns.seq)
        if data is None:
            return
        try:
            await self._store.keep_history(data)
        except StoreDamagedError:
            raise
        except StoreError as error:
            LOG.debug("histories not kept: %s", error)


def carried_on(history: bytes, state: Path, *, memory: str, series: Sequence[Series]) -> bytes:
    """What was kept, carried on over what the trace has of the time after it. Whatever is wrong with either, what was kept is left."""
    try:
        saved = read_saved(history)
        records = records_after(state, saved.seq, memory=memory, boot_id=saved.boot_id, at=saved.at)
        return caught_up(history, (record.event for record in records), series)
    except StoreError as error:
        LOG.warning("what happened since the histories were kept is not known: %s", error)
    except BrokenHistoryError:
        # The engine finds out, too, and writes it down.
        LOG.debug("the histories of before can't be used")
    return history
