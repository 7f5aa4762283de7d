"""
Hours in a second, with real sockets and a real disk: the clock of the event loop is set forward whenever nobody does anything.

Whatever waits for a time waits by that clock, so its timers come due in their order, and what is under way is never hurried.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final

from watchdog.clock import Clock

STEP: Final = 5.0
"""Seconds by which it is set forward at a time: so late at most is what waits for a moment."""
_ROUNDS: Final = 5
"""So many times the loop goes round before nobody is taken to do anything."""


_AT_WORK: Final[ContextVar[bool]] = ContextVar("at_work", default=False)
_sleep: Final = asyncio.sleep


class Busy:
    """Who is at work: every call of an asynchronous method of what it watches counts until it returns, but for the time in which it only sleeps (`asyncio.sleep`, as long as `sleepers` is entered)."""

    def __init__(self) -> None:
        self.count = 0

    @contextlib.contextmanager
    def sleepers(self) -> Iterator[None]:
        """Whoever sleeps meanwhile is not at work."""

        async def sleep(delay: float, result: Any = None) -> Any:
            if not _AT_WORK.get():
                return await _sleep(delay, result)
            self.count -= 1
            try:
                return await _sleep(delay, result)
            finally:
                self.count += 1

        asyncio.sleep = sleep
        try:
            yield
        finally:
            asyncio.sleep = _sleep

    def watched(self, one: Any) -> Any:
        """The same, but it is known when it works."""
        return _Watched(one, self)


class _Watched:
    def __init__(self, one: Any, busy: Busy) -> None:
        object.__setattr__(self, "_one", one)
        object.__setattr__(self, "_busy", busy)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._one, name)
        if not asyncio.iscoroutinefunction(found) or name == "listen":
            return found

        async def counted(*told: Any, **named: Any) -> Any:
            if _AT_WORK.get():
                return await found(*told, **named)
            self._busy.count += 1
            token = _AT_WORK.set(True)
            try:
                return await found(*told, **named)
            finally:
                _AT_WORK.reset(token)
                self._busy.count -= 1

        return counted

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._one, name, value)


class Skipping(Clock):
    """Both clocks of an agent, and how they are set forward; made within the loop that it sets, for as long as that lives."""

    def __init__(self, busy: Busy) -> None:
        loop = asyncio.get_running_loop()
        real = loop.time
        self._busy = busy
        self._ahead = 0.0
        self._wall = super().wall() - int(real() * 1000)
        loop.time = lambda: real() + self._ahead  # type: ignore[method-assign]
        self._loop = loop

    def at(self) -> int:
        """As the loop has it, asked from whichever thread."""
        return int(self._loop.time() * 1000)

    def wall(self) -> int:
        """Goes with the other: nobody sets this one."""
        return self.at() + self._wall

    async def rest(self) -> None:
        """Until nobody does anything but wait for a time."""
        quiet = 0
        while quiet < _ROUNDS:
            quiet = 0 if self._busy.count else quiet + 1
            # A thread that writes to the disk, a server that answers: they need real time.
            await _sleep(0.0005 if self._busy.count else 0)

    async def skip(self, seconds: float, *, step: float = STEP, until: Callable[[], bool] = lambda: False) -> None:
        """Lets so many seconds pass, or fewer if that comes true."""
        end = self.at() + int(seconds * 1000)
        await self.rest()
        while (left := (end - self.at()) / 1000) > 0 and not until():
            self._ahead += min(step, left)
            await self.rest()
