"""Printing without end: for a reader who keeps up, one who is slow, and one who leaves."""

import asyncio
import fcntl
import os
from collections.abc import Iterator
from typing import TextIO

import pytest

from watchdog.cli.paced import Paced

_F_SETPIPE_SZ = 1031


class Pipe:
    """Standard output as a small pipe whose other end the test holds."""

    def __init__(self) -> None:
        self.end, writing = os.pipe()
        fcntl.fcntl(writing, _F_SETPIPE_SZ, 4096)
        self.stream = os.fdopen(writing, "w")

    async def read(self) -> list[str]:
        """The lines that have come, at least one."""
        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self.end, ready.set)
        await ready.wait()
        loop.remove_reader(self.end)
        return [line.strip() for line in os.read(self.end, 65_536).decode().splitlines()]

    def leave(self) -> None:
        """Nobody reads any more."""
        if self.end >= 0:
            os.close(self.end)
            self.end = -1

    def close(self) -> None:
        """Both ends."""
        self.leave()
        # What is still in its buffer has no reader.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
        self.stream.close()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """See `Pipe`."""
    one = Pipe()
    yield one
    one.close()


def paced(stream: TextIO, most: int = 100) -> Paced[str]:
    """Lines of text, each as long as half the pipe."""
    return Paced(stream, say=lambda text: print(text.rjust(2_000), file=stream), left_out=lambda number: f"{number} left out", most=most)


async def test_lines_come_as_they_are_put(pipe):
    """At once, in order."""
    lines = paced(pipe.stream)
    printing = asyncio.create_task(lines.run())
    lines.put("a")
    lines.put("b")
    assert await pipe.read() + await pipe.read() == ["a", "b"]
    printing.cancel()


async def test_a_slow_reader_holds_nobody_up_and_makes_nothing_grow(pipe):
    """The loop goes on, at most so many lines wait, and the reader is told how many he has missed, and sees the newest."""
    lines = paced(pipe.stream, most=10)
    printing = asyncio.create_task(lines.run())
    for number in range(1_000):
        lines.put(f"n{number}")
        await asyncio.sleep(0)
    read: list[str] = []
    while not read or read[-1] != "n999":
        read += await pipe.read()
    printing.cancel()
    lost = sum(int(line.split()[0]) for line in read if line.endswith("left out"))
    numbers = [int(line[1:]) for line in read if line.startswith("n")]
    assert lost + len(numbers) == 1_000
    assert lost > 900
    assert numbers == sorted(numbers)


async def test_a_reader_that_leaves_is_noticed_although_nothing_comes(pipe):
    """As `tail -f` does it."""
    printing = asyncio.create_task(paced(pipe.stream).run())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not printing.done()
    pipe.leave()
    with pytest.raises(ExceptionGroup) as left:
        await printing
    assert left.group_contains(BrokenPipeError)


async def test_what_is_left_at_the_end_is_printed_as_far_as_it_goes(pipe):
    """Nobody waits for a reader who does not read."""
    lines = paced(pipe.stream)
    for number in range(50):
        lines.put(f"n{number}")
    lines.rest()
    assert (await pipe.read())[0] == "n0"


async def test_a_file_is_always_ready(tmp_path, until):
    """It can't be waited for, and needs not be."""
    with (tmp_path / "out").open("w") as file:
        lines = paced(file)
        printing = asyncio.create_task(lines.run())
        for number in range(30):
            lines.put(f"n{number}")
        await until(lambda: (tmp_path / "out").stat().st_size == 30 * 2_001, what="all lines")
        printing.cancel()
