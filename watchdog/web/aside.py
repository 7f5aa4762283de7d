"""
What is read in the store and the trace, or takes long to make, beside the loop: by two threads at a time, however many ask.

Threads share the interpreter with the loop, and a hundred of them would keep each of its turns waiting. A disk that hangs keeps its two threads, and whoever asks meanwhile is told so in a moment.

After each piece of work its place rests for as long as that took: while somebody reads SQLite can't begin its log anew, and readers without a pause would have it grow until the disk is full.
"""

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from watchdog.store.failures import StoreError

AT_ONCE: Final = 2
PATIENCE: Final = 4.0
"""Seconds after which nobody waits any more, for their turn and the answer together."""
_P = ParamSpec("_P")
_T = TypeVar("_T")
_ROOM: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]] = WeakKeyDictionary()


async def aside(work: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """What that gives. Raises what it raises, and `StoreError` where it takes too long; it goes on then, and keeps its place."""
    loop = asyncio.get_running_loop()
    room = _ROOM.setdefault(loop, asyncio.Semaphore(AT_ONCE))
    try:
        async with asyncio.timeout(PATIENCE):
            await room.acquire()
            began = loop.time()
            task = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
            task.add_done_callback(lambda _: loop.call_later(loop.time() - began, room.release))
            # Whoever leaves does not leave a thread behind that is not counted.
            return await asyncio.shield(task)
    except TimeoutError:
        raise StoreError("it could not be read in time: the disk is slow, or many ask") from None
