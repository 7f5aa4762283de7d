"""Mastodon's record of days on which deliveries to a server failed."""

from watchdog.mastodon.exhausted import Failing, failing

DAY = 86_400_000
FIRST = 1_795_651_200_000  # 2026-11-26, midnight of UTC


def test_days():
    """How many, the first and the last, in whatever order they come and however often."""
    assert failing([b"20261127", b"20261126", b"20261127"], whole=True) == Failing(2, FIRST, FIRST + DAY)


def test_of_a_part_only_the_number_is_known():
    """There are at least so many."""
    assert failing([b"20261127", b"20261126"], whole=False) == Failing(2)


def test_minutes_are_of_other_services():
    """Those are no servers of the fediverse; what is no date at all is left out."""
    assert failing([b"202611261200"], whole=True) is None
    assert failing([b"20261399", b"", b"x", 5, None, b"20261126\n"], whole=True) is None
    assert failing([b"20261340", b"20261126"], whole=True) == Failing(1, FIRST, FIRST)
