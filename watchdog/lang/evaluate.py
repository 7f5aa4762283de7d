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

from watchdog.lang.checked import (
    Calculation,
    Checked,
    Comparison,
    Constant,
    Contains,
    Every,
    Inverse,
    Negative,
    OneOf,
    Reading,
    Resembles,
    Some,
)  # fmt: skip
from watchdog.lang.glob import compile_pattern
from watchdog.model.fields import Clock, FieldSpec
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row

OPERATIONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
"""Operator → what it does with two known values."""


def evaluate(node: Checked, row: Row, now: int) -> Any:
    """
    The value of the tree at engine time `now`, in the form of its type; None where it can't be known.

    `row` is of the kind that the tree was checked for.
    """
    match node:
        case Constant(value=value):
            return value
        case Reading(spec=spec):
            return read(spec, row, now)
        case Negative(operand=operand):
            value = evaluate(operand, row, now)
            return None if value is None else -value
        case Calculation(operator=sign, left=left, right=right):
            return _calculate(sign, evaluate(left, row, now), evaluate(right, row, now))
        case Comparison(operator=sign, left=left, right=right):
            one, other = evaluate(left, row, now), evaluate(right, row, now)
            return None if one is None or other is None else OPERATIONS[sign](one, other)
        case OneOf(item=item, options=options):
            value = evaluate(item, row, now)
            return None if value is None else value in options
        case Contains(container=container, item=item):
            held, value = evaluate(container, row, now), evaluate(item, row, now)
            return None if held is None or value is None else value in held
        case Resembles(item=item, pattern=pattern):
            value = evaluate(item, row, now)
            return None if value is None else compile_pattern(pattern).fullmatch(value) is not None
        case Inverse(operand=operand):
            value = evaluate(operand, row, now)
            return None if value is None else not value
        case Every(operands=operands):
            return _settled([evaluate(operand, row, now) for operand in operands], by=False)
        case Some(operands=operands):
            return _settled([evaluate(operand, row, now) for operand in operands], by=True)
        case _:
            assert_never(node)


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


def _calculate(sign: str, one: Any, other: Any) -> Any:
    if one is None or other is None:
        return None
    try:
        value = OPERATIONS[sign](one, other)
    except (ZeroDivisionError, OverflowError):
        return None
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _settled(truths: list[bool | None], *, by: bool) -> bool | None:
    """What is joined by `and` is settled by one false, what is joined by `or` by one true; else nothing may be unknown."""
    if by in truths:
        return by
    return None if None in truths else not by
