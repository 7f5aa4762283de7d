"""
A number that changes along a straight line as a clock goes on, and when a comparison with it turns.

`line_of` finds the line of a part of a condition, if there is one; `crossing` says at which whole millisecond the truth of
`line <operator> 0` can differ from now. Both are exact: integers and fractions, no floats.
"""

from enum import Enum
from fractions import Fraction
from typing import Any

import msgspec

from watchdog.lang.bounds import Bounds
from watchdog.lang.checked import Calculation, Checked, Default, Elsewhere, Negative, Reading, below
from watchdog.lang.demands import Scope
from watchdog.lang.evaluate import evaluate, exact
from watchdog.model.fields import Clock
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row

Exact = int | Fraction


class NoLine(Enum):
    """Why there is no line."""

    UNKNOWN = "a reading is missing"
    CROOKED = "it is no straight line"


class Line(msgspec.Struct, frozen=True):
    """
    `slope * t + rest`, t being the time of the clock in milliseconds.

    The weights are sums of absolute values: from them follows how far floats can be off. `floats` says that the
    condition is calculated with floats at all.
    """

    slope: Exact
    rest: Exact
    slope_weight: Exact
    rest_weight: Exact
    floats: bool

    def plus(self, other: "Line") -> "Line":
        """The sum of two lines."""
        return Line(
            self.slope + other.slope,
            self.rest + other.rest,
            self.slope_weight + other.slope_weight,
            self.rest_weight + other.rest_weight,
            self.floats or other.floats,
        )

    def times(self, factor: Exact, *, floats: bool) -> "Line":
        """The line stretched."""
        size = factor if factor >= 0 else -factor
        return Line(self.slope * factor, self.rest * factor, self.slope_weight * size, self.rest_weight * size, self.floats or floats)


def clocks(node: Checked) -> set[Clock]:
    """What makes a node grow by itself, here or in another entity."""
    return {part.spec.clock for part in below(node) if isinstance(part, (Reading, Elsewhere)) and part.spec.clock is not None}


def line_of(node: Checked, row: Row, now: int, scope: Scope) -> Line | NoLine:
    """The line that a numeric part of a condition follows, by the one clock that it depends on."""
    if not clocks(node):
        value = evaluate(node, row, now, scope)
        if isinstance(value, Bounds):
            return NoLine.CROOKED
        if value is None:
            return NoLine.UNKNOWN
        known: Exact = value if isinstance(value, int) else Fraction(value)
        return Line(0, known, 0, known if known >= 0 else -known, isinstance(value, float))
    match node:
        case Reading(spec=spec):
            return _from(getattr(row, spec.slot))
        case Elsewhere(kind=kind, entity=entity, spec=spec):
            sought = evaluate(entity, row, now, scope)
            found = None if sought is None else scope.find(kind, sought)
            return NoLine.UNKNOWN if found is None else _from(getattr(found, spec.slot))
        case Negative(operand=operand):
            line = line_of(operand, row, now, scope)
            return line.times(-1, floats=False) if isinstance(line, Line) else line
        case Default(operand=operand, fallback=fallback):
            line = line_of(operand, row, now, scope)
            if line is NoLine.UNKNOWN:
                return line_of(fallback, row, now, scope)
            return line if exact(evaluate(operand, row, now, scope)) else NoLine.CROOKED
        case Calculation(operator=operator, left=left, right=right):
            one = line_of(left, row, now, scope)
            if not isinstance(one, Line):
                return one
            other = line_of(right, row, now, scope)
            return _calculated(operator, one, other) if isinstance(other, Line) else other
        case _:
            return NoLine.CROOKED


def _from(origin: Any) -> Line | NoLine:
    return NoLine.UNKNOWN if origin is MISSING else Line(1, -origin, 1, abs(origin), floats=False)


def _calculated(operator: str, one: Line, other: Line) -> Line | NoLine:
    match operator:
        case "+":
            return one.plus(other)
        case "-":
            return one.plus(other.times(-1, floats=False))
        case "*" if other.slope_weight == 0:
            return one.times(other.rest, floats=other.floats)
        case "*" if one.slope_weight == 0:
            return other.times(one.rest, floats=one.floats)
        case "/" if other.slope_weight == 0 and other.rest == 0:
            return NoLine.UNKNOWN
        case "/" if other.slope_weight == 0:
            return one.times(Fraction(1) / other.rest, floats=True)
        case _:
            return NoLine.CROOKED


def crossing(line: Line, operator: str, now: int) -> int | None:
    """
    The first time after `now` at which `line <operator> 0` can differ from what it is at `now`; None if never.

    Exact for integers; with floats early by as much as rounding can be off, and a millisecond.
    """
    if line.slope == 0:
        return None
    root = -line.rest / Fraction(line.slope)
    before, after = -((-root) // 1), root // 1 + 1  # the first whole time not before the root, and the first behind it
    match operator:
        case ">" | "<=":
            turns = [after if line.slope > 0 else before]
        case ">=" | "<":
            turns = [before if line.slope > 0 else after]
        case _:
            turns = [before, after] if root.denominator == 1 or line.floats else []
    room = _room(line, root) if line.floats else 0
    # With room, the turn lies somewhere in [turn - room, turn + room]: within it, look each millisecond.
    return next((max(now + 1, turn - room) for turn in turns if turn + room > now), None)


def _room(line: Line, root: Fraction) -> int:
    """How many milliseconds the floats of a comparison can turn too early or too late: 2⁻⁴⁵ for at most 100 roundings of 2⁻⁵³."""
    weight = line.slope_weight * abs(root) + line.rest_weight
    return 2 + int(weight / abs(Fraction(line.slope)) / 2**45)
