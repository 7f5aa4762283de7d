"""Laws of what is told of counters for which there is no room: whatever comes and goes, Prometheus never sees one fall that has not."""

from hypothesis import given
from hypothesis import strategies as st

from watchdog.web.metrics.bounds import Bounds
from watchdog.web.metrics.family import Family, Type
from watchdog.web.metrics.label import OTHER

DONE = Family(name="done_total", type=Type.COUNTER, help="x", labels=("name",))
NAMES = st.sampled_from("abcdefgh")
SCRAPES = st.lists(st.dictionaries(NAMES, st.integers(0, 5)), max_size=20)
"""How much each of those that are there has grown by since it was there last."""


@given(SCRAPES, st.integers(1, 4))
def test_no_count_falls_and_none_is_told_twice(scrapes, most):
    """Every series only grows, there is never more than there is room for, and all of them together are what there was to be counted."""
    bounds, counts, before = Bounds(most), dict.fromkeys("abcdefgh", 0), dict[tuple[str, ...], float]()
    for grown in scrapes:
        for name, more in grown.items():
            counts[name] += more
        told, left_out = bounds.fold(DONE, {(name,): counts[name] for name in grown})

        assert all(value >= before.get(labels, 0) for labels, value in told.items())
        assert len(told) <= most + 1
        assert left_out == len(grown) - len(told.keys() - {(OTHER,)})
        before |= told
        assert sum(before.values()) == sum(counts.values())
