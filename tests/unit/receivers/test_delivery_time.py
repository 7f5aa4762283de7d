"""When the deliverer does what, by itself: in virtual time (looptime), with a store that lives in memory."""

import asyncio

import pytest

from tests.unit.receivers.memory_store import LoopClock, MemoryStore
from tests.unit.receivers.told import Told, delivering
from watchdog.receivers.receiver import TryAgainError

pytestmark = pytest.mark.looptime


@pytest.fixture
def clock():
    """Goes with the loop."""
    return LoopClock()


@pytest.fixture
def box(clock):
    """An outbox in memory."""
    store = MemoryStore(clock)
    yield store
    store.close()


class Stubborn(Told):
    """Fails so many times."""

    def __init__(self, failures, after=None):
        super().__init__()
        self.left, self.after = failures, after
        self.failing = self._answer

    def _answer(self):
        self.left -= 1
        return TryAgainError("answered 500", self.after) if self.left >= 0 else None


async def taken(receiver):
    """Until it has taken one."""
    while not receiver.got:
        await receiver.heard.get()
        await asyncio.sleep(0)


async def test_attempts_come_when_they_are_due(box, clock, notice):
    """A receiver that fails ten times gets its eleventh attempt, each wait within the bounds of the backoff, without anybody waking the deliverer."""
    receiver = Stubborn(10)
    await box.hand(notice("1"))
    async with delivering(box, {"ops": receiver}, clock):
        await taken(receiver)
    waits = [late - early for early, late in zip(receiver.times, receiver.times[1:], strict=False)]
    assert len(waits) == 10
    for number, wait in enumerate(waits, start=1):
        assert 1 <= wait <= min(2**number, 300) + 0.1


async def test_retry_after_is_kept_to_the_second(box, clock, notice):
    """A receiver that asked for ten minutes is left alone for ten minutes, by all that waits for it."""
    receiver = Stubborn(1, after=600_000)
    await box.hand(notice("1"), notice("2"))
    async with delivering(box, {"ops": receiver}, clock):
        await taken(receiver)
    assert 600 <= receiver.times[1] - receiver.times[0] <= 600.1


async def test_a_clock_that_is_set_forward_is_noticed(box, clock, notice):
    """A wall clock that is set forward moves no timer; the deliverer looks again within a minute."""
    receiver = Stubborn(1, after=3_600_000)
    await box.hand(notice("1"))
    asyncio.get_running_loop().call_later(90, lambda: setattr(clock, "offset", clock.offset + 3_600_000))
    async with delivering(box, {"ops": receiver}, clock):
        await taken(receiver)
    assert 90 < receiver.times[1] - receiver.times[0] <= 150


async def test_a_clock_that_is_set_back_delays_nothing(box, clock, notice):
    """By a year: what was shown, written and put off by the clock of before is not waited for."""
    receiver = Stubborn(1, after=60_000)
    await box.hand(notice("1", "a"))
    async with delivering(box, {"ops": receiver}, clock):
        await receiver.next()
        clock.offset -= 365 * 86_400_000
        await taken(receiver)
        await box.hand(notice("2", "a"))
        await asyncio.sleep(61)
    assert [one.notices[-1].id for one in receiver.got] == ["1", "2"]
    assert receiver.times[-1] < 200


async def test_an_empty_outbox_costs_nothing(box, clock):
    """With nothing to deliver the deliverer sleeps until it is told of news: one look at the start, one for each news, none else in a day."""
    async with delivering(box, {"ops": Told()}, clock):
        await asyncio.sleep(3_600)
        box.post.tell()
        await asyncio.sleep(86_400)
    assert box.writer.reads == 3, "one more is for messages that nobody will fetch"
