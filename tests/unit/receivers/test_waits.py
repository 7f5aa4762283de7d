"""When to try again, and when no more."""

import pytest

from watchdog.receivers.receiver import RefusedError, TryAgainError
from watchdog.receivers.waits import GIVE_UP_AFTER, LONGEST_ASKED, hopeless, next_wait, retry_after
from watchdog.store.cards import LONGEST_WAIT

WALL = 1_445_412_420_000  # Wed, 21 Oct 2015 07:27:00 GMT
HOUR = 3_600_000


def drawn(error, attempts):
    """The least and greatest of many waits."""
    waits = [next_wait(error, attempts=attempts) for _ in range(300)]
    return min(waits), max(waits)


@pytest.mark.parametrize(("attempts", "most"), [(1, 2_000), (2, 4_000), (5, 32_000), (9, 300_000), (5_000, 300_000)])
def test_waits_grow_and_differ(attempts, most):
    """After a passing failure: drawn from 1 s up to a bound that doubles each time and ends at 5 minutes."""
    low, high = drawn(TryAgainError("x"), attempts)
    assert 1_000 <= low < high <= most
    assert high > most * 0.8


@pytest.mark.parametrize(("attempts", "most"), [(1, 10_000), (4, 80_000), (30, HOUR)])
def test_a_refusal_is_tried_again_seldom(attempts, most):
    """After an answer that a person has to change: from 5 s up to a bound that ends at an hour."""
    low, high = drawn(RefusedError("x"), attempts)
    assert 5_000 <= low < high <= most
    assert high > most * 0.8


def test_what_the_receiver_asks_for_is_honoured():
    """Its own wish stands in place of ours, whatever happened, between 1 s and 1 h."""
    assert next_wait(TryAgainError("x", 120_000), attempts=1) == 120_000
    assert next_wait(RefusedError("x", 120_000), attempts=40) == 120_000
    assert next_wait(TryAgainError("x", 0), attempts=9) == 1_000
    assert next_wait(TryAgainError("x", 99 * HOUR), attempts=1) == HOUR


def test_no_wait_is_longer_than_the_outbox_believes():
    """The outbox takes a wait longer than its bound for a clock that was set back, so there must be none."""
    assert max(LONGEST_ASKED, drawn(RefusedError("x"), 99)[1]) <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        (None, None), ("", None), ("soon", None), ("-5", None), ("1.5", None), ("0x10", None), ("٣", None),
        ("0", 0), ("120", 120_000), (" 7 ", 7_000), ("86400", HOUR), ("9" * 5000, HOUR),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 60_000), ("Wed, 21 Oct 2015 07:28:00 -0000", 60_000),
        ("Wed, 21 Oct 2015 07:20:00 GMT", 0), ("Wed, 21 Oct 2099 07:28:00 GMT", HOUR), ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 60_000), ("Wed Oct 21 07:28:00 2015", 60_000),
    ],
)  # fmt: skip
def test_retry_after_is_understood(value, asked):
    """Seconds or any of the three forms of an HTTP date, at most an hour; nonsense counts as nothing."""
    assert retry_after(value, wall=WALL) == asked


def test_giving_up_takes_days_and_attempts():
    """A message is given up after three days of failures; not after a few attempts, however old a wrong clock makes it look."""
    assert hopeless(attempts=20, age=GIVE_UP_AFTER)
    assert not hopeless(attempts=19, age=GIVE_UP_AFTER * 1000)
    assert not hopeless(attempts=5000, age=GIVE_UP_AFTER - 1)
