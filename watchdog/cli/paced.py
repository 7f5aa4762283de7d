"""
Printing what comes without end, at the pace of whoever reads it.

The counterpart of `output`, whose lines are few: here a reader who is slow, or has stopped, must neither hold up the event loop nor make
the program grow. What he can't keep up with is left out, the oldest first, and counted.
"""

import asyncio
import os
import select
import stat
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, Generic, TextIO, TypeVar

Item = TypeVar("Item")
MOST_WAITING: Final = 10_000


class Paced(Generic[Item]):
    """What waits to be printed on a stream; `say` prints one item on it, `left_out` makes the item that says how many were left out."""

    def __init__(self, stream: TextIO, *, say: Callable[[Item], None], left_out: Callable[[int], Item], most: int = MOST_WAITING) -> None:
        self._stream = stream
        self._say = say
        self._left_out = left_out
        self._most = most
        self._waiting: deque[Item] = deque()
        self._lacking = 0
        self._came = asyncio.Event()
        self._output = _descriptor(stream)

    def put(self, item: Item) -> None:
        """Have it printed when its turn comes."""
        if len(self._waiting) == self._most:
            self._waiting.popleft()
            self._lacking += 1
        self._waiting.append(item)
        self._came.set()

    async def run(self) -> None:
        """Prints for as long as somebody reads; raises `BrokenPipeError` as soon as nobody does, though nothing comes."""
        async with asyncio.TaskGroup() as tasks:
            leaving = tasks.create_task(self._notice_the_end(), name="reader")
            await self._print()
            leaving.cancel()

    def rest(self) -> None:
        """Prints what is left, as far as that goes without waiting."""
        for item in self._items():
            if not self._may_write():
                return
            self._say_at_once(item)

    async def _print(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._came.wait()
            self._came.clear()
            for item in self._items():
                while not self._may_write():
                    await _ready(self._output, loop.add_writer, loop.remove_writer)
                self._say_at_once(item)
                # Whatever else goes on has its turn between two lines.
                await asyncio.sleep(0)

    def _items(self) -> Iterator[Item]:
        while self._waiting or self._lacking:
            if self._lacking:
                lacking, self._lacking = self._lacking, 0
                yield self._left_out(lacking)
            else:
                yield self._waiting.popleft()

    def _say_at_once(self, item: Item) -> None:
        self._say(item)
        self._stream.flush()

    def _may_write(self) -> bool:
        """Whether a line can be written without waiting (poll(2)), or in vain."""
        if self._output < 0:
            return True
        asked = select.poll()
        asked.register(self._output, select.POLLOUT)
        return bool(asked.poll(0))

    async def _notice_the_end(self) -> None:
        # The kernel tells the writing end of a pipe of nothing but its end.
        if self._output >= 0 and stat.S_ISFIFO(os.fstat(self._output).st_mode):
            loop = asyncio.get_running_loop()
            await _ready(self._output, loop.add_reader, loop.remove_reader)
            raise BrokenPipeError


async def _ready(descriptor: int, add: Callable[..., None], remove: Callable[[int], bool]) -> None:
    """Waits until the loop says that the descriptor is ready."""
    done = asyncio.Event()
    add(descriptor, done.set)
    try:
        await done.wait()
    finally:
        remove(descriptor)


def _descriptor(stream: TextIO) -> int:
    try:
        return stream.fileno()
    except (OSError, ValueError):  # a stream without a file never keeps anybody waiting
        return -1
