"""A receiver that keeps what it was sent, and a deliverer at work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from tests.patience import PATIENCE
from watchdog.clock import Clock
from watchdog.receivers.delivery import Deliverer
from watchdog.receivers.habits import Habits
from watchdog.receivers.receiver import Dispatch, Remember


class Told:
    """Keeps the dispatches that it was sent, with the loop's time, and fails where `trouble` has an answer for the id of one of the notices."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Dispatch] = asyncio.Queue()
        self.got: list[Dispatch] = []
        self.times: list[float] = []
        self.trouble: dict[str, Exception] = {}
        self.failing: Callable[[], Exception | None] = lambda: None
        self.closed = False

    async def send(self, dispatch: Dispatch, _remember: Remember, /) -> str:
        self.times.append(asyncio.get_running_loop().time())
        self.heard.put_nowait(dispatch)
        for notice in dispatch.notices:
            if notice.id in self.trouble:
                raise self.trouble[notice.id]
        if (error := self.failing()) is not None:
            raise error
        self.got.append(dispatch)
        return "taken"

    async def close(self) -> None:
        self.closed = True

    async def next(self) -> Dispatch:
        """The next attempt."""
        return await asyncio.wait_for(self.heard.get(), PATIENCE)

    async def ids(self, count: int = 1) -> list[str]:
        """The notices of the next attempts, so many."""
        found: list[str] = []
        while len(found) < count:
            found += [notice.id for notice in (await self.next()).notices]
        return found


@contextlib.asynccontextmanager
async def delivering(
    store: Any, receivers: Mapping[str, Any], clock: Clock, habits: Mapping[str, Habits] | None = None
) -> AsyncIterator[Deliverer]:
    """A deliverer at work; it is cancelled at the end, as the daemon does it."""
    deliverer = Deliverer(store, receivers, clock, habits)
    task = asyncio.create_task(deliverer.run())
    try:
        yield deliverer
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
