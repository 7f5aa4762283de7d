"""Properties of evaluation: compiled and exact agree, missing readings never count, deadlines are never late."""

import fnmatch
import functools
import math
import re
from collections.abc import Set as AbstractSet
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from watchdog.lang.checked import parts
from watchdog.lang.condition import Condition, both, read_condition
from watchdog.lang.evaluate import evaluate
from watchdog.lang.glob import BadPattern, compile_pattern
from watchdog.lang.line import NoLine, line_of
from watchdog.lang.nowhere import NOWHERE
from watchdog.lang.ready import made_ready
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind, Type
from watchdog.model.missing import MISSING
from watchdog.model.rows import ROW_TYPES, Row

FIELDS: dict[str, list[str]] = {
    "duration": ["process.beat_age", "process.uptime", "process.rtt"],
    "size": ["process.rss"],
    "count": ["process.busy", "process.threads", "process.pid"],
}
CONSTANTS = {
    "duration": ["0", "1ms", "5ms", "20ms", "1s"],
    "size": ["0", "1B", "3B", "1kB"],
    "count": ["0", "1", "2", "2.5", "7"],
    "ratio": ["0", "0%", "50%", "33%", "150%"],
    "rate": ["0", "1/s", "100/m", "3/h"],
}


@functools.cache
def _numbers(kind: str, depth: int) -> st.SearchStrategy[str]:
    plain = [st.sampled_from(CONSTANTS[kind])]
    if kind in FIELDS:
        plain += [st.sampled_from(FIELDS[kind])] * 2
    leaf = st.one_of(plain)
    if depth == 0:
        return leaf
    same, ratio = _numbers(kind, depth - 1), _numbers("ratio", depth - 1)
    # A plain number only scales, so `2 * 50%` is a ratio: it is no count to calculate on with.
    united = st.sampled_from(
        FIELDS["count"] if kind == "count" else [part for part in CONSTANTS[kind] if part != "0"] + FIELDS.get(kind, [])
    )
    ways = [
        leaf,
        st.builds("({} {} {})".format, united, st.sampled_from("+-"), same),
        united.map("-{}".format),
        st.builds("{} * {}".format, united, st.sampled_from(["50%", "3", "-2", *(["process.busy"] if kind != "ratio" else [])])),
        st.builds("{} / {}".format, united, st.sampled_from(["50%", "3", "0"])),
    ]
    if kind == "ratio":
        ways.append(st.sampled_from(sorted(FIELDS)).flatmap(lambda of: st.builds("{} / {}".format, *[st.sampled_from(FIELDS[of])] * 2)))
        ways.append(st.builds("({} + {})".format, st.just("50%"), ratio))
    if kind == "rate":
        ways += [st.just("process.busy / process.uptime"), st.just("process.rss / process.rtt")]
    if kind == "count":
        ways.append(
            st.builds("{} * {}".format, st.sampled_from(["2/s", "process.busy / process.uptime"]), st.sampled_from(FIELDS["duration"]))
        )
    return st.one_of(ways)


OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
COMPARISONS = st.one_of(
    [st.builds("{} {} {}".format, _numbers(kind, 2), OPERATORS, st.sampled_from(CONSTANTS[kind])) for kind in sorted(CONSTANTS)]
)
STATEMENTS = st.one_of(
    COMPARISONS,
    COMPARISONS,
    st.builds("{} {} {}".format, st.sampled_from(["process.beat_age", "process.uptime"]), OPERATORS, st.sampled_from(CONSTANTS["duration"])),
    st.sampled_from(
        [
            "process.quiet", "process.local", "process.quiet == process.local", "true", "process.quiet == (process.uptime > 5ms)",
            'process.tag == "live"', 'process.tag != "live"', 'process.tag in ["live", "x"]', 'process.tag not in ["live"]',
            'process.tag like "l*e"', 'process.tag not like "?"', '"push" in process.queues', "process.tag in process.queues",
            "process.busy in [1, 2, 7]", "process.beat_age in [5ms, 20ms]", "process.beat_age not in [1ms, 0]",
        ]
    ),
)  # fmt: skip
CONDITIONS = st.recursive(
    STATEMENTS,
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: " and ".join(f"({part})" for part in parts)),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: " or ".join(f"({part})" for part in parts)),
    ),
    max_leaves=5,
)
NOW = 1_000
SMALL = st.integers(0, 8)
ROWS = st.fixed_dictionaries(
    {
        "confirmed_at": st.integers(NOW - 30, NOW), "booted_at": st.integers(NOW - 30, NOW), "rtt": SMALL, "rss": SMALL, "busy": SMALL,
        "threads": SMALL, "pid": SMALL, "quiet": st.booleans(), "local": st.booleans(), "tag": st.sampled_from(["live", "x", ""]),
        "queues": st.sampled_from([(), ("push",), ("live", "push")]),
    }
)  # fmt: skip
HOLES = st.sets(
    st.sampled_from(["confirmed_at", "booted_at", "rtt", "rss", "busy", "threads", "quiet", "local", "tag", "queues"]), max_size=5
)


