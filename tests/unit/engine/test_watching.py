"""Who rests on what: noted while a condition is judged, and forgotten with the next judgement."""

from tests.scenario.conversation import process
from tests.unit.engine.conftest import picture
from watchdog.engine.tallies import EVERY
from watchdog.engine.watching import Notes, Watchers
from watchdog.lang.demands import Function, Tally
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING

ONE = "web1:10:abc"
PUSH, PULL = (Kind.QUEUE, "push"), (Kind.QUEUE, "pull")
A, B = (Kind.PROCESS, "a"), (Kind.PROCESS, "b")


def test_what_is_asked_for_is_noted_whether_it_is_there_or_not():
    """Rows and groups are noted in the order of the questions; a history is the entity's own and needs no note."""
    notes = Notes(picture(process(ONE, 0)))

    assert notes.find(Kind.PROCESS, ONE) is not None
    assert notes.find(*PUSH) is None
    assert notes.tally("count(job)", "push") == Tally()
    assert notes.over("s", ONE, Function.AVG, 1, 0) is MISSING
    assert notes.held("s", ONE, 1, 0) is None
    assert notes.turns("s", ONE, 1, 0) is None
    assert list(notes.read) == [(Kind.PROCESS, ONE), PUSH, ("count(job)", "push"), ("count(job)", EVERY)]


def test_a_new_judgement_replaces_the_old_one():
    """Only those who rest on something now are found by it."""
    watchers = Watchers()
    watchers.set(A, {PUSH: None, PULL: None})
    watchers.set(B, {PUSH: None})
    assert (list(watchers.of_all([PUSH])), list(watchers.of_all([PULL]))) == ([A, B], [A])

    assert list(watchers.of_all([PULL, PUSH])) == [A, B]

    watchers.set(A, {PULL: None})

    assert (list(watchers.of_all([PUSH])), list(watchers.of_all([PULL]))) == ([B], [A])


def test_nothing_is_left_of_those_who_rest_on_nothing():
    """An entity that left, or asks for nothing any more, takes no room; asking for nothing from the start takes none either."""
    watchers = Watchers()
    watchers.set(A, {PUSH: None})
    watchers.set(A, {})
    watchers.set(B, {})

    assert len(watchers) == 0
    assert list(watchers.of_all([PUSH])) == []
    assert not watchers._owners


def test_what_is_named_is_what_somebody_rests_on():
    """A kind or an aggregate is named as long as anybody rests on one row or group of it, whichever way that came about."""
    watchers = Watchers()
    watchers.set(A, {PUSH: None, PULL: None, ("count(job)", "push"): None})
    watchers.set(B, {PUSH: None})
    assert watchers.named == {Kind.QUEUE: 2, "count(job)": 1}

    watchers.set(A, {PULL: None})
    assert watchers.named == {Kind.QUEUE: 2}

    again = Watchers()
    for origin, owners in watchers.items():
        again.put(origin, owners)
    assert again.named == watchers.named

    watchers.set(A, {})
    watchers.set(B, {})
    again.clear()
    assert watchers.named == again.named == {}
