"""
Looks after the quarantine while the agent runs: finishes what was begun, by whomever, and ends what has been kept for long enough, evidence too.

What people have put back meanwhile, in a command of their own, the engine hears of. Redis is asked only where something stands half-way. An outage is waited out; it is said once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from watchdog.errors import WatchdogError
from watchdog.model.events import Body
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
    """
    Looks every half minute, and each day for what is over.

    `tell` takes what the engine is to hear: at the start all that was put back is told anew.
    `expire_evidence` ends what is over of what is kept besides, and raises `StoreError`. While `rests`, nothing is finished or ended: it may not be known whether
    what is kept here belongs to this Redis.
    """

    def __init__(
        self,
        quarantine: Quarantine,
        tell: Callable[[Body], None],
        *,
        expire_evidence: Callable[[], Awaitable[object]],
        rests: Callable[[], bool] = lambda: False,
        every: float = EVERY,
    ) -> None:
        self._rests = rests
        self._quarantine = quarantine
        self._expire_evidence = expire_evidence
        self._tell = tell
        self._told_until = 0
        self._every = every
        self._said: dict[str, str] = {}

    async def run(self) -> None:
        """Looks for ever; raises `StoreDamagedError`."""
        loop = asyncio.get_running_loop()
        over_at = loop.time()
        while True:
            if self._rests():
                await asyncio.sleep(self._every)
                continue
            await self._look()
            if loop.time() >= over_at and await self._end_what_is_over():
                over_at = loop.time() + _DAY
            await asyncio.sleep(self._every)

    async def _look(self) -> None:
        try:
            if finished := await self._quarantine.resume():
                LOG.info("%d entries of the quarantine stood half-way and are finished", finished)
            self._said.pop(_HALF_WAY, None)
            for vouched in await self._quarantine.put_back_by_hand(after=self._told_until):
                self._told_until = vouched.wall
                self._tell(vouched)
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