def read(text: str, kind: Kind = Kind.PROCESS) -> Condition:
    """A condition that must be sound."""
    condition, problems = read_condition(Text(text, "f"), kind)
    assert condition is not None, (text, problems)
    return condition


def new(kind: Kind) -> Any:
    """An empty row; its slots come from a table, so they are not known to the type checker."""
    return ROW_TYPES[kind]("it")


def row_of(readings: dict[str, Any], without: AbstractSet[str] = frozenset()) -> Row:
    """A process with these readings, some of them missing."""
    row = new(Kind.PROCESS)
    for slot, value in readings.items():
        setattr(row, slot, MISSING if slot in without else value)
    return row


@given(CONDITIONS, st.lists(st.tuples(ROWS, HOLES), min_size=3, max_size=3))
@settings(max_examples=100, deadline=None)
def test_compiled_and_exact_agree(text: str, rows: list[tuple[dict[str, Any], set[str]]]):
    """The fast path never says anything that exact evaluation does not say, nor does what was made ready for it."""
    condition = read(text)
    for readings, without in rows:
        row = row_of(readings, without)
        assert condition.holds(row, NOW) is evaluate(condition.tree, row, NOW), text
        assert made_ready(condition.tree)(row, NOW, NOWHERE) is evaluate(condition.tree, row, NOW), text


@given(CONDITIONS, ROWS, HOLES)
@settings(max_examples=100, deadline=None)
def test_what_is_known_in_spite_of_missing_readings_does_not_depend_on_them(text: str, readings: dict[str, Any], without: AbstractSet[str]):
    """True or false with holes stays so whatever would have been read there: no missing reading is ever taken for a value."""
    condition = read(text)
    known = condition.holds(row_of(readings, without), NOW)
    full = condition.holds(row_of(readings), NOW)
    if known is not None and full is not None:
        assert known is full


@given(CONDITIONS, CONDITIONS, ROWS, HOLES)
@settings(max_examples=50, deadline=None)
def test_both_is_the_conjunction(where: str, when: str, readings: dict[str, Any], without: AbstractSet[str]):
    """`where` and `when` as one condition say what they say apart, joined by three-valued `and`."""
    row, one, other = row_of(readings, without), read(where), read(when)
    truths = {one.holds(row, NOW), other.holds(row, NOW)}
    expected = False if False in truths else None if None in truths else True
    joined = both(one, other)
    assert joined.holds(row, NOW) is expected
    assert read(joined.text) == joined


def crooked(condition: Condition, row: Row) -> bool:
    """Something in it follows no straight line."""
    nodes = [condition.tree]
    for node in nodes:
        nodes.extend(parts(node))
    return any(node.type is not Type.BOOL and line_of(node, row, NOW, NOWHERE) is NoLine.CROOKED for node in nodes if not is_text(node))


def is_text(node: Any) -> bool:
    """Strings follow no line, and don't move."""
    return node.type in (Type.STRING, Type.STRINGS)


