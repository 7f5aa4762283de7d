"""The agent notices that it was held, or that its machine slept; and says so to the engine before anything else."""

import asyncio

import pytest

from tests.unit.daemon.story import STUCK
from watchdog.clock import Clock
from watchdog.daemon.wakefulness import Wakefulness
from watchdog.model.events import Gap, RulesLoaded, Started, TimeReached


class Hands(Clock):
    """Both clocks, as they are set."""

    def __init__(self) -> None:
        self.now = 1_000_000
        self.slept = 77

    def at(self) -> int:
        return self.now

    def asleep(self) -> int:
        return self.slept


@pytest.mark.parametrize(
    ("passed", "slept", "gap"),
    [
        (5_000, 0, None),
        (10_000, 5_000, None),  # late, and not too late
        (10_001, 0, Gap(1_000_000, 10_001)),
        (480_000, 0, Gap(1_000_000, 480_000)),
        (3_000, 480_000, Gap(1_000_000, 3_000, asleep=480_000)),
        (3_000, -60_000, None),
    ],
)
def test_what_has_been_missed(passed, slept, gap):
    """A loop that comes round far too late, and a machine that slept; told once."""
    clock = Hands()
    wakefulness = Wakefulness(clock, 5_000)
    assert wakefulness.missed() is None  # nothing before the first turn
    wakefulness.turned()
    clock.now += passed
    clock.slept += slept

    assert wakefulness.missed() == gap
    assert wakefulness.missed() is None


async def test_the_engine_hears_of_it_first(run, until):
    """A loop that was held for a minute tells of the gap before it takes what has come meanwhile."""
    one = run()
    await one.turns.settle(Started("0", "boot-1", "web1"))
    await one.turns.settle(RulesLoaded(STUCK.digest, STUCK.mode), rules=STUCK)
    one.turns._wakefulness._turned_at -= 60_000
    await one.turns.settle(TimeReached())
    bodies = [event.body for event, _ in one.observed]

    assert [type(body) for body in bodies[-2:]] == [Gap, TimeReached]
    assert bodies[-2].ms >= 60_000
    await asyncio.sleep(0)
