"""Rows that are old enough go: audit, closed incidents, messages that ended."""

import asyncio
import logging
from typing import Final

from watchdog.clock import Clock
from watchdog.store.failures import StoreDamagedError, StoreError
from watchdog.store.store import Store

_LOG: Final = logging.getLogger("watchdog")

DAY: Final = 86_400_000
"""Milliseconds between two looks for rows that are too old."""
FIRST: Final = 600_000
"""The same from the start to the first look: an agent that is restarted each night must come to it, too."""
KEPT: Final = 365 * DAY
"""Milliseconds for which audit rows, closed incidents and messages that ended are kept."""


async def prune_daily(store: Store, clock: Clock) -> None:
    """Prunes for ever. A failure is said, and it is tried again the next day; `StoreDamagedError` is passed on."""
    wait = FIRST
    while True:
        await asyncio.sleep(wait / 1000)
        wait = DAY
        try:
            await store.prune(clock.wall() - KEPT)
        except StoreDamagedError:
            raise
        except StoreError as error:
            _LOG.warning("old rows could not be removed today: %s", error)
