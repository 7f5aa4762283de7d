"""Deadlines against a model too simple to be wrong."""

from hypothesis import given
from hypothesis import strategies as st

from watchdog.engine.deadlines import Deadlines

KEYS = st.sampled_from("abcdef")
SET = st.tuples(st.just("set"), KEYS, st.one_of(st.none(), st.integers(-50, 50)))
HASTEN = st.tuples(st.just("hasten"), KEYS, st.integers(-50, 50))
POP = st.tuples(st.just("pop"), st.none(), st.integers(-60, 60))


@given(st.lists(st.one_of(SET, HASTEN, POP), max_size=120))
def test_it_does_what_a_dictionary_would(steps):
    """Each key is due once, at the time set last, or before where it was hastened, and at no other; earliest first, equal times in the order of keys."""
    deadlines: Deadlines[str] = Deadlines()
    model: dict[str, int] = {}
    for what, key, time in steps:
        if what == "set":
            deadlines.set(key, time)
            model.pop(key, None)
            if time is not None:
                model[key] = time
        elif what == "hasten":
            deadlines.hasten(key, time)
            model[key] = min(time, model.get(key, time))
        else:
            due = sorted((at, owner) for owner, at in model.items() if at <= time)
            assert list(deadlines.pop_due(time)) == [owner for _, owner in due]
            for _, owner in due:
                del model[owner]
        assert deadlines.next() == min(model.values(), default=None)
        assert len(deadlines) == len(model)


def test_setting_one_key_for_ever_takes_no_room():
    """A deadline that moves at every beat leaves no heap of forgotten ones behind."""
    deadlines: Deadlines[int] = Deadlines()
    for round_ in range(200):
        for key in range(50):
            deadlines.set(key, round_ * 1000 + key)

    assert len(deadlines._heap) <= 2 * 50 + 65
    assert list(deadlines.pop_due(10**9)) == list(range(50))


def test_setting_and_forgetting_takes_no_room():
    """Nor do keys that come and go without ever being due."""
    deadlines: Deadlines[int] = Deadlines()
    for key in range(20_000):
        deadlines.set(key, 10**6 + key)
        deadlines.set(key, None)

    assert len(deadlines._heap) <= 66
    assert deadlines.next() is None
    assert list(deadlines.pop_due(10**9)) == []


def test_the_same_time_set_again_is_due_once():
    """Forgetting a key and setting it to the same time again makes no second deadline."""
    deadlines: Deadlines[str] = Deadlines()
    for due in (5, None, 5, 5):
        deadlines.set("a", due)

    assert list(deadlines.pop_due(5)) == ["a"]
    assert list(deadlines.pop_due(5)) == []
