"""Ending a task for good."""

import asyncio
from typing import Any, Final

AGAIN: Final = 0.1
"""Seconds until it is told once more."""


async def end_task(task: "asyncio.Task[Any]") -> None:
    """
    Cancel a task until it has ended; what went wrong in it stays there, for whoever asks.

    Why until: redis-py 8.1 waits by `asyncio.wait_for`, which on Python 3.11 loses a cancellation that comes in the moment of an answer (see `connect` in `watchdog/demo/server.py`), and a task that
    goes on for ever is then never ended.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN)
