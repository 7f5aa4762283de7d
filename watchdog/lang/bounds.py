"""
Numbers of which only bounds are known, and what can be said of them all the same.

The counterpart of `Tally`: where some entities can't be judged, a count lies between two numbers, and `> 3` can still be true
or false. Exact: what is said holds for every value within the bounds, and nothing is said where it does not.
"""

import math
from itertools import product
from typing import Any, Final

import msgspec

from watchdog.lang.demands import Tally
from watchdog.lang.functions import Across

INFINITE: Final = math.inf
Number = int | float


class Bounds(msgspec.Struct, frozen=True):
    """Not less than `low` and not more than `high`, each included unless it is infinite; never both the same."""

    low: Number
    high: Number


def between(low: Number, high: Number) -> Number | Bounds | None:
    """The number, if the bounds meet; None, if nothing bounds it or something is no number."""
    if low != low or high != high or (low == -INFINITE and high == INFINITE):  # noqa: PLR0124  (that is what NaN is)
        return None
    if low == high:
        return low if math.isfinite(low) else None
    return Bounds(low, high)


def calculate(sign: str, one: Number | Bounds, other: Number | Bounds) -> Number | Bounds | None:
    """The bounds of a sum, difference, product or quotient. Two operands are taken for independent, so the bounds can be too wide."""
    lows = one if isinstance(one, Bounds) else Bounds(one, one)
    highs = other if isinstance(other, Bounds) else Bounds(other, other)
    try:
        match sign:
            case "+":
                return between(lows.low + highs.low, lows.high + highs.high)
            case "-":
                return between(lows.low - highs.high, lows.high - highs.low)
            case "*":
                corners = [_times(a, b) for a, b in product((lows.low, lows.high), (highs.low, highs.high))]
                return between(min(corners), max(corners))
            case _:
                if highs.low <= 0 <= highs.high:
                    return None
                corners = [a / b for a, b in product((lows.low, lows.high), (highs.low, highs.high))]
                return None if any(corner != corner for corner in corners) else between(min(corners), max(corners))  # noqa: PLR0124
    except OverflowError:
        return None


def _times(one: Number, other: Number) -> Number:
    return 0 if one == 0 or other == 0 else one * other


def compare(sign: str, one: Number | Bounds, other: Number | Bounds) -> bool | None:
    """The truth, if it is the same for all values within the bounds."""
    left = one if isinstance(one, Bounds) else Bounds(one, one)
    right = other if isinstance(other, Bounds) else Bounds(other, other)
    match sign:
        case "<":
            return True if left.high < right.low else False if left.low >= right.high else None
        case "<=":
            return True if left.high <= right.low else False if left.low > right.high else None
        case ">":
            return compare("<", other, one)
        case ">=":
            return compare("<=", other, one)
        case _:
            apart = left.high < right.low or left.low > right.high
            return (sign == "!=") if apart else None


def overall(function: Across, tally: Tally, *, never_negative: bool) -> Any:
    """
    What an aggregate says of a group: a number, a truth, bounds, or None.

    `never_negative` says that the values are counts or sizes as they were read.
    """
    match function:
        case Across.COUNT:
            return between(tally.true, tally.true + tally.unknown)
        case Across.SHARE:
            return between(tally.true / tally.all, (tally.true + tally.unknown) / tally.all) if tally.all else None
        case Across.ANY:
            return True if tally.true else None if tally.unknown else False
        case Across.ALL:
            return True if tally.true == tally.all else None if tally.true + tally.unknown == tally.all else False
        case _:
            return _of_values(function, tally, 0 if never_negative else -INFINITE)


def _of_values(function: Across, tally: Tally, least: Number) -> Any:
    complete = not tally.unknown and not tally.blurred
    match function:
        case Across.SUM:
            return between(tally.total, tally.total) if complete else Bounds(tally.total, INFINITE) if least == 0 else None
        case Across.AVG:
            return between(tally.total / tally.true, tally.total / tally.true) if complete and tally.true else None
        case Across.MIN:
            return None if tally.low is None else between(tally.low if complete else least, tally.low)
        case _:
            return None if tally.high is None else between(tally.high, tally.high if complete else INFINITE)
