"""
Looks after the quarantine while the agent runs: finishes what was begun, by whomever, and ends what has been kept for long enough, evidence too.

Redis is asked only where something stands half-way. An outage is waited out; it is said once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from watchdog.errors import WatchdogError
from watchdog.recovery.quarantine import Quarantine
from watchdog.sidekiq.edit.failures import EditError
from watchdog.store.failures import StoreDamagedError, StoreError

LOG: Final = logging.getLogger("watchdog")
EVERY: Final = 30.0
"""Seconds between two looks."""
_DAY: Final = 86_400.0
_HALF_WAY: Final = "an entry of the quarantine stands half-way and can't be finished yet"
_OVER: Final = "what has been kept for long enough could not be deleted yet"


class QuarantineKeeper:
    """Looks every half minute, and each day for what is over; `expire_evidence` does the same for what is kept besides, and raises `StoreError`."""

    def __init__(self, quarantine: Quarantine, *, expire_evidence: Callable[[], Awaitable[object]], every: float = EVERY) -> None:
        self._quarantine = quarantine
        self._expire_evidence = expire_evidence
        self._every = every
        self._said: dict[str, str] = {}

    async def run(self) -> None:
        """Looks for ever; raises `StoreDamagedError`."""
        loop = asyncio.get_running_loop()
        over_at = loop.time()
        while True:
            await self._look()
            if loop.time() >= over_at and await self._end_what_is_over():
                over_at = loop.time() + _DAY
            await asyncio.sleep(self._every)

    async def _look(self) -> None:
        try:
            if finished := await self._quarantine.resume():
                LOG.info("%d entries of the quarantine stood half-way and are finished", finished)
            self._said.pop(_HALF_WAY, None)
        except StoreDamagedError:
            raise
        except (EditError, StoreError) as error:
            self._say(_HALF_WAY, error)

    async def _end_what_is_over(self) -> bool:
        try:
            await self._quarantine.expire()
            await self._expire_evidence()
            self._said.pop(_OVER, None)
        except StoreDamagedError:
            raise
        except StoreError as error:
            self._say(_OVER, error)
            return False
        return True

    def _say(self, what: str, error: WatchdogError) -> None:
        # Each look would say the same.
        if self._said.get(what) != str(error):
            LOG.warning("%s: %s", what, error)
        self._said[what] = str(error)
