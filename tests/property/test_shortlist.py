"""A shortlist leaves out only what can't be: whatever the row says, each condition says the same of it as without."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from watchdog.engine.shortlist import Asked, Shortlist
from watchdog.lang.condition import Condition, read_condition
from watchdog.lang.nowhere import NOWHERE
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.rows import ROW_TYPES

PARTS = [
    'process.tag == "app"', 'process.tag in ["app", "other"]', 'process.tag like "a*"', "process.quiet", "not process.quiet", "process.local == true",
    'not (process.tag like "o*" or process.quiet)', "process.busy > 1", "process.busy * 2 < process.threads", "process.uptime > 10s", "known(process.tag)",
    'default(process.tag, "app") == "app"', "process.quiet == process.local", 'process.tag == "app" or process.busy > 1',
]  # fmt: skip


def _condition(parts: list[str], *, word: str) -> Condition:
    condition, problems = read_condition(Text(f" {word} ".join(f"({part})" for part in parts), "rules.yml"), Kind.PROCESS)
    assert condition is not None, problems
    return condition


CONDITIONS = st.builds(_condition, st.lists(st.sampled_from(PARTS), min_size=1, max_size=4), word=st.sampled_from(["and", "and", "or"]))
ROWS = st.fixed_dictionaries(
    {
        "tag": st.sampled_from(["app", "other", "a", None]),
        "quiet": st.sampled_from([True, False, None]),
        "local": st.sampled_from([True, False, None]),
        "busy": st.sampled_from([0, 1, 2, 5, None]),
        "threads": st.sampled_from([3, 5, None]),
        "booted_at": st.sampled_from([0, 5_000, None]),
    }
)


def _asked(condition: Condition) -> Asked[Condition]:
    return Asked.by(condition, condition.sieve(), condition.deadline)


def _row(slots: dict[str, Any]) -> Any:
    row = ROW_TYPES[Kind.PROCESS]("web1:10:abc")
    for slot, value in slots.items():
        setattr(row, slot, MISSING if value is None else value)
    return row


@given(st.lists(CONDITIONS, max_size=6), st.lists(st.tuples(ROWS, st.integers(0, 30_000)), max_size=6))
def test_what_is_left_out_is_false(conditions, looks):
    """And stays so: until the deadline of what is left nothing says anything else, though only time goes on."""
    shortlist = Shortlist(conditions, _asked)
    for slots, now in looks:
        row = _row(slots)
        meant = shortlist.of(row)
        assert list(meant.them) == [one for one in conditions if any(one is other for other in meant.them)]
        for one in conditions:
            if not any(one is other for other in meant.them):
                assert one.holds(row, now, NOWHERE) is False
        dues = [due for horizon in meant.horizons if (due := horizon(row, now, NOWHERE).engine) is not None]
        until = min(dues, default=now + 100_000)
        for one in conditions:
            before = one.holds(row, now, NOWHERE)
            assert one.holds(row, until - 1, NOWHERE) is before


def test_what_is_asked_by_several_is_asked_once():
    """The same horizon of two conditions whose names let an entity through."""
    ones = [_condition([name, "process.uptime > 10s"], word="and") for name in ("process.quiet", 'process.tag == "app"')]
    shortlist = Shortlist(ones, _asked)

    assert len(shortlist.of(_row({"quiet": True, "tag": "app"})).horizons) == 1
    assert shortlist.of(_row({"quiet": True, "tag": "b"})).them == (ones[0],)
    assert shortlist.of(_row({"quiet": False, "tag": "b"})) == ((), ())
    assert shortlist.of(_row({"quiet": None, "tag": None})).them == tuple(ones)
