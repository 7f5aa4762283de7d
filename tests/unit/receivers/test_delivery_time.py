"""When the deliverer wakes by itself: in virtual time (looptime), with a store that lives in memory."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from watchdog.clock import Clock
from watchdog.receivers.delivery import Deliverer
from watchdog.receivers.receiver import TryAgainError
from watchdog.store.outbox import Outgoing

pytestmark = pytest.mark.looptime


class LoopClock(Clock):
    """Wall time that goes with the loop's."""

    offset = 1_700_000_000_000

    def wall(self) -> int:
        return self.at() + self.offset


class OneMessage:
    """As much of a store as a deliverer needs, with one message in it."""

    def __init__(self, clock, notice) -> None:
        self.head: Outgoing | None = Outgoing(1, "ops", 0, clock.wall(), notice)
        self.next_try = 0
        self.looks = 0
        self.on_outbox: Callable[[], None] | None = None

    async def due(self, receiver, now):
        self.looks += 1
        return [self.head] if self.head and self.next_try <= now else []

    async def next_due(self, receiver):
        return self.next_try if self.head else None

    async def failed(self, id_, receiver, error, next_try):
        assert self.head is not None
        self.next_try = next_try
        self.head = Outgoing(1, "ops", self.head.attempts + 1, self.head.written, self.head.notice)

    async def given_up(self, id_, receiver, error):
        raise AssertionError("nothing is given up here")

    async def delivered(self, id_, receiver, wall):
        self.head = None

    async def outbox_counts(self):
        return {}


class Stubborn:
    """A receiver that fails so many times; keeps the loop times of the attempts."""

    def __init__(self, failures, after=None) -> None:
        self.left, self.after = failures, after
        self.times: list[float] = []
        self.done = asyncio.Event()

    async def send(self, notice):
        self.times.append(asyncio.get_running_loop().time())
        if self.left:
            self.left -= 1
            raise TryAgainError("answered 500", self.after)
        self.done.set()

    async def close(self):
        pass


async def run_until(event, deliverer):
    """Let it work until then."""
    task = asyncio.create_task(deliverer.run())
    await event.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_attempts_come_when_they_are_due(notice):
    """A receiver that fails ten times gets its eleventh attempt, each wait within the bounds of the backoff, without anybody waking the deliverer."""
    clock, receiver = LoopClock(), Stubborn(10)
    await run_until(receiver.done, Deliverer(OneMessage(clock, notice("1")), {"ops": receiver}, clock))
    waits = [late - early for early, late in zip(receiver.times, receiver.times[1:], strict=False)]
    assert len(waits) == 10
    for number, wait in enumerate(waits, start=1):
        assert 1 <= wait <= min(2**number, 300) + 0.1


async def test_retry_after_is_kept_to_the_second(notice):
    """A receiver that asked for ten minutes is left alone for ten minutes."""
    clock, receiver = LoopClock(), Stubborn(1, after=600_000)
    await run_until(receiver.done, Deliverer(OneMessage(clock, notice("1")), {"ops": receiver}, clock))
    assert 600 <= receiver.times[1] - receiver.times[0] <= 600.1


async def test_a_clock_that_is_set_forward_is_noticed(notice):
    """A wall clock that is set forward moves no timer; the deliverer looks again within a minute."""
    clock, receiver = LoopClock(), Stubborn(1, after=3_600_000)
    store = OneMessage(clock, notice("1"))
    asyncio.get_running_loop().call_later(90, lambda: setattr(clock, "offset", clock.offset + 3_600_000))
    await run_until(receiver.done, Deliverer(store, {"ops": receiver}, clock))
    assert 90 < receiver.times[1] - receiver.times[0] <= 150


async def test_an_empty_outbox_costs_nothing(notice):
    """With nothing to deliver the deliverer sleeps until it is told of news: one look at the start, one for each news, none else in a day."""
    clock = LoopClock()
    store = OneMessage(clock, notice("1"))
    store.head = None
    day = asyncio.Event()
    asyncio.get_running_loop().call_later(3_600, lambda: store.on_outbox and store.on_outbox())
    asyncio.get_running_loop().call_later(86_400, day.set)
    await run_until(day, Deliverer(store, {"ops": Stubborn(0)}, clock))
    assert store.looks == 2
