"""
Properties of conditions with a world behind them: histories, other entities, aggregates over entities of which some can't be judged.

The world here is the naive one: it walks through everything each time it is asked.
"""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from watchdog.lang.buckets import bucket
from watchdog.lang.condition import Condition, read_condition, read_names
from watchdog.lang.demands import Aggregate, Tally
from watchdog.lang.evaluate import evaluate
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.rows import ROW_TYPES, Row

NOW = 1_000
SMALL = st.integers(0, 5)

COUNTS = st.sampled_from(
    [
        "process.busy", "process.threads", 'queue("push").size', "queue(process.tag).size", "count(queue)", "count(queue where queue.size > 2)",
        "count(job where job.process == process.id and job.retries > 1)", "count(job where job.process == process.id)",
        "count(process where process.quiet or process.busy > 2)", "sum(queue.size)", "sum(queue.size where queue.size > 1)",
        "sum(process.busy - 2 where process.quiet)", "max(process.busy where not process.quiet)", "min(queue.size)", "min(process.busy - 3)",
        "max(job.retries where job.process == process.id)", "avg(queue.size)", "avg(process.busy, 1s)", "increase(process.threads, 2s)",
        "changes(process.quiet, 12s)", "last(process.busy, 12s)", "first(process.busy * 2, 1s)",
    ]
)  # fmt: skip
NUMBERS = st.recursive(
    COUNTS,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*"]), inner),
        st.builds("({} / {})".format, inner, st.sampled_from(["2", "3"])),
        inner.map("-{}".format),
    ),
    max_leaves=3,
)
OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
POPULATIONS = st.sampled_from(
    [
        "job where job.process == process.id and job.retries > 1", "job where job.retries > 1", "process where process.quiet",
        "process where process.busy > process.threads", "queue where queue.size > 2", "job where job.process == process.id",
    ]
)  # fmt: skip
OVERALL = st.one_of(
    st.builds("count({}) {} {}".format, POPULATIONS, OPERATORS, st.integers(0, 2)),
    st.builds("share({}) {} {}%".format, POPULATIONS, OPERATORS, st.sampled_from([30, 50, 70])),
    st.builds("{}({})".format, st.sampled_from(["any", "all"]), POPULATIONS.filter(lambda text: ">" in text or "quiet" in text)),
    st.builds(
        "{}({}) {} {}".format,
        st.sampled_from(["sum", "min", "max", "avg"]),
        st.sampled_from(
            ["process.busy", "process.busy where process.quiet", "job.retries where job.process == process.id", "queue.size - 2"]
        ),
        OPERATORS,
        SMALL,
    ),
)
STATEMENTS = st.one_of(
    OVERALL,
    OVERALL,
    st.builds("{} {} {}".format, NUMBERS, OPERATORS, st.integers(0, 4)),
    st.builds("{} {} {}".format, NUMBERS, OPERATORS, COUNTS),
    st.builds("{} / {} {} {}".format, NUMBERS, COUNTS, OPERATORS, st.sampled_from(["0", "50%", "100%"])),
    st.builds("{} in [1, 2, 5]".format, NUMBERS),
    st.sampled_from(
        [
            "process.quiet", "held(process.quiet, 1s)", "held(process.busy > 2, 2s)", "any(queue where queue.size > 4)",
            "all(job where job.process == process.id and job.retries < 3)", "all(queue where queue.size < 4)",
            "share(process where process.quiet) >= 50%", "share(job where job.process == process.id and job.retries > 1) < 40%",
            'process.queues contains "push"', 'process.tag contains "us"', 'process("b").busy > 2', 'process("b").beat_age > 5ms',
            'any(process where process.queues contains "pull")',
        ]
    ),
)  # fmt: skip


