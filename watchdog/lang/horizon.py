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

from watchdog.lang.checked import (
    Calculation,
    Checked,
    Comparison,
    Constant,
    Default,
    Every,
    Held,
    Inverse,
    Known,
    OneOf,
    Past,
    Reading,
    Some,
    below,
    parts,
    readings,
)  # fmt: skip
from watchdog.lang.compile import Predicate, compile_condition
from watchdog.lang.deadline import NEVER, Deadline, Horizon, first, never
from watchdog.lang.demands import Scope
from watchdog.lang.evaluate import OPERATIONS, evaluate
from watchdog.lang.line import Line, NoLine, clocks, crossing, line_of
from watchdog.lang.nowhere import NOWHERE
from watchdog.lang.reaching import reaching, steps
from watchdog.model.fields import Clock
from watchdog.model.kinds import Type
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row

LOOK_AGAIN: Final = 1000
"""Milliseconds between two looks at something that grows along no straight line."""


_UNKNOWN: Final = (None, None, None)
_FOREVER: Final = math.inf

_Outlook = tuple[bool | None, int | None, int | None]
"""The truth now, and the two times of a `Deadline`."""
_Watch = Callable[[Row, int, Scope], _Outlook]


def compile_horizon(tree: Checked, truth: Predicate) -> Horizon:
    """The function that says until when a tree of type BOOL stays as it is; `truth` is its compiled form."""
    if not _moves(tree):
        return never
    written = [_watch(inner) for inner in _written(tree)]
    if not written and (straight := _straight(tree)) is not None:
        return straight
    watch = _watch(tree, truth)

    def deadline(row: Row, now: int, scope: Scope = NOWHERE, /) -> Deadline:
        _, engine, beat = watch(row, now, scope)
        return NEVER if engine is None and beat is None else Deadline(engine, beat)

    def deadline_of_several(row: Row, now: int, scope: Scope = NOWHERE, /) -> Deadline:
        engine, beat = _first([watch(row, now, scope), *(inner(row, now, scope) for inner in written)])
        return NEVER if engine is None and beat is None else Deadline(engine, beat)

    return deadline_of_several if written else deadline


def _straight(tree: Checked) -> Horizon | None:
    """The same for nearly all conditions that move: one growing field against a constant, by itself or joined with what stands still; None for all others."""
    match tree:
        case Comparison(operator=operator, left=Reading(spec=spec), right=Constant(value=int() as limit)) if spec.clock:
            return reaching(spec.slot, spec.clock, steps(operator, limit))
        case Every(operands=operands) | Some(operands=operands):
            moving = [operand for operand in operands if _moves(operand)]
            steady = tuple(operand for operand in operands if not _moves(operand))
            turning = _straight(moving[0]) if steady and len(moving) == 1 else None
            if turning is None:
                return None
            join, settled = (Every, False) if isinstance(tree, Every) else (Some, True)
            together = compile_condition(steady[0] if len(steady) == 1 else join(steady[0].syntax, steady))

            def deadline(row: Row, now: int, scope: Scope = NOWHERE, /) -> Deadline:
                # Where what stands still settles it, time changes nothing.
                return NEVER if together(row, now, scope) is settled else turning(row, now, scope)

            return deadline
        case _:
            return None


def compile_look(value: Checked) -> Horizon:
    """The function that says until when a value stays as it is."""
    if not _moves(value):
        return never

    slides = _sliding(value)

    def deadline(row: Row, now: int, scope: Scope = NOWHERE, /) -> Deadline:
        engine, beat = _soon(value, row, now)
        return Deadline(first(engine, slides(row, now, scope)), beat)

    return deadline


def _first(outlooks: list[_Outlook]) -> tuple[int | None, int | None]:
    engine = beat = None
    for _, by_engine, by_beat in outlooks:
        engine, beat = first(engine, by_engine), first(beat, by_beat)
    return engine, beat


def _moves(node: Checked) -> bool:
    """Time alone can change it."""
    return bool(clocks(node)) or any(isinstance(part, (Past, Held)) for part in below(node))


def _written(tree: Checked) -> list[Checked]:
    """
    The statements whose history is asked for, as far as time alone changes them.

    The engine writes such a history when they change, whatever else the condition says at that moment.
    """
    return [part.operand for part in below(tree) if isinstance(part, Held) and _moves(part.operand)]


def _sliding(node: Checked) -> Callable[[Row, int, Scope], int | None]:
    """When the first of the histories that are asked for can answer differently."""
    asked = tuple(dict.fromkeys((part.key, part.window) for part in below(node) if isinstance(part, Past)))

    def slides(row: Row, now: int, scope: Scope) -> int | None:
        soonest: int | None = None
        for key, window in asked:
            if (due := scope.slides(key, row.id, window, now)) is not None and (soonest is None or due < soonest):
                soonest = due
        return soonest

    return slides


def _watch(node: Checked, truth: Predicate | None = None) -> _Watch:
    if not _moves(node):
        return _steady(truth or compile_condition(node))
    match node:
        case Inverse(operand=operand):
            inner = _watch(operand)

            def inverse(row: Row, now: int, scope: Scope) -> _Outlook:
                held, engine, beat = inner(row, now, scope)
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
        case Held(key=key, window=window):
            return _held(key, window)
        case Known(operand=operand) if operand.type is not Type.BOOL:
            return _knowing(operand, truth or _exactly(node))
        case _:
            return _either(node, truth or _exactly(node))


