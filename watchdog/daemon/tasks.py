"""
The agent's tasks, by name: none of them may end unseen.

A task group hears of an exception, but not of a task that returns, nor of one that is cancelled by something within
it; a follower that is gone without a word would leave an agent that looks healthy and sees nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from watchdog.errors import WatchdogError

LOG: Final = logging.getLogger("watchdog")
Work = Callable[[], Awaitable[None]]


class TaskEndedError(Exception):
    """A task that should have gone on for ever did not: a mistake of this program."""


class Tasks:
    """What runs in one task group, whose end is the end of the agent."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._running: set[asyncio.Task[None]] = set()
        self._services: dict[str, asyncio.Task[None]] = {}

    def serve(self, name: str, work: Work) -> None:
        """Runs work that must never end by itself, in place of what served under this name before."""
        if (before := self._services.get(name)) is not None:
            before.cancel()
        self._services[name] = self._begin(name, _for_ever(name, work))

    def do(self, name: str, work: Work) -> None:
        """Runs work that comes to an end."""
        self._begin(name, _once(name, work))

    def names(self) -> list[str]:
        """Of what has not ended yet."""
        return sorted(task.get_name() for task in list(self._running))

    def cancel(self) -> None:
        """Ends all of them."""
        for task in list(self._running):
            task.cancel()

    def _begin(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._group.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


async def _for_ever(name: str, work: Work) -> None:
    await _once(name, work)
    LOG.critical("task %r came to its end, and the agent ends with it", name)
    raise TaskEndedError(f"task {name!r} came to its end by itself")


async def _once(name: str, work: Work) -> None:
    task = asyncio.current_task()
    assert task is not None  # only tasks run this
    try:
        await work()
    except asyncio.CancelledError:
        if task.cancelling():
            raise
        LOG.critical("task %r was cancelled from within, and the agent ends with it", name)
        raise TaskEndedError(f"task {name!r} was cancelled from within") from None
    except Exception as error:
        # Only what was raised on purpose has a text that is fit to be shown; where it came from stands in the traceback.
        what = str(error) if isinstance(error, WatchdogError) else type(error).__name__
        LOG.critical("task %r died, and the agent ends with it: %s", name, what)
        raise
