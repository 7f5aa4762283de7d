"""The measure of the other tests here: what counts as lost, as out of order, as doubled."""

from tests.service.faults.account import Told, account
from tests.service.faults.far_sides import Seen, token

TOLD = [Told(1, "a"), Told(2, "a"), Told(3, "b"), Told(4, "a")]


def came(*messages):
    """Messages as (key, place, numbers, missed)."""
    return [Seen(key, place, " ".join(map(token, numbers)), 0, missed) for key, place, numbers, missed in messages]


def test_all_in_order():
    """One message each, threads mixed: whole."""
    found = account(TOLD, came(("k3", "3", [3], 0), ("k1", "1", [1], 0), ("k2", "2", [2], 0), ("k4", "4", [4], 0)))
    assert found.is_whole
    assert (found.shown, found.missed, found.twice, found.calls) == (4, 0, 0, 4)


def test_what_was_collapsed_is_counted():
    """The newest of each story with how many are not told is whole; without the count it is not."""
    assert account(TOLD, came(("k4", "4", [4], 2), ("k3", "3", [3], 0))).is_whole
    assert not account(TOLD, came(("k4", "4", [4], 1), ("k3", "3", [3], 0))).is_whole


def test_what_is_lost():
    """A story whose newest turn was never seen."""
    assert account(TOLD, came(("k1", "1", [1, 2], 2), ("k3", "3", [3], 0))).lost == (4,)


def test_what_came_in_the_wrong_order():
    """An older turn seen after a newer one of its story, and one that is put in its place; the same message once more is neither."""
    assert account(TOLD, came(("k2", "2", [2], 0), ("k1", "1", [1], 0), ("k4", "4", [4], 0), ("k3", "3", [3], 0))).turned == (2,)
    assert account(TOLD, came(("k1", "card", [1, 2, 3, 4], 0), ("k2", "card", [1, 2, 3], 0))).turned == (2,)
    again = account(TOLD, came(("k1", "card", [1, 2, 3], 0), ("k1", "card", [1, 2, 3], 0), ("k2", "card", [1, 2, 3, 4], 0)))
    assert again.is_whole
    assert again.twice == 1
