"""Moments on the calendar."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from watchdog.lang.display import lasting
from watchdog.lang.moment import day_and_time, on_calendar


def test_a_moment_is_the_same_in_every_zone():
    """Only how it is called differs."""
    there = on_calendar(1_772_330_584_005, ZoneInfo("Europe/Berlin"))
    assert there == on_calendar(1_772_330_584_005)
    assert (there.hour, there.utcoffset().total_seconds()) == (3, 3600)
    assert day_and_time(1_772_330_584_005) == "2026-03-01 02:03:04"


@pytest.mark.parametrize("zone", [UTC, None, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Niue")])
@pytest.mark.parametrize(("wall", "year"), [(-(2**62), 1970), (2**62, 9987)])
def test_no_zone_carries_it_out_of_the_calendar(zone, wall, year):
    """A clock that has lost itself breaks nothing that is read."""
    assert abs(on_calendar(wall, zone).year - year) <= 1


@pytest.mark.parametrize(("milliseconds", "text"), [(None, ""), (-5, "0s"), (0, "0s"), (7, "7ms"), (1_999, "1s"), (725_000, "12m 5s")])
def test_how_long_it_lasts(milliseconds, text):
    """Nothing lasts less than nothing."""
    assert lasting(milliseconds) == text
