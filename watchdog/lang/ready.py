"""
Exact evaluation made ready beforehand: a tree becomes functions that are put together once, where `evaluate` asks at each node what it is.

The counterpart of `evaluate.py`, with which it must agree. Conditions come here whenever a reading is missing, which of some fields it nearly always is: a process without a child has
none. Whatever is rarer than a field against a constant is left to `evaluate`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from watchdog.lang.checked import Checked, Comparison, Constant, Every, Inverse, OneOf, Reading, Some
from watchdog.lang.demands import Scope
from watchdog.lang.evaluate import OPERATIONS, evaluate, read, settled
from watchdog.model.fields import FieldSpec
from watchdog.model.kinds import Type
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row

Exact = Callable[[Row, int, Scope], Any]
"""What `evaluate` says of one tree."""


def made_ready(node: Checked) -> Exact:
    """The function that says of this tree what `evaluate` says."""
    match node:
        case Reading(spec=spec):
            return _reading(spec)
        case Comparison(operator=sign, left=Reading(spec=spec), right=Constant(value=limit)):
            return _compared(_reading(spec), OPERATIONS[sign], limit)
        case OneOf(item=Reading(spec=spec), options=options):
            return _among(_reading(spec), options)
        case Inverse(operand=operand):
            return _inverse(made_ready(operand))
        case Every(operands=operands):
            return _joined([made_ready(operand) for operand in operands], by=False)
        case Some(operands=operands):
            return _joined([made_ready(operand) for operand in operands], by=True)
        case _:
            return partial(evaluate, node)


def _reading(spec: FieldSpec) -> Exact:
    slot = spec.slot

    def reading(row: Row, now: int, scope: Scope) -> Any:  # noqa: ARG001  (it has to look like the others)
        value = getattr(row, slot)
        return None if value is MISSING else value

    def moving(row: Row, now: int, scope: Scope) -> Any:  # noqa: ARG001
        return read(spec, row, now)

    # Of these every value that is there is one.
    return reading if spec.clock is None and spec.type in (Type.BOOL, Type.STRING, Type.STRINGS, Type.COUNT, Type.SIZE) else moving


def _compared(reading: Exact, operation: Callable[[Any, Any], Any], limit: Any) -> Exact:
    def compared(row: Row, now: int, scope: Scope) -> Any:
        value = reading(row, now, scope)
        return None if value is None else operation(value, limit)

    return compared


def _among(reading: Exact, options: tuple[Any, ...]) -> Exact:
    def among(row: Row, now: int, scope: Scope) -> Any:
        value = reading(row, now, scope)
        return None if value is None else value in options

    return among


def _inverse(operand: Exact) -> Exact:
    def inverse(row: Row, now: int, scope: Scope) -> Any:
        value = operand(row, now, scope)
        return None if value is None else not value

    return inverse


def _joined(operands: list[Exact], *, by: bool) -> Exact:
    def joined(row: Row, now: int, scope: Scope) -> Any:
        # All of them, whatever the first ones say: what they ask of the scope is noted.
        return settled([operand(row, now, scope) for operand in operands], by=by)

    return joined
