"""How many label sets are told, and what becomes of the others."""

import pytest

from watchdog.web.metrics.bounds import Bounds
from watchdog.web.metrics.family import Family, Rest, Type
from watchdog.web.metrics.label import LONGEST, label

SIZE = Family(name="size", type=Type.GAUGE, help="x", labels=("name",))
WAIT = Family(name="wait_seconds", type=Type.GAUGE, help="x", labels=("name",), rest=Rest.MOST)
SHARE = Family(name="share_ratio", type=Type.GAUGE, help="x", labels=("name",), rest=Rest.NOTHING)
DONE = Family(name="done_total", type=Type.COUNTER, help="x", labels=("name",))


def of(**values: float) -> dict[tuple[str, ...], float]:
    """Samples by a single label."""
    return {(name,): value for name, value in values.items()}


@pytest.mark.parametrize(
    ("family", "other"),
    [(SIZE, of(other=12)), (WAIT, of(other=7)), (SHARE, {})],
    ids=["what can be added is", "of times the longest is told", "what says nothing together is left out"],
)
def test_what_finds_no_room_is_told_together(family, other):
    """The first ones are told by name, and how many were not is known."""
    assert Bounds(2).fold(family, of(a=1, b=2, c=5, d=7)) == (of(a=1, b=2) | other, 2)


def test_where_there_is_room_all_are_told():
    """Also where it is just enough."""
    assert Bounds(2).fold(SIZE, of(a=1, b=2)) == (of(a=1, b=2), 0)


def test_a_counter_never_falls_because_one_of_the_others_is_gone():
    """What is counted together grows by what each has grown by; one that is gone has been counted."""
    bounds = Bounds(1)
    told = [
        bounds.fold(DONE, of(a=1, b=10, c=5))[0],
        bounds.fold(DONE, of(a=1, b=12))[0],
        bounds.fold(DONE, of(a=1))[0],
        bounds.fold(DONE, of(a=1, b=13))[0],
    ]
    assert [one["other",] for one in told] == [15, 17, 17, 18]


def test_who_was_told_by_name_stays_so():
    """When one that was named comes back, it has its own name again; another did not take its place meanwhile."""
    bounds = Bounds(1)
    bounds.fold(DONE, of(a=1))
    assert bounds.fold(DONE, of(b=10))[0] == of(other=10)
    assert bounds.fold(DONE, of(b=10, a=2))[0] == of(a=2, other=10)


def test_one_of_the_others_that_begins_anew_adds_what_it_has_since():
    """As Prometheus takes a counter that has fallen."""
    bounds = Bounds(1)
    bounds.fold(DONE, of(a=1, b=10))
    assert bounds.fold(DONE, of(a=1, b=3))[0] == of(a=1, other=13)


def test_of_endless_names_only_those_that_are_there_are_remembered():
    """Somebody who makes up a queue a second fills no memory."""
    bounds = Bounds(2)
    for number in range(100):
        bounds.fold(DONE, of(a=1, b=1, **{f"made-up-{number}": 1}))
    assert bounds.fold(DONE, of(a=1, b=1))[0] == of(a=1, b=1, other=100)
    assert len(bounds._last["done_total"]) <= 21


def test_names_that_are_the_same_once_they_are_cut_are_one():
    """Two samples with the same labels would be refused."""
    long = "x" * LONGEST
    told, _ = Bounds().fold(SIZE, {(f"{long}a",): 1, (f"{long}b",): 2})
    assert told == {(f"{'x' * (LONGEST - 1)}…",): 3}


@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "a\u202eb", "a\ud800b", "a\u2028b"], ids=ascii)
def test_nothing_unseen_is_in_a_label(text):
    """Line ends, marks that turn the text round, and halves of characters, which can't even be sent."""
    assert label(text) == "a\ufffdb"


def test_what_can_be_seen_stays_as_it_is():
    """In any script, quotes and backslashes too: those are the encoder's business."""
    assert label('пуш "\\ö') == 'пуш "\\ö'
