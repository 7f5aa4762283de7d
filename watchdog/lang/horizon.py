"""
Until when a condition stays as it is if nothing happens but that time goes on.

The engine looks at an entity again when a reading changes, or when the horizon is reached; so a horizon may be early and must never
be late. Two clocks move: engine time, and the last beat of the job's process. A comparison that is a straight line in one of
them crosses at a moment that can be computed to the millisecond. A line calculated with floats is given the room that their
rounding can take. What is no straight line (something divided by a growing value) is looked at each second, or each beat.
"""

import math
from collections.abc import Callable
from typing import Final

import msgspec

from watchdog.lang.checked import Calculation, Checked, Comparison, Constant, Every, Inverse, OneOf, Reading, Some, parts, readings
from watchdog.lang.compile import Predicate, compile_condition
from watchdog.lang.evaluate import OPERATIONS
from watchdog.lang.line import Line, NoLine, crossing, line_of
from watchdog.model.fields import Clock
from watchdog.model.kinds import Type
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row

LOOK_AGAIN: Final = 1000
"""Milliseconds between two looks at something that grows along no straight line."""


class Deadline(msgspec.Struct, frozen=True):
    """
    When to look again.

    `engine` is an engine time after now; `beat` a time of the last beat of the job's process (its `confirmed_at`) after the
    present one. As long as neither has been reached, the truth is what it is now. None: never.
    """

    engine: int | None = None
    beat: int | None = None


NEVER: Final = Deadline()
"""Time alone changes nothing."""
_UNKNOWN: Final = (None, None, None)
_FOREVER: Final = math.inf

_Outlook = tuple[bool | None, int | None, int | None]
"""The truth now, and the two times of a `Deadline`."""
_Watch = Callable[[Row, int], _Outlook]


def compile_horizon(tree: Checked, truth: Predicate) -> Callable[[Row, int], Deadline]:
    """The function that says until when a tree of type BOOL stays as it is; `truth` is its compiled form."""
    if not _clocks(tree):
        return _never
    watch = _watch(tree, truth)

    def deadline(row: Row, now: int) -> Deadline:
        _, engine, beat = watch(row, now)
        return NEVER if engine is None and beat is None else Deadline(engine, beat)

    return deadline


def _never(row: Row, now: int) -> Deadline:  # noqa: ARG001  (it has to look like the others)
    return NEVER


def _clocks(node: Checked) -> set[Clock]:
    return {spec.clock for spec in readings(node) if spec.clock is not None}


def _watch(node: Checked, truth: Predicate | None = None) -> _Watch:
    if not _clocks(node):
        return _steady(truth or compile_condition(node))
    match node:
        case Inverse(operand=operand):
            inner = _watch(operand)

            def inverse(row: Row, now: int) -> _Outlook:
                held, engine, beat = inner(row, now)
                return (None if held is None else not held), engine, beat

            return inverse
        case Every(operands=operands):
            return _joined(_grouped(operands, Every), by=False)
        case Some(operands=operands):
            return _joined(_grouped(operands, Some), by=True)
        case OneOf(syntax=written, item=item, options=options):
            ways = tuple(Comparison(written, "==", item, Constant(written, item.type, option)) for option in options)
            return _joined([_watch(way) for way in ways], by=True)
        case Comparison(operator=operator, left=Reading(spec=spec), right=Constant(value=int() as limit)) if spec.clock:
            return _growing(spec.slot, spec.clock, operator, limit)
        case Comparison() if node.left.type is not Type.BOOL:
            return _compared(node, truth or compile_condition(node))
        case _:
            return _either(node, truth or compile_condition(node))


def _steady(truth: Predicate) -> _Watch:
    def steady(row: Row, now: int) -> _Outlook:
        return truth(row, now), None, None

    return steady


def _grouped(operands: tuple[Checked, ...], join: type[Every] | type[Some]) -> list[_Watch]:
    """One watch for all operands that time leaves alone (first: it is cheap and often settles it), one for each other."""
    steady = tuple(operand for operand in operands if not _clocks(operand))
    moving = [_watch(operand) for operand in operands if _clocks(operand)]
    if not steady:
        return moving
    together = steady[0] if len(steady) == 1 else join(steady[0].syntax, steady)
    return [_watch(together), *moving]


