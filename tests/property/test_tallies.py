"""Aggregates kept by deltas against counting everybody anew."""

import math
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from watchdog.engine.tallies import EVERY, Tallies
from watchdog.lang.deadline import Deadline
from watchdog.lang.demands import Aggregate, Tally
from watchdog.lang.nowhere import NOWHERE
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.rows import ROW_TYPES, Row

HOSTS = ["web1", "web2", "web3"]


def _holds(row: Any, now: int, scope: object) -> bool | None:
    return None if row.quiet is MISSING else row.quiet


def _never(row: Row, now: int, scope: object) -> Deadline:
    return Deadline()


def _aggregate(key: str, *, link: str | None, value: Any) -> Aggregate:
    return Aggregate(
        key=key, kind=Kind.PROCESS, text=key, link=link, holds=_holds, deadline=_never, value=value, sources=(), reads=frozenset()
    )


AGGREGATES = [
    _aggregate("count", link=None, value=None),
    _aggregate("count by host", link="host", value=None),
    _aggregate("rss", link=None, value=lambda row, now, scope: row.rss),
    _aggregate("rss by host", link="host", value=lambda row, now, scope: row.rss),
]
_VALUES = st.integers(-5, 5) | st.sampled_from([0.1, 0.2, 0.3, -0.1, 1e300, -1e300, 5e-324, 2**80, math.inf]) | st.none()
PUT = st.tuples(st.just("put"), st.integers(0, 9), st.sampled_from(HOSTS) | st.none(), st.booleans() | st.none(), _VALUES)
STEPS = st.lists(
    st.one_of(PUT, PUT, PUT, st.tuples(st.just("remove"), st.integers(0, 9)), st.tuples(st.just("demand"), st.integers(0, 3))), max_size=50
)


def _anew(rows: dict[str, Any], aggregate: Aggregate, group: object) -> Tally:
    inside = [row for row in rows.values() if aggregate.link is None or (row.host is not MISSING and row.host == group)]
    astray = len([row for row in rows.values() if aggregate.link is not None and row.host is MISSING])
    fit = [row for row in inside if row.quiet is True]
    values = [row.rss for row in fit if row.rss is not MISSING and (isinstance(row.rss, int) or math.isfinite(row.rss))]
    asked = aggregate.value is not None
    whole = asked and len(values) == len(fit) and values
    return Tally(
        all=len(inside) + astray,
        true=len(fit),
        unknown=sum(row.quiet is MISSING for row in inside) + astray,
        total=_sum(values) if asked else 0,
        low=min(values) if whole else None,
        high=max(values) if whole else None,
        blurred=len(fit) - len(values) if asked else 0,
    )


def _sum(values: list[Any]) -> Any:
    exact = sum(map(Fraction, values))
    return float(exact) if any(isinstance(value, float) for value in values) else int(exact)


@given(STEPS)
def test_tallies_agree_with_counting_anew(steps):
    """After every step each group is what counting everybody would give, to the last bit; whoever was not named has not changed."""
    tallies = Tallies()
    tallies.demand(AGGREGATES)
    rows: dict[str, Any] = {}
    groups = [(one, group) for one in AGGREGATES for group in (["", "nobody"] if one.link is None else [*HOSTS, "nobody"])]
    before = {(one.key, group): tallies.tally(one.key, group) for one, group in groups}
    for step in steps:
        changed: list[Any] = []
        match step:
            case ("put", number, host, quiet, rss):
                row = rows.setdefault(str(number), ROW_TYPES[Kind.PROCESS](str(number)))
                row.host, row.quiet, row.rss = (MISSING if value is None else value for value in (host, quiet, rss))
                changed = tallies.update(row, 0, NOWHERE)
            case ("remove", number):
                rows.pop(str(number), None)
                changed = tallies.remove(Kind.PROCESS, str(number))
            case ("demand", without):
                tallies.demand(one for number, one in enumerate(AGGREGATES) if number != without)
                tallies.demand(AGGREGATES)
                for row in rows.values():
                    tallies.update(row, 0, NOWHERE)
        assert len(changed) == len(set(changed))
        for one, group in groups:
            now = tallies.tally(one.key, group)
            if group != "nobody" or one.link is not None:
                assert now == _anew(rows, one, group), (step, one.key, group)
            if (one.key, group) not in changed and (one.key, EVERY) not in changed:
                assert now == before[one.key, group], (step, one.key, group)
            before[one.key, group] = now
