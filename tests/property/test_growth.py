"""By how much a counter grew is known without adding anything up, wherever that can be: against adding up."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from watchdog.engine.steps import ABSENT, Steps
from watchdog.engine.windows import cut, increase_of
from watchdog.model.missing import MISSING

WRITES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9) | st.sampled_from([None, "gone", 2.5])), min_size=1, max_size=12)
"""Milliseconds since the one before, and what stands then."""


@given(WRITES, st.integers(0, 40), st.integers(1, 20), st.booleans(), st.integers(0, 40))
def test_it_is_what_adding_up_gives(writes, start, length, again, horizon):
    """Whatever fell, was missing, was no integer, took no time, or was given up; and of steps that were written down and put together again."""
    steps, now = Steps(), 10
    for after, state in writes:
        now += after
        steps.write({None: MISSING, "gone": ABSENT}.get(state, state), now)
    all_of_them, _ = cut(steps, [(start, start + length)], zero=True)
    steps.drop_before(horizon)
    if again:
        copy = Steps()
        copy.put(array("q", steps.times), array(steps.states.typecode, steps.states))
        steps = copy
    grown = steps.growth(start, start + length)

    if grown is not None:
        assert sum(all_of_them.ends) - sum(all_of_them.starts) == length
        assert grown == increase_of(all_of_them.values)


@given(st.lists(st.integers(0, 9), min_size=2, max_size=12), st.booleans())
def test_it_is_known_of_whatever_rises(rises, again):
    """From the last fall on; before it nothing is claimed."""
    states = [sum(rises[: place + 1]) for place in range(len(rises))]
    steps = Steps()
    for place, state in enumerate([1_000, *states]):
        steps.write(state, 10 * place)
    if again:
        copy = Steps()
        copy.put(array("q", steps.times), array("q", steps.states))
        steps = copy

    assert steps.growth(10, 10 * len(rises) + 5) == states[-1] - states[0]
    assert steps.growth(9, 10 * len(rises) + 5) is None