def _joined(watches: list[_Watch], *, by: bool) -> _Watch:
    """
    What is joined by `and` (`by` false) or `or` (`by` true).

    An operand that settles it settles it for as long as it stays so, whatever the others do: of several the one that stays longest is taken.
    """

    def joined(row: Row, now: int) -> _Outlook:
        settled: _Outlook | None = None
        unknown = False
        first_engine: int | None = None
        first_beat: int | None = None
        for watch in watches:
            outlook = held, engine, beat = watch(row, now)
            if held is by:
                if engine is None and beat is None:
                    return outlook
                if settled is None or _lasts(outlook) > _lasts(settled):
                    settled = outlook
            unknown = unknown or held is None
            if engine is not None and (first_engine is None or engine < first_engine):
                first_engine = engine
            if beat is not None and (first_beat is None or beat < first_beat):
                first_beat = beat
        if settled is not None:
            return settled
        return (None if unknown else not by), first_engine, first_beat

    return joined


def _lasts(outlook: _Outlook) -> tuple[float, float]:
    _, engine, beat = outlook
    return (_FOREVER if engine is None else engine), (_FOREVER if beat is None else beat)


def _position(clock: Clock, row: Row, now: int) -> int | None:
    """What the clock shows; None where the process of a job is not known."""
    if clock is Clock.ENGINE:
        return now
    beat = MISSING if row.home is MISSING else row.home.confirmed_at
    return None if beat is MISSING else int(beat)


def _growing(slot: str, clock: Clock, operator: str, limit: int) -> _Watch:
    """A growing field against a constant: nearly all there is, so it is made ready here."""
    compare = OPERATIONS[operator]
    match operator:
        case ">" | "<=":
            steps: tuple[int, ...] = (limit + 1,)
        case ">=" | "<":
            steps = (limit,)
        case _:
            steps = (limit, limit + 1)

    def growing(row: Row, now: int) -> _Outlook:
        origin, position = getattr(row, slot), _position(clock, row, now)
        if origin is MISSING or position is None:
            return _UNKNOWN
        turn = None
        for step in steps:
            if origin + step > position:
                turn = origin + step
                break
        held = compare(position - origin, limit)
        return (held, turn, None) if clock is Clock.ENGINE else (held, None, turn)

    return growing


def _compared(node: Comparison, truth: Predicate) -> _Watch:
    """Any other comparison of numbers in which something grows."""
    clocks = _clocks(node)
    # A line in two clocks at once is none.
    clock = clocks.pop() if len(clocks) == 1 else None
    difference = Calculation(node.syntax, node.left.type, "-", node.left, node.right)

    def compared(row: Row, now: int) -> _Outlook:
        held = truth(row, now)
        position = None if clock is None else _position(clock, row, now)
        line = line_of(difference, row, now)
        if position is None or line is NoLine.CROOKED or (held is None and isinstance(line, Line)):
            return held, *_soon(node, row, now)
        if isinstance(line, NoLine):
            return _UNKNOWN
        turn = crossing(line, node.operator, position)
        return (held, turn, None) if clock is Clock.ENGINE else (held, None, turn)

    return compared


def _either(node: Checked, truth: Predicate) -> _Watch:
    """Statements compared with each other: they stay as they are as long as each of them does."""
    watches = [_watch(part) for part in parts(node) if _clocks(part)]

    def either(row: Row, now: int) -> _Outlook:
        outlooks = [watch(row, now) for watch in watches]
        engines = [engine for _, engine, _ in outlooks if engine is not None]
        beats = [beat for _, _, beat in outlooks if beat is not None]
        return truth(row, now), min(engines, default=None), min(beats, default=None)

    return either


def _soon(node: Checked, row: Row, now: int) -> tuple[int | None, int | None]:
    """At the next look, by each clock that the node depends on; never while one of its readings is missing."""
    if any(getattr(row, spec.slot) is MISSING for spec in readings(node)):
        return None, None
    clocks = _clocks(node)
    beat = _position(Clock.BEAT, row, now) if Clock.BEAT in clocks else None
    if Clock.BEAT in clocks and beat is None:
        return None, None
    return (now + LOOK_AGAIN if Clock.ENGINE in clocks else None), (None if beat is None else beat + 1)
