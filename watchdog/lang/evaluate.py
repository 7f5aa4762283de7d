"""
What a checked tree says about a row, exactly, in three-valued logic: true, false, or None for "can't be known".

The counterpart of `compile.py`, which is fast and gives up as soon as it meets a missing reading; this here is what it falls
back on, and what it must agree with. `false and unknown` is false, `true or unknown` is true; division by zero,
overflow and any number that is not finite are unknown. Never raises for a missing reading, never takes one for a value.
"""

import math
import operator
from collections.abc import Callable
from typing import Any, Final, assert_never

from watchdog.lang.bounds import Bounds, between, calculate, compare, overall
from watchdog.lang.checked import (
    Calculation,
    Checked,
    Comparison,
    Constant,
    Contains,
    Default,
    Elsewhere,
    Every,
    Held,
    Inverse,
    Known,
    Negative,
    OneOf,
    Overall,
    Past,
    Reading,
    Resembles,
    Some,
)  # fmt: skip
from watchdog.lang.demands import Scope
from watchdog.lang.glob import compile_pattern
from watchdog.lang.nowhere import NOWHERE
from watchdog.model.fields import Clock, FieldSpec
from watchdog.model.kinds import Type
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row

OPERATIONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
"""Operator → what it does with two known values."""


def evaluate(node: Checked, row: Row, now: int, scope: Scope = NOWHERE) -> Any:
    """
    The value of the tree at engine time `now`, in the form of its type; None where it can't be known.

    A number that rests on entities of which some can't be judged can be `Bounds`. `row` is of the kind that the tree was checked for.
    """
    match node:
        case Constant(value=value):
            return value
        case Reading(spec=spec):
            return read(spec, row, now)
        case Negative(operand=operand):
            value = evaluate(operand, row, now, scope)
            return None if value is None else between(-value.high, -value.low) if isinstance(value, Bounds) else -value
        case Calculation(operator=sign, left=left, right=right):
            return _calculate(sign, evaluate(left, row, now, scope), evaluate(right, row, now, scope))
        case Comparison(operator=sign, left=left, right=right):
            return _compare(sign, evaluate(left, row, now, scope), evaluate(right, row, now, scope))
        case OneOf(item=item, options=options):
            value = evaluate(item, row, now, scope)
            if isinstance(value, Bounds):
                return settled([_compare("==", value, option) for option in options], by=True)
            return None if value is None else value in options
        case Contains(container=container, item=item):
            held, value = evaluate(container, row, now, scope), evaluate(item, row, now, scope)
            return None if held is None or value is None else value in held
        case Resembles(item=item, pattern=pattern):
            value = evaluate(item, row, now, scope)
            return None if value is None else compile_pattern(pattern).fullmatch(value) is not None
        case Inverse(operand=operand):
            value = evaluate(operand, row, now, scope)
            return None if value is None else not value
        case Every(operands=operands):
            return settled([evaluate(operand, row, now, scope) for operand in operands], by=False)
        case Some(operands=operands):
            return settled([evaluate(operand, row, now, scope) for operand in operands], by=True)
        case Known(operand=operand):
            return exact(evaluate(operand, row, now, scope))
        case Default(operand=operand, fallback=fallback):
            value = evaluate(operand, row, now, scope)
            return value if exact(value) else evaluate(fallback, row, now, scope)
        case _:
            return _asked(node, row, now, scope)


def _asked(node: Past | Held | Elsewhere | Overall, row: Row, now: int, scope: Scope) -> Any:
    """What the engine keeps."""
    match node:
        case Past(function=function, key=key, window=window):
            value = scope.over(key, row.id, function, window, now)
            return None if value is MISSING else _finite(value)
        case Held(key=key, window=window):
            return scope.held(key, row.id, window, now)
        case Elsewhere(kind=kind, entity=entity, spec=spec):
            sought = evaluate(entity, row, now, scope)
            found = None if sought is None else scope.find(kind, sought)
            return None if found is None else read(spec, found, now)
        case Overall(function=across, population=population, group=group):
            name = "" if group is None else getattr(row, group.slot)
            if name is MISSING:
                return None
            return overall(across, scope.tally(population.key, name), never_negative=is_never_negative(population.value))
        case _:
            assert_never(node)


def is_never_negative(value: Checked | None) -> bool:
    """Whether it is a count or a size as it was read."""
    return isinstance(value, Reading) and value.type in (Type.COUNT, Type.SIZE) and value.spec.clock is None


def exact(value: Any) -> bool:
    """Whether a result of `evaluate` is known, and not only its bounds."""
    return value is not None and not isinstance(value, Bounds)


def read(spec: FieldSpec, row: Row, now: int) -> Any:
    """The value of a field of this row at engine time `now`; None where it is missing or not finite."""
    value = getattr(row, spec.slot)
    if value is MISSING:
        return None
    match spec.clock:
        case Clock.ENGINE:
            return now - value
        case Clock.BEAT:
            beat = MISSING if row.home is MISSING else row.home.confirmed_at
            return None if beat is MISSING else beat - value
        case None:
            return None if isinstance(value, float) and not math.isfinite(value) else value
        case _:
            assert_never(spec.clock)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _calculate(sign: str, one: Any, other: Any) -> Any:
    if one is None or other is None:
        return None
    if isinstance(one, Bounds) or isinstance(other, Bounds):
        return calculate(sign, one, other)
    try:
        return _finite(OPERATIONS[sign](one, other))
    except (ZeroDivisionError, OverflowError):
        return None


def _compare(sign: str, one: Any, other: Any) -> bool | None:
    if one is None or other is None:
        return None
    if isinstance(one, Bounds) or isinstance(other, Bounds):
        return compare(sign, one, other)
    truth: bool = OPERATIONS[sign](one, other)
    return truth


def settled(truths: list[bool | None], *, by: bool) -> bool | None:
    """What is joined by `and` is settled by one false, what is joined by `or` by one true; else nothing may be unknown."""
    if by in truths:
        return by
    return None if None in truths else not by
