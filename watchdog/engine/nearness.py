"""
How far a condition is from saying something else, for very many rows.

The fast counterpart of `reasons`, which takes a condition apart for people: the same part decides, by the same distance. A condition is taken apart once; what is asked of
each row is compiled. Pure, and changes nothing.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from watchdog.engine.reasons import NUMBERS
from watchdog.lang.checked import Checked, Comparison, Constant, Every, Inverse, Some
from watchdog.lang.compile import compile_condition, compile_value
from watchdog.lang.demands import Scope
from watchdog.lang.evaluate import OPERATIONS, evaluate
from watchdog.lang.printer import show
from watchdog.model.kinds import Type
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row

_FAR: Final = float("inf")


class Leaf(msgspec.Struct, frozen=True):
    """A part of a condition that is not taken further apart: its text, and the type of what it compares; that of a statement, which is true or false by itself, is BOOL."""

    text: str
    type: Type


class Measured(msgspec.Struct, frozen=True, gc=False):
    """
    What a condition says of a row. `leaf` is the part that decides; `value` and `limit` are what is compared in it, MISSING where it can't be known; of a statement `value` is whether it holds.

    `distance` is how far that is from flipping, in its unit: not negative while the whole is true, not positive while it is false; `share` the same as a share of the greater of the two sides. Both are None where it is no comparison of numbers.
    """

    truth: bool | None
    share: float | None
    distance: float | None
    leaf: Leaf
    value: Any = MISSING
    limit: Any = MISSING


Measure = Callable[[Row, int, Scope], Measured]
"""Measures a row at an engine time."""


def measure_of(node: Checked) -> Measure:
    """The function that measures rows by this condition."""
    match node:
        case Comparison():
            return _comparison(node)
        case Inverse(operand=operand):
            return _inverse(measure_of(operand))
        case Every(operands=operands) | Some(operands=operands):
            return _joined(tuple(measure_of(operand) for operand in operands), by=isinstance(node, Some))
        case _:
            leaf, holds = Leaf(show(node.syntax), Type.BOOL), compile_condition(node)

            def measure(row: Row, now: int, scope: Scope) -> Measured:
                truth = holds(row, now, scope)
                return Measured(truth, None, None, leaf, truth)

            return measure


def _comparison(node: Comparison) -> Measure:
    left, right = _side(node.left), _side(node.right)
    # A bare 0 takes the unit of the other side.
    leaf = Leaf(show(node.syntax), node.right.type if isinstance(node.left, Constant) else node.left.type)
    compare, sign, numbers = OPERATIONS[node.operator], node.operator, node.left.type in NUMBERS

    def measure(row: Row, now: int, scope: Scope) -> Measured:
        value, limit = left(row, now, scope), right(row, now, scope)
        if value is MISSING or limit is MISSING:
            # What has bounds alone can be true or false all the same.
            return Measured(evaluate(node, row, now, scope), None, None, leaf, value, limit)
        truth: bool = compare(value, limit)
        if not numbers:
            return Measured(truth, None, None, leaf, value, limit)
        distance = value - limit
        if sign in ("<", "<="):
            distance = -distance
        elif sign == "!=":
            distance = abs(distance)
        elif sign == "==":
            distance = -abs(distance)
        greater = max(abs(value), abs(limit))
        return Measured(truth, abs(distance) / greater if greater else 0.0, distance, leaf, value, limit)

    return measure


def _side(node: Checked) -> Callable[[Row, int, Scope], Any]:
    if isinstance(node, Constant):
        value = node.value
        return lambda _row, _now, _scope: value
    return compile_value(node)


def _inverse(inner: Measure) -> Measure:
    def measure(row: Row, now: int, scope: Scope) -> Measured:
        one = inner(row, now, scope)
        distance = None if one.distance is None else -one.distance
        return Measured(None if one.truth is None else not one.truth, one.share, distance, one.leaf, one.value, one.limit)

    return measure


def _joined(inner: tuple[Measure, ...], *, by: bool) -> Measure:
    """`by` is the truth of which one is enough."""

    def measure(row: Row, now: int, scope: Scope) -> Measured:
        settling: Measured | None = None
        unknown: Measured | None = None
        nearest: Measured | None = None
        for each in inner:
            one = each(row, now, scope)
            if one.truth is by:
                # All of these must flip; what can't be measured is the farthest.
                if settling is None or _distance(one) > _distance(settling):
                    settling = one
            elif one.truth is None:
                unknown = unknown or one
            elif nearest is None or _distance(one) < _distance(nearest):
                nearest = one
        decides = settling or unknown or nearest
        assert decides is not None  # what is joined has operands
        return decides

    return measure


def _distance(one: Measured) -> float:
    return _FAR if one.share is None else one.share
