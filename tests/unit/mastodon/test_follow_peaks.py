"""The greatest number of follows of the last days."""

import pytest

from watchdog.mastodon.follow_peaks import DAYS, BrokenPeaksError, FollowPeaks, decode

DAY = 86_400_000
NOW = 20_000 * DAY


def test_a_peak_lasts_thirty_days():
    """It goes with the day on which it was counted."""
    peaks = FollowPeaks("example.org")
    assert peaks.peak("a.example") is None
    peaks.note("a.example", 40, wall=NOW)
    peaks.note("a.example", 12, wall=NOW + 1)
    peaks.note("a.example", 0, wall=NOW + (DAYS - 1) * DAY)
    assert peaks.peak("a.example") == 40
    peaks.note("a.example", 0, wall=NOW + DAYS * DAY)
    assert (peaks.peak("a.example"), peaks.peak("b.example")) == (0, None)


def test_a_clock_that_was_ahead():
    """What was counted in the future was counted by a wrong clock."""
    peaks = FollowPeaks("example.org")
    peaks.note("a.example", 40, wall=NOW + 1_000 * DAY)
    peaks.note("a.example", 12, wall=NOW)
    assert peaks.peak("a.example") == 12


def test_it_survives_being_kept():
    """As it was; the watched ones first where there are too many."""
    peaks = FollowPeaks("example.org")
    for number in range(400):
        peaks.note(f"h{number}.example", number, wall=NOW)
    again = decode(peaks.encode(["h399.example"]), "example.org")
    assert [again.peak(f"h{number}.example") for number in (0, 298, 299, 399)] == [0, 298, None, 399]
    assert decode(peaks.encode([]), "example.com").peak("h298.example") is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"version": 2, "us": "", "hosts": {}}',
        b'{"version": 1, "us": "", "hosts": {"a": 1}}',
        b'{"version": 1, "us": "", "hosts": {"a": {"1": 99999999999999999999999}}}',
        b'{"version": 1, "us": "", "hosts": {"a": {"-1": 1}}}',
        b"[" * 100_000,
    ],
)
def test_what_is_damaged_is_left(data):
    """And said to be, by an error of our own."""
    with pytest.raises(BrokenPeaksError):
        decode(data, "example.org")
