"""How often a receiver may be called: at most so many times in any stretch of so long, however it is laid."""

import asyncio
from collections import deque

from watchdog.clock import Clock
from watchdog.model.parameters import Allowance


class Pace:
    """Of one receiver. Without an allowance there is no limit."""

    def __init__(self, allowance: Allowance | None, clock: Clock) -> None:
        self._clock = clock
        self._per = allowance.per if allowance else 0
        self._calls: deque[int] = deque(maxlen=max(allowance.times, 1) if allowance else 0)

    def wait(self) -> int:
        """Milliseconds until the next call may be made."""
        if not self._calls.maxlen or len(self._calls) < self._calls.maxlen:
            return 0
        return max(0, self._calls[0] + self._per - self._clock.at())

    async def turn(self) -> None:
        """Returns when a call may be made, and counts it."""
        while wait := self.wait():  # noqa: ASYNC110  (nothing but time makes room)
            await asyncio.sleep(wait / 1000)
        self._calls.append(self._clock.at())