def _exactly(node: Checked) -> Predicate:
    """Its truth without compiled code: these forms are rare, and compiling each level of a tree anew is not cheap."""

    def exactly(row: Row, now: int, scope: Scope = NOWHERE, /) -> bool | None:
        truth: bool | None = evaluate(node, row, now, scope)
        return truth

    return exactly


def _held(key: str, window: int) -> _Watch:
    def held(row: Row, now: int, scope: Scope) -> _Outlook:
        return scope.held(key, row.id, window, now), scope.turns(key, row.id, window, now), None

    return held


def _steady(truth: Predicate) -> _Watch:
    def steady(row: Row, now: int, scope: Scope) -> _Outlook:
        return truth(row, now, scope), None, None

    return steady


def _grouped(operands: tuple[Checked, ...], join: type[Every] | type[Some]) -> list[_Watch]:
    """One watch for all operands that time leaves alone (first: it is cheap and often settles it), one for each other."""
    steady = tuple(operand for operand in operands if not _moves(operand))
    moving = [_watch(operand) for operand in operands if _moves(operand)]
    if not steady:
        return moving
    together = steady[0] if len(steady) == 1 else join(steady[0].syntax, steady)
    return [_watch(together), *moving]


def _joined(watches: list[_Watch], *, by: bool) -> _Watch:
    """
    What is joined by `and` (`by` false) or `or` (`by` true).

    An operand that settles it settles it for as long as it stays so, whatever the others do: of several the one that stays longest is taken.
    """

    def joined(row: Row, now: int, scope: Scope) -> _Outlook:
        settled: _Outlook | None = None
        unknown = False
        first_engine: int | None = None
        first_beat: int | None = None
        for watch in watches:
            outlook = held, engine, beat = watch(row, now, scope)
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
    compare, by_engine, turns = OPERATIONS[operator], clock is Clock.ENGINE, steps(operator, limit)

    def growing(row: Row, now: int, scope: Scope) -> _Outlook:  # noqa: ARG001
        origin = getattr(row, slot)
        position = now if by_engine else MISSING if row.home is MISSING else row.home.confirmed_at
        if origin is MISSING or position is MISSING:
            return _UNKNOWN
        turn = None
        for step in turns:
            if origin + step > position:
                turn = origin + step
                break
        held = compare(position - origin, limit)
        return (held, turn, None) if by_engine else (held, None, turn)

    return growing


def _compared(node: Comparison, truth: Predicate) -> _Watch:
    """Any other comparison of numbers in which something grows or a history is asked."""
    slides, ticking = _sliding(node), clocks(node)
    # A line in two clocks at once is none.
    clock = next(iter(ticking)) if len(ticking) == 1 else None
    difference = Calculation(node.syntax, node.left.type, "-", node.left, node.right)

    def compared(row: Row, now: int, scope: Scope) -> _Outlook:
        held = truth(row, now, scope)
        boundary = slides(row, now, scope)
        if not ticking:
            return held, boundary, None
        position = None if clock is None else _position(clock, row, now)
        line = line_of(difference, row, now, scope)
        if position is None or line is NoLine.CROOKED or (held is None and isinstance(line, Line)):
            engine, beat = _soon(node, row, now)
            return held, first(engine, boundary), beat
        if isinstance(line, NoLine):
            return None, boundary, None
        turn = crossing(line, node.operator, position)
        return (held, first(turn, boundary), None) if clock is Clock.ENGINE else (held, boundary, turn)

    return compared


def _knowing(operand: Checked, truth: Predicate) -> _Watch:
    """Whether a number can be known: as long as it follows a line, time makes no difference."""
    slides = _sliding(operand)

    def knowing(row: Row, now: int, scope: Scope) -> _Outlook:
        engine: int | None = None
        beat: int | None = None
        if line_of(operand, row, now, scope) is NoLine.CROOKED:
            engine, beat = _soon(operand, row, now)
        return truth(row, now, scope), first(engine, slides(row, now, scope)), beat

    return knowing


def _either(node: Checked, truth: Predicate) -> _Watch:
    """Statements compared with each other: they stay as they are as long as each of them does."""
    watches = [_watch(part) for part in parts(node) if _moves(part)]

    def either(row: Row, now: int, scope: Scope) -> _Outlook:
        return truth(row, now, scope), *_first([watch(row, now, scope) for watch in watches])

    return either


def _soon(node: Checked, row: Row, now: int) -> tuple[int | None, int | None]:
    """At the next look, by each clock that the node depends on; never while one of its readings is missing."""
    tolerant = any(isinstance(part, Default) for part in below(node))
    if not tolerant and any(getattr(row, spec.slot) is MISSING for spec in readings(node)):
        return None, None
    ticking = clocks(node)
    beat = _position(Clock.BEAT, row, now) if Clock.BEAT in ticking else None
    if Clock.BEAT in ticking and beat is None and not tolerant:
        return None, None
    return (now + LOOK_AGAIN if Clock.ENGINE in ticking else None), (None if beat is None else beat + 1)
