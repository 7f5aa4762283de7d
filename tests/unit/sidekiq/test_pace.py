"""How long to wait before Redis is asked again: as usual, unless that costs it too much."""

import pytest

from watchdog.rulefile import redis_settings as settings
from watchdog.sidekiq import pace
from watchdog.sidekiq.pace import MOST, Pace

WINDOW = 15_000


def test_the_limit_is_the_same_everywhere():
    """What the config means when it says nothing is what the follower does when it is told nothing."""
    assert pace.BUDGET == settings.BUDGET


def test_below_the_limit_all_is_as_usual():
    """Intervals are neither longer nor shorter, and announced changes are read at once."""
    one = Pace(0.02)
    one.judge(busy=0.019 * WINDOW, elapsed=WINDOW)

    assert (one.wait(1_000), one.age(15_000), one.gather()) == (1.0, 15_000, 0.0)
    assert one.share == pytest.approx(0.019)


def test_above_the_limit_intervals_grow():
    """From the second time in a row on: by as much as it was too much, at most double at a time, and never without bound."""
    one = Pace(0.02)
    one.judge(busy=0.03 * WINDOW, elapsed=WINDOW)
    assert (one.wait(1_000), one.share) == (1.0, 0.03)
    one.judge(busy=0.03 * WINDOW, elapsed=WINDOW)
    assert one.wait(1_000) == 1.5
    assert one.age(15_000) == 22_500
    assert one.gather() > 0
    for _ in range(10):
        one.judge(busy=WINDOW, elapsed=WINDOW)
    assert one.stretch == MOST


def test_it_recovers():
    """When the expense is over, intervals are as usual again after a few windows."""
    one = Pace(0.02)
    for _ in range(6):
        one.judge(busy=WINDOW, elapsed=WINDOW)
    for _ in range(3):
        one.judge(busy=0, elapsed=WINDOW)
    assert one.stretch == 1


def test_no_time_no_judgement():
    """A window in which the clock stood still says nothing."""
    one = Pace(0.02)
    one.judge(busy=5, elapsed=0)
    assert (one.share, one.stretch) == (0.0, 1.0)


def test_what_keeps_a_budget_of_its_own_slows_nothing_else():
    """A census of minutes is shown in the share, and the rest goes on as usual."""
    one = Pace(0.02)
    for _ in range(5):
        one.judge(busy=0.12 * WINDOW, elapsed=WINDOW, apart=0.11 * WINDOW)
    assert one.share == pytest.approx(0.12)
    assert one.stretch == 1.0
