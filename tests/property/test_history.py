"""A history against a naive model: every millisecond by itself, a list of everything that was ever said, and the same rules for buckets."""

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchdog.engine import sliding, tracks, windows
from watchdog.engine import steps as packed
from watchdog.engine.history import History
from watchdog.engine.steps import ABSENT
from watchdog.lang.demands import Function, Series
from watchdog.model.kinds import Kind, Source, Type
from watchdog.model.missing import MISSING

USUAL = settings().max_examples
"""Of the profile."""
BEATS = 40
"""In place of three beats, so that a naive model can count milliseconds."""
WINDOWS = [7, 60, 120, 130, 240, 500]


def _series(key: str, type_: Type, *, counter: bool, sources: tuple[Source, ...], window: int = 500) -> Series:
    return Series(
        key=key,
        kind=Kind.QUEUE,
        text=key,
        type=type_,
        value=lambda row, now: MISSING,
        window=window,
        sources=sources,
        counter=counter,
        reads=frozenset(),
    )


SERIES = {
    one.key: one
    for one in (
        _series("count", Type.COUNT, counter=True, sources=(Source.REDIS,)),
        _series("gauge", Type.RATIO, counter=False, sources=(Source.REDIS, Source.HOST)),
        _series("age", Type.DURATION, counter=False, sources=(Source.REDIS,)),
        _series("statement", Type.BOOL, counter=False, sources=(Source.REDIS,)),
    )
}
DEMANDED = [msgspec.structs.replace(one, window=window) for one in SERIES.values() for window in WINDOWS]
NUMBERS = [key for key in SERIES if key != "statement"]
ENTITIES = ["a", "b"]

_INTEGERS = st.integers(-3, 12) | st.just(2**60)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "count": _INTEGERS | st.none(),
    "gauge": _INTEGERS | st.sampled_from([0.1, -2.5, 1e9, math.nan, 2**70]) | st.none(),
    "age": _INTEGERS,
    "statement": st.sampled_from([True, True, True, True, False, None]),
}
WRITE = st.sampled_from(list(SERIES)).flatmap(
    lambda key: st.tuples(st.just("write"), st.just(key), st.sampled_from(ENTITIES), _VALUES[key])
)
TIME = st.tuples(st.just("time"), st.sampled_from([1, 2, 5, 17, 35, 60, 130, 300, 700]))
SOURCE = st.tuples(st.sampled_from(["lost", "back", "back"]), st.sampled_from(list(Source)))
ASK = st.tuples(
    st.just("ask"), st.sampled_from(NUMBERS), st.sampled_from(ENTITIES), st.sampled_from(list(Function)), st.sampled_from(WINDOWS)
)
HELD = st.tuples(st.just("held"), st.sampled_from(ENTITIES), st.sampled_from(WINDOWS))
GONE = st.tuples(st.just("gone"), st.sampled_from(ENTITIES))
RESTART = st.tuples(st.just("restart"), st.integers(0, 100), st.sampled_from([0, -900]))
REDEMAND = st.tuples(st.just("demand"), st.sampled_from(list(SERIES)))
QUIET = st.one_of(WRITE, TIME, ASK, ASK, HELD)
STEP = st.integers(0, 19).flatmap(lambda die: st.one_of(SOURCE, GONE, RESTART, REDEMAND) if die == 0 else QUIET)
"""Mostly what goes on all the time: most answers shall be known ones."""
STEPS = st.lists(STEP, min_size=5, max_size=60)


