"""What is read beside the loop: by two threads at a time, for as long as somebody would wait, and never by a thread that nobody counts."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from watchdog.store.failures import StoreError
from watchdog.web import aside as asides
from watchdog.web.aside import AT_ONCE, aside


class Slow:
    """Work that lasts until it is let go; counts how much of it goes on at a time."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Semaphore(0)
        self.now = self.most = 0
        self._lock = threading.Lock()

    def __call__(self) -> int:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.begun.release()
        self.go.wait(60)
        with self._lock:
            self.now -= 1
        return 1


@pytest.fixture
def slow() -> Iterator[Slow]:
    """Let go at the end, whatever the test has come to."""
    work = Slow()
    yield work
    work.go.set()


async def test_however_many_ask_few_threads_work(slow):
    """The others wait for their turn, and all are answered."""
    asking = [asyncio.create_task(aside(slow)) for _ in range(20)]
    for _ in range(AT_ONCE):
        await asyncio.to_thread(slow.begun.acquire)
    slow.go.set()
    assert await asyncio.gather(*asking) == [1] * 20
    assert slow.most == AT_ONCE


async def test_who_leaves_leaves_no_thread_that_is_not_counted(slow):
    """The place is taken until the work is done, or each who comes and goes would begin one more."""
    first = [asyncio.create_task(aside(slow)) for _ in range(AT_ONCE)]
    for _ in range(AT_ONCE):
        await asyncio.to_thread(slow.begun.acquire)
    for one in first:
        one.cancel()
    await asyncio.wait(first)
    later = asyncio.create_task(aside(slow))
    for _ in range(10):
        await asyncio.sleep(0)
    assert slow.now == AT_ONCE
    slow.go.set()
    assert await later == 1
    assert slow.most == AT_ONCE


async def test_a_disk_that_hangs_is_said(slow, monkeypatch):
    """Also to whom never had a turn; once it answers again so does this."""
    monkeypatch.setattr(asides, "PATIENCE", 0.05)
    said = await asyncio.gather(*(aside(slow) for _ in range(AT_ONCE + 3)), return_exceptions=True)
    assert [type(one) for one in said] == [StoreError] * (AT_ONCE + 3)
    slow.go.set()
    monkeypatch.undo()
    assert await aside(slow) == 1


async def test_what_goes_wrong_is_told_as_it_is():
    """And gives its place back."""

    def broken() -> None:
        raise StoreError("closed")

    for _ in range(2 * AT_ONCE):
        with pytest.raises(StoreError, match="closed"):
            await aside(broken)


async def test_a_place_rests_for_as_long_as_it_was_taken():
    """Or a log that SQLite can't begin anew while somebody reads would grow for as long as people read."""
    spans: list[tuple[float, float]] = []
    go = threading.Event()

    def work() -> None:
        began = time.monotonic()
        go.wait(60)
        spans.append((began, time.monotonic()))

    first = [asyncio.create_task(aside(work)) for _ in range(AT_ONCE)]
    next_ = asyncio.create_task(aside(work))
    asyncio.get_running_loop().call_later(0.2, go.set)
    await asyncio.gather(*first, next_)
    *taken, last = sorted(spans)
    assert len(taken) == AT_ONCE
    assert any(last[0] - ended >= 0.9 * (ended - began) for began, ended in taken)
