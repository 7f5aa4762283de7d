"""Ends that a person gives: always one, and never too far away."""

import pytest

from watchdog.cli.exits import UsageError
from watchdog.cli.until import read_until

NOW = 1_795_354_499_123
DAY = 86_400_000


@pytest.mark.parametrize(
    ("lasts", "until", "end"),
    [
        ("2h", None, NOW + 7_200_000),
        ("7d", None, NOW + 7 * DAY),
        (None, "2026-11-22T14:00:00Z", 1_795_356_000_000),
        (None, "2026-11-22T15:00:00+01:00", 1_795_356_000_000),
    ],
)
def test_an_end(lasts, until, end):
    """By how long, or by the clock of any zone."""
    assert read_until(lasts, until, now=NOW) == end


@pytest.mark.parametrize(
    ("lasts", "until", "says"),
    [
        (None, None, "say for how long .* or until when"),
        ("2h", "2026-11-22T14:00:00Z", "say for how long"),
        ("soon", None, "--for: "),
        ("5", None, "--for: "),
        ("0s", None, "--for: that is over already"),
        ("8d", None, "--for: 7 days are the longest"),
        (None, "2026-11-22T13:00:00Z", "--until: that is over already"),
        (None, "2027-11-22T13:00:00Z", "--until: 7 days are the longest"),
        (None, "2026-11-22T14:00:00", "has no time zone"),
        (None, "noon", "--until: 'noon' is no time"),
    ],
)
def test_what_is_no_end_is_refused(lasts, until, says):
    """With the name of the option; nothing is switched for ever."""
    with pytest.raises(UsageError, match=says):
        read_until(lasts, until, now=NOW)
