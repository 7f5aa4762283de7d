"""
Looks after the quarantine while the agent runs: finishes what was begun, by whomever, and ends what has been kept for long enough.

Redis is asked only where something stands half-way. An outage is waited out; it is said once.
"""

import asyncio
import logging
from typing import Final

from watchdog.errors import WatchdogError
from watchdog.recovery.quarantine import Quarantine
from watchdog.sidekiq.edit.failures import EditError
from watchdog.store.failures import StoreDamagedError, StoreError

LOG: Final = logging.getLogger("watchdog")
EVERY: Final = 30.0
"""Seconds between two looks."""
_DAY: Final = 86_400.0


class QuarantineKeeper:
    """Looks every half minute, and each day for what is over."""

    def __init__(self, quarantine: Quarantine, *, every: float = EVERY) -> None:
        self._quarantine = quarantine
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
        except StoreDamagedError:
            raise
        except (EditError, StoreError) as error:
            self._say("an entry of the quarantine stands half-way and can't be finished yet", error)

    async def _end_what_is_over(self) -> bool:
        try:
            await self._quarantine.expire()
        except StoreDamagedError:
            raise
        except StoreError as error:
            self._say("jobs whose time in quarantine is over could not be deleted yet", error)
            return False
        return True

    def _say(self, what: str, error: WatchdogError) -> None:
        # Each look would say the same; that it is over is seen by what is finished then.
        if self._said.get(what) != str(error):
            LOG.warning("%s: %s", what, error)
        self._said[what] = str(error)