class Naive:
    """Remembers every word; answers by looking at each millisecond."""

    def __init__(self, now: int) -> None:
        self.said: dict[tuple[str, str], list[tuple[int, Any]]] = {}
        self.covered: dict[Source, list[tuple[int, bool]]] = {source: [] for source in Source}
        self.since = dict.fromkeys(SERIES, now)

    def write(self, key: str, entity: str, state: Any, now: int) -> None:
        if (isinstance(state, float) and not math.isfinite(state)) or (isinstance(state, int) and abs(state) >= 2**63):
            state = MISSING
        self.said.setdefault((key, entity), []).append((now, state))

    def gone(self, entity: str, now: int) -> None:
        for key in SERIES:
            if (key, entity) in self.said:
                self.said[key, entity].append((now, ABSENT))

    def restart(self, now: int) -> None:
        for said in self.said.values():
            if said[-1][1] is not ABSENT:
                said.append((now, MISSING))
        for source in Source:
            self.covered[source].append((now, False))

    def shift(self, by: int) -> None:
        self.said = {key: [(at + by, state) for at, state in said] for key, said in self.said.items()}
        self.covered = {source: [(at + by, is_on) for at, is_on in said] for source, said in self.covered.items()}
        self.since = {key: at + by for key, at in self.since.items()}

    def state(self, key: str, entity: str, at: int) -> Any:
        """None where it is not covered."""
        series = SERIES[key]
        if at < self.since[key] or not all(_latest(self.covered[source], at, False) for source in series.sources):
            return None
        state = _latest(self.said.get((key, entity), []), at, ABSENT)
        return None if state is MISSING else state

    def over(self, key: str, entity: str, function: Function, window: int, now: int) -> Any:
        bucket = -(-window // 120)
        end = now // bucket * bucket
        start = end - window // bucket * bucket
        states = {at: self.state(key, entity, at) for at in range(start, end)}
        if sum(state is not None for state in states.values()) * 5 < (end - start) * 4:
            return MISSING
        if SERIES[key].counter:
            states = {at: 0 if state is ABSENT else state for at, state in states.items()}
        values = {at: state for at, state in states.items() if state is not None and state is not ABSENT}
        if not values:
            return MISSING
        listed = list(values.values())
        match function:
            case Function.AVG:
                return Fraction(sum(map(Fraction, listed)), len(listed))
            case Function.MIN:
                return min(listed)
            case Function.MAX:
                return max(listed)
            case Function.SUM:
                return sum(map(Fraction, listed)) / 1000
            case Function.FIRST:
                return listed[0]
            case Function.LAST:
                return listed[-1]
            case Function.CHANGES:
                return sum(one != other for one, other in itertools.pairwise(listed))
            case Function.INCREASE:
                return _increase(listed)
            case Function.RATE:
                return Fraction(_increase(listed)) / (max(values) + 1 - min(values)) * (1 if SERIES[key].type is Type.DURATION else 1000)
            case Function.SLOPE:
                return _slope(values, start, bucket, 1 if SERIES[key].type is Type.DURATION else 1000)

    def held(self, entity: str, window: int, now: int) -> bool | None:
        states = [self.state("statement", entity, at) for at in range(now - window, now + 1)]
        if any(state is ABSENT or state is False for state in states):
            return False
        longest = max(len(run) for run in "".join("?" if state is None else "." for state in states).split("."))
        known = sum(state is not None for state in states)
        return None if longest > BEATS or known * 5 < len(states) * 4 else True


def _latest(said: list[tuple[int, Any]], at: int, before: Any) -> Any:
    for when, what in reversed(said):
        if when <= at:
            return what
    return before


def _increase(values: list[Any]) -> Any:
    grown: Any = 0
    for one, other in itertools.pairwise(values):
        grown += Fraction(other) - Fraction(one) if other >= one else max(Fraction(other), 0)
    return grown


def _slope(values: dict[int, Any], start: int, bucket: int, unit: int) -> Any:
    parts: dict[int, list[Fraction]] = {}
    for at, value in values.items():
        parts.setdefault((at - start) // bucket, []).append(Fraction(value))
    if len(parts) < 2:
        return MISSING
    points = [(Fraction(number * bucket), sum(part) / len(part), len(part)) for number, part in parts.items()]
    weight = sum(share for *_, share in points)
    x = sum(at * share for at, _, share in points) / weight
    y = sum(mean * share for _, mean, share in points) / weight
    rise = sum(share * (at - x) * (mean - y) for at, mean, share in points)
    return rise / sum(share * (at - x) ** 2 for at, _, share in points) * unit


def _agree(told: Any, expected: Any, scale: float) -> bool:
    if told is MISSING or expected is MISSING:
        return told is expected
    return told == expected or math.isclose(told, expected, rel_tol=1e-9, abs_tol=scale * 1e-12)


class Beside:
    """A history, and beside it the naive model that hears the same."""

    def __init__(self, budget: int, stirred: Callable[[Kind, str, int], None] | None = None) -> None:
        self.now = 1_000
        self.boot = 1
        self.stirred = stirred
        self.history = History(budget, stirred=stirred)
        self.history.demand(DEMANDED, self.now)
        self.naive = Naive(self.now)
        # Most of what can go wrong needs something that is known.
        for source in Source:
            self.do(("back", source))
        self.now += 600

    def do(self, step: tuple[Any, ...]) -> None:
        history, naive, now = self.history, self.naive, self.now
        match step:
            case ("time", by):
                self.now += by
            case ("write", key, entity, given_value):
                value = MISSING if given_value is None else given_value
                history.write(key, entity, value, now)
                naive.write(key, entity, value, now)
            case ("lost", source):
                history.lost(source, now)
                naive.covered[source].append((now, False))
            case ("back", source):
                history.back(source, now)
                naive.covered[source].append((now, True))
            case ("gone", entity):
                history.gone(Kind.QUEUE, entity, now)
                naive.gone(entity, now)
            case ("restart", after, shift):
                self._restart(after, shift)
            case ("demand", key):
                history.demand([one for one in DEMANDED if one.key != key], now)
                history.demand(DEMANDED, now)
                naive.since[key] = now
                for entity in ENTITIES:
                    naive.said.pop((key, entity), None)

    def _restart(self, after: int, shift: int) -> None:
        saved = self.history.encode(self.now, wall=10**9 + self.now, boot_id=str(self.boot))
        self.naive.restart(self.now)
        self.now += after + shift
        self.naive.shift(shift)
        self.boot += shift != 0
        self.history = History(self.history.budget, stirred=self.stirred)
        self.history.demand(DEMANDED, self.now)
        self.history.restore(saved, self.now, wall=10**9 + self.now - shift, boot_id=str(self.boot))


@settings(max_examples=max(240, USUAL))
@given(STEPS, st.sampled_from([0, 2, 1000]), st.sampled_from([4, 10_000]))
def test_history_agrees_with_naive_model(steps, many, fold):
    """Whatever is written, goes, comes back, is lost, is saved and restored: each answer is that of a model which remembers everything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracks, "MANY", many)
        patch.setattr(tracks, "FOLD", fold)
        patch.setattr(packed, "_TRIM_FROM", fold)
        patch.setattr(windows, "THREE_BEATS", BEATS)
        patch.setattr(sliding, "THREE_BEATS", BEATS)
        beside = Beside(2**30)
        for step in steps:
            beside.do(step)
            match step:
                case ("ask", key, entity, function, window):
                    told = beside.history.over(key, entity, function, window, beside.now)
                    expected = beside.naive.over(key, entity, function, window, beside.now)
                    assert _agree(told, expected, 2.0**61), (step, beside.now, told, expected)
                case ("held", entity, window):
                    assert beside.history.held("statement", entity, window, beside.now) is beside.naive.held(entity, window, beside.now)


@given(STEPS, st.integers(500, 4_000), st.sampled_from([0, 1000]))
def test_a_small_budget_never_makes_a_wrong_answer(steps, budget, many):
    """What had to be forgotten is unknown; it is never taken for something else, and the budget is kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracks, "MANY", many)
        patch.setattr(windows, "THREE_BEATS", BEATS)
        patch.setattr(sliding, "THREE_BEATS", BEATS)
        beside = Beside(budget)
        for step in steps:
            beside.do(step)
            match step:
                case ("ask", key, entity, function, window):
                    told = beside.history.over(key, entity, function, window, beside.now)
                    expected = beside.naive.over(key, entity, function, window, beside.now)
                    assert told is MISSING or _agree(told, expected, 2.0**61), (step, beside.now, told, expected)
                case ("held", entity, window):
                    held = beside.history.held("statement", entity, window, beside.now)
                    assert held is None or held is beside.naive.held(entity, window, beside.now)
            counted = sum(kept.size() for kept in beside.history._kept.values())
            assert beside.history.size() == counted
            # Names of those that were dropped stay; nothing else may be over it.
            assert counted <= budget or not any(kept.tracks for kept in beside.history._kept.values())


@given(STEPS, st.sampled_from(ENTITIES), st.sampled_from(WINDOWS))
def test_held_stays_the_same_until_it_is_due(steps, entity, window):
    """As long as nothing is written and no source comes or goes, `held` says the same until `held_due`, at every millisecond."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "THREE_BEATS", BEATS)
        patch.setattr(sliding, "THREE_BEATS", BEATS)
        beside = Beside(2**30)
        for step in steps:
            beside.do(step)
        now = beside.now
        held = beside.history.held("statement", entity, window, now)
        due = beside.history.held_due("statement", entity, window, now)
        assert due is None or due > now
        for at in range(now, now + 1_300 if due is None else due):
            assert beside.history.held("statement", entity, window, at) is held, (at, due)


class Waiting:
    """Somebody who asks for one answer when it is due, and believes it until then."""

    def __init__(self, asked: tuple[str, str, Function, int], budget: int) -> None:
        self.key, self.entity, self.function, self.window = asked
        self.due: int | None = None
        self.beside = Beside(budget, self._stirred)
        self.ask()

    def ask(self) -> None:
        """The engine looks at the entity."""
        history, now = self.beside.history, self.beside.now
        self.answer = history.over(self.key, self.entity, self.function, self.window, now)
        self.due = history.over_due(self.key, self.entity, self.window, now)
        assert self.due is None or self.due > now

    def is_known(self) -> bool:
        """Something is kept of the entity, or was."""
        kept = self.beside.history._kept[self.key]
        return self.entity in kept.tracks or self.entity in kept.evicted

    def is_right(self) -> bool:
        """What is believed is so."""
        told = self.beside.history.glance(self.key, self.entity, self.function, self.window, self.beside.now)
        return told is self.answer or (told is not MISSING and self.answer is not MISSING and bool(told == self.answer))

    def _stirred(self, kind: Kind, entity: str, due: int) -> None:
        assert kind is Kind.QUEUE
        if entity == self.entity and (self.due is None or due < self.due):
            self.due = due


_ASKED = st.tuples(st.sampled_from(NUMBERS), st.sampled_from(ENTITIES), st.sampled_from(list(Function)), st.sampled_from(WINDOWS))
_SELDOM = st.integers(0, 9).flatmap(lambda die: WRITE if die < 4 else TIME if die < 9 else st.one_of(SOURCE, GONE, RESTART, REDEMAND))


@settings(max_examples=max(240, USUAL))
@given(st.lists(_SELDOM, min_size=5, max_size=30), _ASKED, st.sampled_from([2**30, 3_000]))
def test_an_answer_is_believed_no_longer_than_it_holds(steps, asked, budget):
    """Whoever asks again when it is due, or is told that something stirs, is never wrong: after a long time without a change as well, and where memory is short."""
    waiting = Waiting(asked, budget)
    beside = waiting.beside
    blind: set[Source] = set()
    for step in steps:
        if step[0] != "time":
            is_new = step[0] == "write" and not waiting.is_known()
            beside.do(step)
            if step[0] == "lost":
                blind.add(step[1])
            elif step[0] == "back":
                blind.discard(step[1])
            if step[0] not in ("write", "lost") or is_new:
                # The engine looks at everything, or at who is new.
                waiting.ask()
            continue
        for _ in range(step[1]):
            beside.do(("time", 1))
            if waiting.due is not None and beside.now >= waiting.due:
                waiting.ask()
            # Of what rests on a source that is lost nothing is believed.
            assert blind.intersection(SERIES[asked[0]].sources) or waiting.is_right(), (step, beside.now, waiting.answer, waiting.due)


@given(STEPS, st.sampled_from(NUMBERS), st.sampled_from(ENTITIES), st.sampled_from(list(Function)), st.sampled_from(WINDOWS))
def test_an_answer_stays_the_same_until_the_next_boundary(steps, key, entity, function, window):
    """Between two boundaries of the buckets nothing that happens changes what a window says, not even a source that is lost."""
    beside = Beside(2**30)
    for step in steps:
        beside.do(step)
    bucket = -(-window // 120)
    told = beside.history.over(key, entity, function, window, beside.now)
    beside.history.lost(Source.REDIS, beside.now)
    beside.history.write(key, entity, 7, beside.now)
    for at in range(beside.now, beside.now - beside.now % bucket + bucket):
        again = beside.history.over(key, entity, function, window, at)
        assert told is again or told == again
