"""
What can be asked of a stretch of history: functions of the pieces of a step function.

A window ends at the last boundary of its buckets that is not after now, and holds as many whole buckets as fit into it: so an answer
stays the same until the next boundary. Every function looks at covered time only, and at nothing but the window.
"""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise, starmap
from operator import mul, ne, sub
from typing import Any, Final, NamedTuple

from watchdog.engine.steps import MARKS, Steps
from watchdog.lang.buckets import bucket as bucket_of
from watchdog.lang.demands import Function
from watchdog.model.missing import MISSING


class Pieces(NamedTuple):
    """
    What stood from when to when, in covered time, one piece after the other; none is empty.

    Three columns of equal length, and calculated with by functions that are loops of C: a replay of a week makes hundreds of millions of pieces.
    """

    starts: Sequence[int]
    ends: Sequence[int]
    values: Sequence[float]


THREE_BEATS: Final = 30_000
"""Milliseconds: Sidekiq 7 and later beat each 10 s (`BEAT_PAUSE` in launcher.rb); version 6 each 5 s."""
_SECOND: Final = 1000


class Window(NamedTuple):
    """From `start` (included) to `end` (excluded), in buckets of `bucket` milliseconds."""

    start: int
    end: int
    bucket: int


def end_before(now: int, window: int) -> int:
    """Where that window ends: the last boundary of its buckets that is not after now."""
    return now - now % bucket_of(window)