@given(CONDITIONS, ROWS, HOLES)
@settings(max_examples=100, deadline=None)
def test_a_deadline_is_never_late(text: str, readings: dict[str, Any], without: AbstractSet[str]):
    """Until the deadline nothing changes by time alone, to the millisecond; without one nothing ever does."""
    condition, row = read(text), row_of(readings, without)
    truth, deadline = condition.holds(row, NOW), condition.deadline(row, NOW)
    assert deadline.beat is None
    if deadline.engine is not None:
        assert deadline.engine > NOW
    if crooked(condition, row) and deadline.engine is not None:
        return  # looked at each second: what happens in between is missed knowingly
    end = NOW + 2_100 if deadline.engine is None else min(deadline.engine, NOW + 2_100)
    moments = [*range(NOW + 1, min(end, NOW + 150)), *range(NOW + 150, end, 37), end - 1]
    for moment in moments:
        if NOW < moment < end:
            assert condition.holds(row, moment) is truth, (text, moment, deadline)


JOBS = st.sampled_from(
    ["job.elapsed > 5ms", "job.elapsed >= 5ms", "job.elapsed == 5ms", "job.elapsed * 2 < 20ms", "job.elapsed in [3ms, 9ms]"]
)


@given(st.lists(JOBS, min_size=1, max_size=3), st.sampled_from([" and ", " or "]), st.integers(0, 20), st.integers(0, 20))
@settings(max_examples=100, deadline=None)
def test_a_deadline_in_beats_is_never_late(texts: list[str], joint: str, started: int, confirmed: int):
    """For a job the clock is the last beat of its process."""
    condition = read(joint.join(texts), Kind.JOB)
    home, job = new(Kind.PROCESS), new(Kind.JOB)
    job.home = home
    job.started_at, home.confirmed_at = started, confirmed
    truth, deadline = condition.holds(job, 0), condition.deadline(job, 0)
    assert deadline.engine is None
    assert deadline.beat is None or deadline.beat > confirmed
    for beat in range(confirmed, confirmed + 50 if deadline.beat is None else deadline.beat):
        home.confirmed_at = beat
        assert condition.holds(job, 0) is truth
    if len(set(texts)) == 1 and deadline.beat is not None and "*" not in texts[0]:
        home.confirmed_at = deadline.beat
        assert condition.holds(job, 0) is not truth


@given(
    st.integers(1, 10**13), st.sampled_from([0.95, 1 / 3, 1e-6, 0.5, 12.5]), st.integers(1, 10**13), st.sampled_from(["<", "<=", ">", ">="])
)
@settings(max_examples=100, deadline=None)
def test_rounding_never_makes_a_deadline_late(booted: int, factor: float, limit: int, operator: str):
    """Also where floats are far from zero: the deadline keeps the room that they need."""
    condition = read(f"process.uptime * {math.trunc(factor * 1e8)} * 0.000001% {operator} {limit}ms")
    row = new(Kind.PROCESS)
    row.booted_at = booted
    now, truth = booted, condition.holds(row, booted)
    deadline = condition.deadline(row, now)
    assert deadline.engine is not None
    assert condition.holds(row, deadline.engine - 1) is truth
    room = 10 + deadline.engine // 10**9
    assert condition.holds(row, deadline.engine + room) is not truth


@given(st.text(alphabet="ab*?[]!-", max_size=10), st.text(alphabet="ab-!]\n", max_size=10))
@settings(max_examples=100, deadline=None)
def test_patterns_agree_with_the_shells(pattern: str, text: str):
    """`like` is the glob that administrators know; only what they would not mean by a set is refused."""
    try:
        fits = compile_pattern(pattern)
    except BadPattern:
        return
    if re.search(r"\[!?\]?[^\]]*--|\[!?-|-\]|\[!?\]?[^\]]*[]ab!]-[^\]]*-", pattern):
        return  # where a hyphen stands for itself, shells differ among themselves
    assert (fits.fullmatch(text) is not None) == fnmatch.fnmatchcase(text, pattern)


def test_no_pattern_explodes():
    """A pattern full of stars takes no longer than its length says."""
    fits = compile_pattern("*a" * 200 + "b")
    assert fits.fullmatch("a" * 20_000) is None
    assert fits.fullmatch("a" * 20_000 + "b") is not None
