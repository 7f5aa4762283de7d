"""Once a week by the clocks of a place."""

from datetime import UTC, datetime, timedelta

import pytest

from watchdog.config.zones import read_zone
from watchdog.model.hours import UTC as UTC_ZONE
from watchdog.model.weekly import DAYS, Weekly

BERLIN = read_zone("Europe/Berlin") or UTC_ZONE


def wall(text: str) -> int:
    """UTC milliseconds of a moment."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("weekly", "now", "then"),
    [
        (Weekly(), "2026-11-26T21:00:00", "2026-11-30T09:00:00"),
        (Weekly(), "2026-11-30T08:59:59.999", "2026-11-30T09:00:00"),
        (Weekly(), "2026-11-30T09:00:00", "2026-12-07T09:00:00"),
        (Weekly(6, 0), "2026-11-29T00:00:01", "2026-12-06T00:00:00"),
        (Weekly(0, 540, BERLIN), "2026-11-26T21:00:00", "2026-11-30T08:00:00"),
        (Weekly(0, 540, BERLIN), "2026-07-02T21:00:00", "2026-07-06T07:00:00"),
        # Over the night in which the clocks are changed, in both directions.
        (Weekly(0, 540, BERLIN), "2026-03-28T12:00:00", "2026-03-30T07:00:00"),
        (Weekly(0, 540, BERLIN), "2026-10-24T12:00:00", "2026-10-26T08:00:00"),
        # Half past two on the Sunday on which there is none, then on that on which there are two.
        (Weekly(6, 150, BERLIN), "2026-03-28T12:00:00", "2026-03-29T00:30:00"),
        (Weekly(6, 150, BERLIN), "2026-10-24T12:00:00", "2026-10-25T00:30:00"),
    ],
)
def test_the_next_one(weekly, now, then):
    """After now, never now; by the clocks of the place in summer and in winter."""
    found = weekly.after(wall(now))

    assert datetime.fromtimestamp(found / 1000, UTC).replace(tzinfo=None).isoformat() == then


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "UTC"])
def test_there_is_one_a_week(zone):
    """Seven days apart but for an hour, always later, for three years; on its day by its clocks."""
    weekly = Weekly(0, 9 * 60, read_zone(zone) or UTC_ZONE)
    at = wall("2026-01-01T00:00:00")
    for _ in range(156):
        then = weekly.after(at)
        shown = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=weekly.zone.shown(then))
        assert at < then <= at + 7 * 86_400_000 + 3_600_000
        assert (DAYS[shown.weekday()], shown.hour, shown.minute) == ("monday", 9, 0)
        at = then


def test_it_is_shown_as_it_is_written():
    """Day, time, zone."""
    assert str(Weekly(2, 61, BERLIN)) == "wednesday 01:01 (Europe/Berlin)"
