"""So much at once and then so much a second, by key; what is remembered of strangers has an end."""

from watchdog.web.access.allowances import Allowances


def test_at_once_and_then_by_the_second():
    """What is left comes back with time, never more than there was."""
    allowances = Allowances(burst=3, rate=0.5, most=10)
    assert [allowances.take("a", 0.0) for _ in range(4)] == [0, 0, 0, 2]
    assert allowances.take("b", 0.0) == 0
    assert (allowances.wait("a", 1.0), allowances.wait("a", 2.0)) == (1, 0)
    assert [allowances.take("a", 2.0) for _ in range(2)] == [0, 2]
    assert [allowances.take("a", 1_000.0) for _ in range(4)] == [0, 0, 0, 2]


def test_waiting_takes_nothing():
    """Who only asks has lost nothing."""
    allowances = Allowances(burst=1, rate=1.0, most=10)
    assert [allowances.wait("a", 0.0) for _ in range(5)] == [0] * 5
    assert allowances.take("a", 0.0) == 0


def test_no_more_is_remembered_than_there_is_room_for():
    """A stranger with a million addresses makes nothing grow; those that were seen last are still known."""
    allowances = Allowances(burst=1, rate=0.001, most=100)
    for number in range(1_000):
        allowances.take(str(number), float(number) / 1_000)
    assert len(allowances._left) == 100
    assert allowances.take("999", 1.0) > 0
    assert allowances.take("0", 1.0) == 0
