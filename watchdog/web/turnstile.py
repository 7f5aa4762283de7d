"""
One at a time: at each step of the loop no more than one reader's question is worked on, however many have come.

What is worked on is short. A hundred and fifty such pieces in one step would keep the engine from its turn for seconds; so those who look wait for each other, and never the engine for them.
"""

import asyncio
from typing import Final
from weakref import WeakKeyDictionary

_LOCKS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]] = WeakKeyDictionary()


async def my_turn() -> None:
    """Returns in a step of the loop that nobody else who asks for one has; in the order in which they ask."""
    async with _LOCKS.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        await asyncio.sleep(0)
