"""The guard of hours: when a rule may act, by which clocks, in summer and in winter."""

from datetime import UTC, datetime

import pytest

from watchdog.config.zones import read_zone
from watchdog.engine.guards.hours import hours
from watchdog.model.hours import Hours, Zone
from watchdog.model.verdicts import Answer
from watchdog.rulefile.hours import hours_in

NIGHT = Hours(22 * 60, 6 * 60)
BERLIN = read_zone("Europe/Berlin")


def wall(text: str) -> int:
    """UTC milliseconds of a moment."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("allowed", "at", "acts"),
    [
        (NIGHT, "2026-11-26T21:59:59", False),
        (NIGHT, "2026-11-26T22:00:00", True),
        (NIGHT, "2026-11-27T00:00:00", True),
        (NIGHT, "2026-11-27T05:59:59", True),
        (NIGHT, "2026-11-27T06:00:00", False),
        (Hours(9 * 60, 17 * 60), "2026-11-27T09:00:00", True),
        (Hours(9 * 60, 17 * 60), "2026-11-27T17:00:00", False),
        (Hours(0, 1_440), "2026-11-27T23:59:59", True),
        (Hours(23 * 60, 1_440), "2026-11-27T23:59:59", True),
        (Hours(23 * 60, 0), "2026-11-28T00:00:00", False),
    ],
)
def test_when_it_acts(view, allowed, at, acts):
    """From the first minute until before the last one, over midnight where it is written so; without a zone by UTC."""
    verdict = hours(view(wall=wall(at), settings={"hours": allowed, "zone": "local"}))

    assert verdict.answer is (Answer.PASS if acts else Answer.DENY)


def test_it_says_what_time_it_is_and_when_it_may(view):
    """To the millisecond of the first minute."""
    verdict = hours(view(at=1_000_000, wall=wall("2026-11-26T21:58:30") + 500, settings={"hours": NIGHT, "zone": "UTC"}))

    assert verdict.reason == "the rule acts at 22:00-06:00 only, and it is 21:58 (UTC)"
    assert verdict.until == 1_000_000 + 89_500


@pytest.mark.parametrize(
    ("at", "acts"),
    [
        ("2026-07-01T19:59:00", False),  # 21:59 in summer
        ("2026-07-01T20:00:00", True),
        ("2026-12-01T20:59:00", False),  # 21:59 in winter
        ("2026-12-01T21:00:00", True),
        ("2026-03-29T03:59:00", True),  # the night in which 02:00 is 03:00: 05:59
        ("2026-03-29T04:00:00", False),
        ("2026-10-25T04:59:00", True),  # the night that is an hour longer
        ("2026-10-25T05:00:00", False),
    ],
)
def test_the_clocks_of_a_place(view, at, acts):
    """Summer time is theirs, too."""
    assert (hours(view(wall=wall(at), settings={"hours": NIGHT, "zone": BERLIN})).answer is Answer.PASS) is acts


def test_the_hour_that_comes_twice(view):
    """By clocks that show half past two both times it is half past two both times; and the one that is left out never comes."""
    narrow = {"hours": Hours(2 * 60, 3 * 60), "zone": BERLIN}
    fall = [hours(view(wall=wall(f"2026-10-25T0{hour}:30:00"), settings=narrow)).answer for hour in (0, 1, 2)]
    spring = [hours(view(wall=wall(f"2026-03-29T0{hour}:30:00"), settings=narrow)).answer for hour in (0, 1, 2)]

    assert fall == [Answer.PASS, Answer.PASS, Answer.DENY]
    assert spring == [Answer.DENY, Answer.DENY, Answer.DENY]


def test_what_has_begun_is_brought_to_its_end(view):
    """The next step of an incident comes after the last minute, too."""
    assert hours(view(wall=wall("2026-11-27T12:00:00"), settings={"hours": NIGHT, "zone": "UTC"}, incident="7.0")).answer is Answer.PASS


@pytest.mark.parametrize("text", ["22:00-06:00", "0:00-24:00", " 09:30 - 10:00 "])
def test_hours_are_read(text):
    """With or without blanks and a leading zero; shown they are what they were."""
    read = hours_in(text)
    assert read is not None
    assert hours_in(str(read)) == read


@pytest.mark.parametrize(
    "text", ["", "22-06", "22:00", "22:00-6", "24:00-01:00", "22:60-06:00", "22:00-24:01", "06:00-06:00", "22:00-06:00 UTC"]
)
def test_what_are_no_hours(text):
    """Refused, not guessed."""
    assert hours_in(text) is None


def test_before_the_first_change_its_offset_holds():
    """And behind the last that one's."""
    zone = Zone("x", (100, 200), (10, 20))

    assert [zone.shown(at) for at in (50, 100, 199, 200, 999)] == [60, 110, 209, 220, 1019]
