"""Looks for the charts each half minute, and keeps them over a restart."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdog.clock import Clock
from watchdog.daemon.turns import Turns
from watchdog.sidekiq.follow import Follower
from watchdog.web.charts.file import keep, restored

LOG: Final = logging.getLogger("watchdog")
FIRST: Final = 3.0
"""Seconds until the first look: by then Redis has usually been read."""
EVERY: Final = 10
"""Looks after which they are written: five minutes."""


class ChartKeeper:
    """Feeds `charts`, beginning with what lies in the state folder; `used` is the processor time of this process in seconds."""

    def __init__(
        self, folder: Path, *, turns: Turns, clock: Clock, follower: Follower | None, used: Callable[[], float] = time.process_time
    ) -> None:
        self._folder = folder
        self._turns = turns
        self._clock = clock
        self._follower = follower
        self._used = used
        self._before: tuple[int, float] | None = None
        self._looks = 0
        self._writing = asyncio.Lock()
        self.charts, why = restored(folder)
        if why:
            LOG.debug("the charts begin anew: %s", why)

    async def run(self) -> None:
        """For ever."""
        # At once there would be nothing to see yet.
        await asyncio.sleep(FIRST)
        while True:
            if self._look() and self._looks % EVERY == 0:
                await self.keep()
            await asyncio.sleep(self.charts.wait(self._clock.at()) / 1000)

    async def keep(self) -> None:
        """Writes them; where that fails the next time does."""
        try:
            async with self._writing:
                await asyncio.to_thread(keep, self._folder, self.charts.kept())
        except OSError as error:
            LOG.debug("charts not kept: %s", error)

    def _look(self) -> bool:
        """Whether it was time for a look: a timer may ring a moment early."""
        at = self._clock.at()
        if self.charts.wait(at):
            return False
        self.charts.take(self._turns.state, self._own(at), at=at, wall=self._clock.wall())
        self._looks += 1
        return True

    def _own(self, at: int) -> dict[str, float]:
        used, before = self._used(), self._before
        self._before = (at, used)
        spent = {} if self._follower is None else {"agent.redis": self._follower.budget()["share"]}
        if before is not None and at > before[0]:
            spent["agent.cpu"] = (used - before[1]) * 1000 / (at - before[0])
        return spent
