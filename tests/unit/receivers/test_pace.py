"""How often a receiver may be called."""

import asyncio

import pytest

from tests.unit.receivers.memory_store import LoopClock
from watchdog.model.parameters import Allowance
from watchdog.receivers.pace import Pace

pytestmark = pytest.mark.looptime


async def test_any_stretch_holds_so_many_calls():
    """Three in ten seconds, wherever the ten seconds begin; the first ones come at once."""
    pace, times = Pace(Allowance(3, 10_000), LoopClock()), []
    for pause in (0, 0, 4, 0, 0, 30, 0, 0, 0):
        await asyncio.sleep(pause)
        await pace.turn()
        times.append(asyncio.get_running_loop().time())
    assert times[:3] == [times[0], times[0], times[0] + 4]
    assert all(late - early >= 10 for early, late in zip(times, times[3:], strict=False))
    assert times[-1] - times[0] <= 64.1


async def test_the_wait_is_known_before():
    """In milliseconds, and nothing where there is room or no limit."""
    pace = Pace(Allowance(1, 10_000), LoopClock())
    assert pace.wait() == 0
    await pace.turn()
    await asyncio.sleep(4)
    assert pace.wait() == 6_000
    free = Pace(None, LoopClock())
    for _ in range(1_000):
        await free.turn()
    assert free.wait() == 0
