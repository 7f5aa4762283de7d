"""Fewer horizons say what many say: when the first of them is due."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from watchdog.lang.deadline import Deadline, earlier, never
from watchdog.lang.reaching import fewest, reaching, steps
from watchdog.model.fields import Clock
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.rows import ROW_TYPES

ASKED = st.tuples(st.sampled_from(Clock), st.sampled_from([">", ">=", "<", "<=", "==", "!="]), st.integers(0, 40))


def other(*_: object) -> Deadline:
    """Something else that waits."""
    return Deadline(33, 44)


@given(st.lists(ASKED, max_size=8), st.booleans(), st.integers(0, 60), st.integers(0, 60) | st.none(), st.integers(0, 60) | st.none())
def test_the_first_of_few_is_the_first_of_many(asked, also, now, origin, beat):
    """Whatever waits for the same field is one, what never comes is none, and no deadline is another one for that; whatever is missing."""
    home: Any = ROW_TYPES[Kind.PROCESS]("p")
    home.confirmed_at = MISSING if beat is None else beat
    row: Any = ROW_TYPES[Kind.JOB]("j")
    row.started_at = MISSING if origin is None else origin
    row.home = home
    many = [reaching("started_at", clock, steps(operator, limit)) for clock, operator, limit in asked]
    many += [other, never] if also else [never]
    few = fewest(many)

    def first(horizons):
        found = Deadline()
        for horizon in horizons:
            found = earlier(found, horizon(row, now))
        return found

    assert first(few) == first(many)
    assert len(few) <= 2 + also