def window_before(now: int, window: int) -> Window:
    """The whole buckets that fit into the `window` milliseconds before the last boundary; boundaries are multiples of the bucket in engine time."""
    bucket = bucket_of(window)
    end = end_before(now, window)
    return Window(end - window // bucket * bucket, end, bucket)


def cut(steps: Steps, intervals: Sequence[tuple[int, int]], *, zero: bool) -> tuple[Pieces, int]:
    """
    The pieces within these intervals, and for how many milliseconds it is known what was: a value, or that the entity was not there.

    Before its first step an entity was not there. With `zero`, one that was not there counts as 0; else it has no value then.
    """
    times, states = steps.times, steps.states
    missing, absent = MARKS[states.typecode]
    if len(intervals) == 1:
        # Nearly always everything could be seen, and it was there all the time.
        ((start, end),) = intervals
        if steps.numbers_since <= start < end and (index := _in_force(times, start)) >= 0:
            over = bisect_left(times, end, index + 1)
            moments = times[index + 1 : over]
            return Pieces(array("q", (start,)) + moments, moments + array("q", (end,)), states[index:over]), end - start
    starts: list[int] = []
    ends: list[int] = []
    stood: list[float] = []
    known = 0
    count = len(times)
    for start, end in intervals:
        at = start
        index = _in_force(times, start)
        while at < end:
            state = states[index] if index >= 0 else absent
            index += 1
            until = min(times[index], end) if index < count else end
            if state != missing:
                known += until - at
                if state != absent or zero:
                    starts.append(at)
                    ends.append(until)
                    stood.append(state if state != absent else 0)
            at = until
    return Pieces(starts, ends, stood), known


def answer(function: Function, pieces: Pieces, window: Window) -> Any:
    """That function of these pieces; MISSING where it has no value. `rate` and `slope` are per second, in the unit of the values."""
    return finite(lambda: _FUNCTIONS[function](pieces, window)) if pieces.starts else MISSING


def finite(calculation: Callable[[], Any]) -> Any:
    """What comes out of it; MISSING where that is no number that can be held."""
    try:
        value = calculation()
        return value if value is MISSING or math.isfinite(value) else MISSING
    except (OverflowError, ZeroDivisionError):
        return MISSING


def held_over(steps: Steps, intervals: Sequence[tuple[int, int]], start: int, end: int, *, enough: tuple[int, int]) -> bool | None:
    """
    Whether a statement was never false in [start, end), of which `intervals` are covered.

    None where less than `enough` (a fraction) of it is known or something is unknown for longer than three beats, unless it was seen to be false.
    """
    pieces, _ = cut(steps, intervals, zero=True)
    if not all(pieces.values):
        return False
    known = 0
    seen = start
    for began, ended in zip(pieces.starts, pieces.ends, strict=True):
        if began - seen > THREE_BEATS:
            return None
        known += ended - began
        seen = ended
    if end - seen > THREE_BEATS or known * enough[1] < (end - start) * enough[0]:
        return None
    return True


def _in_force(times: Sequence[int], at: int) -> int:
    """The step that holds at that time; -1 before the first."""
    return bisect_right(times, at) - 1


def integral_of(pieces: Pieces) -> float:
    """The values, each for as many milliseconds as it stood."""
    total: float = sum(map(mul, map(sub, pieces.ends, pieces.starts), pieces.values))
    return total


def lasting(pieces: Pieces) -> int:
    """For how many milliseconds all of them stood."""
    if type(pieces.starts) is array:
        # Of an unbroken time, as `cut` makes them.
        return int(pieces.ends[-1] - pieces.starts[0])
    return sum(pieces.ends) - sum(pieces.starts)


def increase_of(values: Sequence[float]) -> float:
    """By how much a counter grew from the first to the last."""
    values = list(values)
    # Nearly always nothing has begun anew. What is in order already is sorted in one pass, and integers add up to the difference of the outer two.
    if type(values[0]) is int and sorted(values) == values:
        return values[-1] - values[0]
    return sum(starmap(grown_by, pairwise(values)))


def changes_of(values: Sequence[float]) -> int:
    """How often another value came."""
    return sum(map(ne, values, values[1:]))


def grown_by(before: float, value: float) -> float:
    """By how much a counter grew from one value to the next: one that fell has begun anew at 0."""
    return value - before if value >= before else max(value, 0)


def rise_of(buckets: Sequence[tuple[int, int, float]], length: int) -> Any:
    """
    By how much per second a value rises: buckets as (number, milliseconds that had a value, integral), each `length` milliseconds long.

    The straight line with the least squares through the means of the buckets, each weighed by the time that had a value. (Not last
    minus first: one odd reading at either end would turn that.) MISSING for less than two buckets.
    """
    if len(buckets) < 2:
        return MISSING
    weight = sum(share for _, share, _ in buckets)
    # Numbers of buckets are counted from the first, so that floats hold them well.
    origin = buckets[0][0]
    middle = sum((number - origin) * share for number, share, _ in buckets) / weight
    mean = sum(integral for *_, integral in buckets) / weight
    rise = sum((number - origin - middle) * (integral - mean * share) for number, share, integral in buckets)
    run = sum(share * (number - origin - middle) ** 2 for number, share, _ in buckets)
    return rise / run * _SECOND / length


def _avg(pieces: Pieces, _: Window) -> float:
    return integral_of(pieces) / lasting(pieces)


def _sum(pieces: Pieces, _: Window) -> float:
    return integral_of(pieces) / _SECOND


def _increase(pieces: Pieces, _: Window) -> float:
    return increase_of(pieces.values)


def _rate(pieces: Pieces, window: Window) -> float:
    return _increase(pieces, window) * _SECOND / (pieces.ends[-1] - pieces.starts[0])


def _slope(pieces: Pieces, window: Window) -> Any:
    shares: dict[int, int] = {}
    sums: dict[int, float] = {}
    for start, end, value in zip(*pieces, strict=True):
        at = start
        while at < end:
            number = at // window.bucket
            until = min(end, (number + 1) * window.bucket)
            shares[number] = shares.get(number, 0) + until - at
            sums[number] = sums.get(number, 0) + (until - at) * value
            at = until
    return rise_of([(number, share, sums[number]) for number, share in shares.items()], window.bucket)


_FUNCTIONS: Final[dict[Function, Callable[[Pieces, Window], Any]]] = {
    Function.AVG: _avg,
    Function.MIN: lambda pieces, _: min(pieces.values),
    Function.MAX: lambda pieces, _: max(pieces.values),
    Function.SUM: _sum,
    Function.FIRST: lambda pieces, _: pieces.values[0],
    Function.LAST: lambda pieces, _: pieces.values[-1],
    Function.INCREASE: _increase,
    Function.RATE: _rate,
    Function.SLOPE: _slope,
    Function.CHANGES: lambda pieces, _: changes_of(pieces.values),
}
