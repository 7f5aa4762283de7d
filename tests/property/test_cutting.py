"""A list that is read a piece at a time while it moves: whatever stays is seen once, in order, and nothing twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.web.failures import NotUnderstoodError
from watchdog.web.views.cutting import START, cut, place_of, written

RANK = st.integers(-3, 3) | st.floats(allow_nan=False, min_value=-1e12, max_value=1e12) | st.just(float("inf"))
NAME = st.text(max_size=4) | st.sampled_from(["a|b", "|", "a\nb", ""])
ITEMS = st.dictionaries(NAME, RANK, max_size=30)


def piece(items, after, limit):
    """The names of a piece, and where it goes on."""
    names = list(items)
    return cut(names, [items[name] for name in names], lambda name: name, after=after, limit=limit)


@given(ITEMS, st.integers(1, 7), st.lists(st.tuples(NAME, RANK | st.none()), max_size=12))
def test_whatever_stays_is_seen_once(items, limit, moves):
    """Others come, with any rank, and go, between any two pieces."""
    items, stayed, seen, after = dict(items), dict(items), [], ""
    moves = list(moves)
    while True:
        found, after = piece(items, after, limit)
        assert len(found) <= limit
        seen += found
        if not after:
            break
        if moves:
            name, rank = moves.pop()
            stayed.pop(name, None)
            if rank is None or name in items:
                items.pop(name, None)
            else:
                items[name] = rank
    in_order = [name for name in seen if name in stayed]
    assert in_order == sorted(stayed, key=lambda name: (stayed[name], name))


@given(RANK, NAME)
def test_a_place_is_read_back(rank, name):
    """As it was, whatever the name holds."""
    assert place_of(written((rank, name))) == (rank, name)


@given(st.text(max_size=20))
def test_what_is_no_place_is_refused(text):
    """Or is one; nothing else happens."""
    try:
        place = place_of(text)
    except NotUnderstoodError:
        return
    assert place == START or "|" in text


@pytest.mark.parametrize("text", ["nan|a", "NaN|a"])
def test_nothing_follows_on_nothing(text):
    """A number that is none is before and after nothing: the list is at its end."""
    assert piece({"a": 1, "b": 2}, text, 5)[0] == []
