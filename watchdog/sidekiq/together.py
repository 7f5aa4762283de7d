"""Work on one connection that goes on at the same time, until the connection is of no more use."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from watchdog.sidekiq.failures import SourceUnavailableError


async def together(**work: Coroutine[Any, Any, None]) -> None:
    """
    Do all of it until something fails; raises the first `SourceUnavailableError`, or a group of whatever else went wrong.

    No `TaskGroup`: before Python 3.13 it forgets that it was cancelled if a task fails in the same moment, and whoever wanted the end waits for ever.
    """
    tasks = [asyncio.create_task(one, name=f"redis: {name.replace('_', ' ')}") for name, one in work.items()]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    errors = [error for task in tasks if not task.cancelled() and (error := task.exception()) is not None]
    if faults := [error for error in errors if not isinstance(error, SourceUnavailableError)]:
        raise BaseExceptionGroup("following Redis", faults)
    for error in errors:
        raise error
