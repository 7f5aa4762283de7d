"""The pace, whatever asking costs: never faster than usual, within the limit where that is possible, and as usual when it is over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.sidekiq.pace import MOST, Pace

WINDOW = 15_000
SHARES = st.floats(min_value=0, max_value=1)
LIMITS = st.floats(min_value=0.001, max_value=1)


@given(limit=LIMITS, busy=st.lists(st.floats(min_value=0, max_value=1e9), max_size=40))
def test_never_faster_than_usual_and_never_without_bound(limit, busy):
    """Each interval lies between the usual one and `MOST` times that, and changes at most by half or double at a time."""
    one = Pace(limit)
    for spent in busy:
        before = one.stretch
        one.judge(busy=spent, elapsed=WINDOW)
        assert 1 <= one.stretch <= MOST
        assert before / 2 <= one.stretch <= 2 * before
        assert one.wait(1_000) >= 1
        assert one.age(WINDOW) >= WINDOW


@given(limit=LIMITS, clocked=SHARES, told=SHARES)
def test_it_comes_to_the_limit(limit, clocked, told):
    """
    What is read by the clock costs less the longer it waits; what Redis announces costs the same.

    Where both fit into the limit it is kept, and not by waiting longer than that takes.
    """
    one = Pace(limit)
    for _ in range(400):
        one.judge(busy=(told + clocked / one.stretch) * WINDOW, elapsed=WINDOW)
    if told + clocked <= limit:
        assert one.stretch == 1
    elif told > 1.1 * limit:
        assert one.stretch == MOST
    elif told < 0.9 * limit:
        assert one.stretch == pytest.approx(min(MOST, clocked / (limit - told)), rel=0.01)
        assert one.stretch > 0.98 * MOST or one.share <= limit * 1.01


@given(limit=LIMITS, busy=st.lists(SHARES, max_size=20), rest=st.floats(min_value=0, max_value=0.45))
def test_it_recovers_from_anything(limit, busy, rest):
    """Whatever was, with less than half of the limit intervals are as usual again within four windows."""
    one = Pace(limit)
    for spent in busy:
        one.judge(busy=spent * WINDOW, elapsed=WINDOW)
    for _ in range(4):
        one.judge(busy=rest * limit * WINDOW, elapsed=WINDOW)
    assert one.stretch == 1
