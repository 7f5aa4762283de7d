"""Work on one connection: it ends together, and whoever wants the end gets it."""

import asyncio

import pytest

from watchdog.sidekiq.failures import SourceUnavailableError, unavailable
from watchdog.sidekiq.redis_clock import RedisClock
from watchdog.sidekiq.together import together
from watchdog.sidekiq.tracking import Overflow


async def fail(event: asyncio.Event, error: Exception) -> None:
    """Wait, then raise it."""
    await event.wait()
    raise error


async def test_the_first_failure_ends_everything():
    """What goes on is cancelled, and the failure comes out."""
    event, other = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(together(one=fail(event, unavailable("reset", "h")), two=fail(other, ValueError())))
    event.set()
    with pytest.raises(SourceUnavailableError):
        await task


async def test_a_fault_is_no_failure_of_redis():
    """It comes out as what it is, even where the connection ends in the same moment."""
    event = asyncio.Event()
    event.set()
    with pytest.raises(ExceptionGroup, match="following Redis"):
        await together(one=fail(event, unavailable("reset", "h")), two=fail(event, ValueError("ours")))


async def test_a_cancellation_beside_a_failure_is_not_lost():
    """The connection ends in the moment in which the agent is told to end: it ends."""
    event = asyncio.Event()
    task = asyncio.create_task(together(one=fail(event, unavailable("reset", "h"))))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    event.set()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_ends_by_itself_ends_nothing():
    """Work that is done leaves the rest alone."""
    event = asyncio.Event()
    task = asyncio.create_task(together(one=asyncio.sleep(0), two=fail(event, unavailable("reset", "h"))))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    event.set()
    with pytest.raises(SourceUnavailableError):
        await task


def test_readings_in_vain_are_counted_by_period():
    """What reconciling and torn readings explain is no overflow; what goes on and on is, and is tried again after ten minutes."""
    overflow = Overflow()
    for tick in range(1, 100):
        assert not overflow.is_over(tick)
        for _ in range(100):
            overflow.count(fresh=True)
        for _ in range(10):
            overflow.count(fresh=False)
        assert not overflow.happens(10)
    for _ in range(300):
        overflow.count(fresh=False)
    assert overflow.happens(10)
    assert not overflow.is_over(698)
    assert overflow.is_over(699)
    assert not overflow.is_over(700)


def test_a_clock_that_drifts_does_not_jump():
    """A second is nothing; more than five at once are told."""
    clock = RedisClock()
    assert clock.slots(100_000, 1_000) == {"clock": 99_000}
    assert clock.slots(106_000, 3_000) == {"clock": 99_000}
    assert clock.slots(200_000, 4_000) == {"clock": 196_000}