def joined(statements: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Statements with `not`, `and` and `or`."""
    return st.recursive(
        statements,
        lambda inner: st.one_of(
            inner.map("not ({})".format),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: " and ".join(f"({part})" for part in parts)),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: " or ".join(f"({part})" for part in parts)),
        ),
        max_leaves=4,
    )


PLAIN = joined(STATEMENTS)
TOLERANT = joined(
    st.one_of(
        STATEMENTS,
        NUMBERS.map("known({})".format),
        STATEMENTS.map("known({})".format),
        STATEMENTS.map("default({}, true)".format),
        st.builds("default({}, 3) {} 3".format, NUMBERS, OPERATORS),
        st.builds("default({}, process.busy) {} 3".format, NUMBERS, OPERATORS),
    )
)
MOVING = joined(
    st.one_of(
        st.sampled_from(
            [
                "process.beat_age > 40ms", "process.uptime - process.beat_age > 0", "avg(process.busy, 1s) > 2", "last(process.busy, 12s) <= 3",
                "process.beat_age > first(process.rtt, 1s)", "process.uptime < max(process.rtt, 2s) * 20", "held(process.quiet, 1s)",
                "not held(process.busy > 2, 2s)", 'process("b").beat_age > 45ms', 'default(process("c").beat_age, process.uptime) > 30ms',
                "known(avg(process.busy, 1s))", "known(process.beat_age > 40ms)", "default(avg(process.busy, 1s), 5) > 4",
                "held(process.beat_age > 20ms, 2s)", "process.beat_age in [31ms, 45ms]", "count(queue) > 1",
                "process.quiet == (process.uptime > 60ms)", "process.uptime + default(process.beat_age, 0) > 100ms",
            ]
        ),
        st.builds("{}(process.busy, {}) {} {}".format, st.sampled_from(["avg", "min", "first"]), st.sampled_from(["1s", "2s"]), OPERATORS, SMALL),
        st.sampled_from(["process.quiet", "process.busy > 2"]),
    )
)  # fmt: skip


def rows(kind: Kind, **readings: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Some entities of a kind, named a, b and c."""
    one = st.fixed_dictionaries(readings)
    return st.lists(one, max_size=3).map(lambda several: [(kind, name, values) for name, values in zip("abc", several, strict=False)])


PROCESSES = rows(
    Kind.PROCESS, quiet=st.booleans(), busy=SMALL, threads=SMALL, confirmed_at=st.integers(950, 1_000), booted_at=st.integers(950, 1_000),
    rtt=SMALL, tag=st.sampled_from(["push", "pull", ""]), queues=st.sampled_from([(), ("push",), ("push", "pull")]),
).filter(bool)  # fmt: skip
JOBS = rows(Kind.JOB, process=st.sampled_from("abc"), retries=SMALL)
QUEUES = st.lists(SMALL, max_size=2).map(
    lambda sizes: [(Kind.QUEUE, name, {"name": name, "size": size}) for name, size in zip(("push", "pull"), sizes, strict=False)]
)


class Naive:
    """A world that is as slow as it is simple. `seed` makes up its histories; `holes` are readings that are missing."""

    def __init__(self, entities: list[Any], aggregates: tuple[Aggregate, ...], *, seed: int, holes: frozenset[int] = frozenset()) -> None:
        self.rows: dict[tuple[Kind, str], Any] = {}
        self._aggregates = {one.key: one for one in aggregates}
        self._seed = seed
        self._blind = bool(holes)
        number = 0
        for kind, entity, readings in entities:
            row = self.rows[kind, entity] = ROW_TYPES[kind](entity)
            for slot, value in readings.items():
                number += 1
                setattr(row, slot, MISSING if number in holes else value)

    def _made_up(self, *about: object) -> int:
        # Not `hash`: that of strings differs from run to run.
        return sum(ord(letter) * (place + 1) for place, letter in enumerate(f"{self._seed}{about}")) % 997

    def find(self, kind: Kind, entity: str) -> Row | None:
        return self.rows.get((kind, entity))

    def over(self, series, entity, function, window, now):
        step = now // bucket(window)
        if self._made_up(step // 3, entity, "coverage") % 4 == 0 and self._blind:
            return MISSING
        return (0, 1, 2, 3, 4, 5, 2.5)[self._made_up(series, entity, function, window, step) % 7]

    def slides(self, series, entity, window, now):
        return (now // bucket(window) + 1) * bucket(window)

    def _turn(self, series: str, entity: str, window: int) -> int:
        return NOW + self._made_up(series, entity, window) % 60

    def held(self, series, entity, window, now):
        if self._made_up(series, entity, "coverage") % 4 == 0 and self._blind:
            return None
        return now >= self._turn(series, entity, window)

    def turns(self, series, entity, window, now):
        turn = self._turn(series, entity, window)
        return turn if turn > now else None

    def tally(self, aggregate: str, group: object) -> Tally:
        one = self._aggregates[aggregate]
        total: list[Any] = []
        everybody = true = unknown = blurred = 0
        for (kind, _), row in self.rows.items():
            link = "" if one.link is None else getattr(row, one.link) if kind is one.kind else MISSING
            if kind is not one.kind or (link is not MISSING and link != group):
                continue
            holds = one.holds(row, NOW, self)
            everybody += 1
            if link is MISSING:
                # It can belong to any group.
                holds = None
            unknown += holds is None
            if holds:
                true += 1
                value = MISSING if one.value is None else one.value(row, NOW, self)
                blurred += value is MISSING and one.value is not None
                if value is not MISSING:
                    total.append(value)
        return Tally(everybody, true, unknown, sum(total), min(total, default=None), max(total, default=None), blurred)


def read(text: str, kind: Kind = Kind.PROCESS) -> Condition:
    """A condition that must be sound."""
    condition, problems = read_condition(Text(text, "f"), kind)
    assert condition is not None, (text, problems)
    return condition


WORLDS = st.tuples(PROCESSES, JOBS, QUEUES).map(lambda parts: [*parts[0], *parts[1], *parts[2]])
HOLES = st.builds(
    lambda chance, share: frozenset(number for number in range(1, 60) if chance.random() < share),
    st.randoms(use_true_random=False),
    st.sampled_from([0.1, 0.3, 0.6]),
)


@given(TOLERANT, WORLDS, st.integers(0, 99), HOLES)
@settings(max_examples=100, deadline=None)
def test_compiled_and_exact_agree(text: str, entities: list[Any], seed: int, holes: frozenset[int]):
    """The fast path never says anything that exact evaluation does not say, whatever the world answers; nor does the loop over rows."""
    condition = read(text)
    scope = Naive(entities, condition.aggregates, seed=seed, holes=holes)
    everybody = [row for (kind, _), row in scope.rows.items() if kind is Kind.PROCESS]
    truths = [condition.holds(row, NOW, scope) for row in everybody]
    assert truths == [evaluate(condition.tree, row, NOW, scope) for row in everybody], text
    assert condition.sweep(everybody, NOW, scope) == [row for row, truth in zip(everybody, truths, strict=True) if truth is not False]
    assert read(condition.text) == condition


@given(PLAIN, WORLDS, st.integers(0, 99), HOLES)
@settings(max_examples=200, deadline=None)
def test_what_is_known_of_a_world_with_holes_is_true_of_the_whole_one(text: str, entities: list[Any], seed: int, holes: frozenset[int]):
    """Bounds included: true or false with missing readings stays so, whatever would have been read there."""
    condition = read(text)
    blind = Naive(entities, condition.aggregates, seed=seed, holes=holes)
    seeing = Naive(entities, condition.aggregates, seed=seed)
    for key, row in blind.rows.items():
        known = condition.holds(row, NOW, blind) if key[0] is Kind.PROCESS else None
        full = condition.holds(seeing.rows[key], NOW, seeing) if known is not None else None
        if known is not None and full is not None:
            assert known is full, text


@given(MOVING, WORLDS, st.integers(0, 99), HOLES)
@settings(max_examples=100, deadline=None)
def test_a_deadline_is_never_late(text: str, entities: list[Any], seed: int, holes: frozenset[int]):
    """Until the deadline nothing changes by time alone: neither what grows, nor what histories say, nor what is held."""
    condition = read(text)
    scope = Naive(entities, condition.aggregates, seed=seed, holes=holes)
    for (kind, _), row in scope.rows.items():
        if kind is not Kind.PROCESS:
            continue
        truth, deadline = condition.holds(row, NOW, scope), condition.deadline(row, NOW, scope)
        assert deadline.beat is None
        assert deadline.engine is None or deadline.engine > NOW
        for moment in range(NOW + 1, min(deadline.engine or NOW + 120, NOW + 120)):
            assert condition.holds(row, moment, scope) is truth, (text, moment, deadline)


@given(joined(st.sampled_from(["one", "two", "process.quiet", "three"])), st.lists(STATEMENTS, min_size=2, max_size=2))
@settings(max_examples=50, deadline=None)
def test_a_word_is_what_it_stands_for(text: str, statements: list[str]):
    """A condition with words is the one in which each has been written out in parentheses; so is its text, if it reads back."""
    one, two = statements
    three = f"one and not ({two})"
    names, problems = read_names({"one": Text(one, "f"), "two": Text(two, "f"), "three": Text(three, "f")})
    assert problems == ()
    found, problems = read_condition(Text(text, "f"), Kind.PROCESS, names)
    assert found is not None, problems
    written = text.replace("three", f"({three})").replace("one", f"({one})").replace("two", f"({two})")
    assert found == read(written)
    assert read(found.text) == found
