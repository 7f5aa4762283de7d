"""What each function says of a history."""

import math

import pytest

from tests.unit.engine.test_history import LATENCY, MINUTE, SIZE, WINDOW, ask, history, series
from watchdog.lang.demands import Function
from watchdog.model.kinds import Source, Type
from watchdog.model.missing import MISSING

END = 20 * MINUTE
START = END - WINDOW


def sizes(*said: tuple[float, object], one=SIZE):
    """A history of the queue `push` in which that was said; times in minutes from the start of the window."""
    made = history(one)
    for minute, value in said:
        made.write(one.key, "push", value, START + round(minute * MINUTE))
    return made


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (Function.AVG, (2 * 10 + 3 * 40 + 5 * 5) / 10),
        (Function.MIN, 5),
        (Function.MAX, 40),
        (Function.SUM, 60 * (2 * 10 + 3 * 40 + 5 * 5)),
        (Function.FIRST, 10),
        (Function.LAST, 5),
        (Function.INCREASE, 30 + 5),
        (Function.RATE, 35 / 600),
        (Function.CHANGES, 2),
    ],
)
def test_functions_of_a_step_function(function, expected):
    """10 for two minutes, 40 for three, 5 for five; a mean weighs by time, a sum counts each second, a counter that fell began at 0."""
    seen = sizes((-1, 10), (2, 40), (5, 5))

    assert ask(seen, function, END) == pytest.approx(expected)
    assert type(ask(seen, Function.INCREASE, END)) is int


def test_what_stands_for_no_time_is_not_seen():
    """Two values at the same moment: only the last of them ever stood."""
    seen = sizes((-1, 1), (5, 1000), (5, 1))

    assert ask(seen, Function.MAX, END) == 1
    assert ask(seen, Function.CHANGES, END) == 0


def test_slope_of_a_straight_line():
    """A count that grows by one each second has a slope of one a second."""
    seen = sizes(*((second / 60, second) for second in range(-60, 601)))

    assert ask(seen, Function.SLOPE, END) == pytest.approx(1)


def test_slope_of_a_duration_is_a_ratio():
    """Latency that grows as fast as time has a slope of 100 %."""
    seen = sizes(*((second / 60, second * 1000) for second in range(601)), one=LATENCY)

    assert ask(seen, Function.SLOPE, END, one=LATENCY) == pytest.approx(1)
    assert ask(seen, Function.RATE, END, one=LATENCY) == pytest.approx(1, rel=0.01)


def test_one_odd_reading_does_not_turn_a_slope():
    """One spike at the very end moves the line by little; the difference of last and first would say 10 a second."""
    seen = sizes((-1, 0), (599 / 60, 6000))

    slope = ask(seen, Function.SLOPE, END)
    assert 0 < slope < 0.2


def test_slope_needs_two_buckets():
    """Through one point there is no line."""
    seen = sizes((10 - 4 / 60, 7), one=LATENCY)

    assert ask(seen, Function.SLOPE, END, one=LATENCY) is MISSING
    assert ask(seen, Function.LAST, END, one=LATENCY) == 7


def test_a_gap_belongs_to_no_mean_but_a_counter_goes_on():
    """While it could not be read a counter grew: the growth is seen, the time is not weighed."""
    seen = sizes((-1, 10), (4, MISSING), (5, 30))

    assert ask(seen, Function.INCREASE, END) == 20
    assert ask(seen, Function.RATE, END) == pytest.approx(20 / 600)
    assert ask(seen, Function.AVG, END) == pytest.approx((4 * 10 + 5 * 30) / 9)


def test_a_gap_with_the_same_value_on_both_sides_is_no_growth():
    """A counter that stood at 30 before and after a gap has not grown."""
    seen = sizes((-1, 30), (4, MISSING), (5, 30))

    assert ask(seen, Function.INCREASE, END) == 0
    assert ask(seen, Function.CHANGES, END) == 0


def test_what_falls_below_zero_has_not_grown():
    """A value that fell to less than nothing began anew at 0, and only grows from there."""
    seen = sizes((-1, 5), (4, -3), (6, -1))

    assert ask(seen, Function.INCREASE, END) == 2


def test_a_sum_beyond_floats_is_unknown():
    """What no float can hold is not known; it never raises."""
    ratio = series(type=Type.RATIO)
    seen = sizes((-1, 1e308), (5, -1e308), one=ratio)

    assert ask(seen, Function.SUM, END, one=ratio) is MISSING or math.isfinite(ask(seen, Function.SUM, END, one=ratio))
    assert ask(sizes((-1, 1e308), one=ratio), Function.AVG, END, one=ratio) is MISSING


def test_truths_stay_truths():
    """The first and last of a statement are true or false, no numbers."""
    flag = series(type=Type.BOOL, counter=False)
    seen = sizes((-1, True), (5, False), one=flag)

    assert ask(seen, Function.FIRST, END, one=flag) is True
    assert ask(seen, Function.LAST, END, one=flag) is False
    assert ask(seen, Function.CHANGES, END, one=flag) == 1


def test_a_window_that_is_no_multiple_looks_less_far():
    """Ten seconds are 119 buckets of 84 ms: never more than was asked for."""
    seen = sizes((10 - 10 / 60, 7), (10 - 9 / 60, 1))
    now = END + 24  # a boundary of buckets of 84 ms

    assert now % 84 == 0
    assert ask(seen, Function.MAX, now, window=10_000) == 7
    assert ask(seen, Function.MAX, now + 1_100, window=10_000) == 1


@pytest.mark.parametrize("function", list(Function))
def test_a_long_window_of_many_steps_is_summed_up_by_buckets(function, monkeypatch):
    """Where steps are many, sums of buckets that are over answer just as all the steps would, also after sources came and went."""

    def answers(many: int) -> list[object]:
        monkeypatch.setattr("watchdog.engine.tracks.MANY", many)
        seen = history()
        said = []
        for second in range(40 * 60):
            if second in (700, 1900):
                seen.lost(Source.REDIS, second * 1000)
            if second in (760, 1910):
                seen.back(Source.REDIS, second * 1000)
            seen.write(SIZE.key, "push", MISSING if second % 101 == 0 else 3 + second * 7 % 45, second * 1000)
            if second % 5 == 0:
                told = ask(seen, function, second * 1000)
                said.append(None if told is MISSING else told)
        assert None in said
        assert any(said)
        return said

    assert answers(200) == pytest.approx(answers(10**9))


@pytest.mark.parametrize("function", [Function.AVG, Function.INCREASE, Function.MAX, Function.FIRST])
def test_what_was_given_up_is_known_for_as_long_as_a_window_reaches_back_to_it(function: Function, monkeypatch: pytest.MonkeyPatch):
    """Many steps, of which only the sums of buckets are left, and then so few that nobody would sum them up: the answers are those of all the steps."""

    def answers(fold: int) -> list[object]:
        monkeypatch.setattr("watchdog.engine.tracks.FOLD", fold)
        monkeypatch.setattr("watchdog.engine.tracks.MANY", 200)
        seen = history()
        said = []
        for second in range(24 * 60):
            if second < 10 * 60 or second % 60 == 0:
                seen.write(SIZE.key, "push", second * 7 % 45, second * 1000)
            if second >= 10 * 60 and second % 5 == 0:
                said.append(ask(seen, function, second * 1000))
        return said

    folded = answers(300)
    assert not [told for told in folded if told is MISSING]
    assert folded == pytest.approx(answers(10**9))
