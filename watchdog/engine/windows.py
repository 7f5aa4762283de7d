"""
What can be asked of a stretch of history: functions of the pieces of a step function.

A window ends at the last boundary of its buckets that is not after now, and holds as many whole buckets as fit into it: so an answer
stays the same until the next boundary. Every function looks at covered time only, and at nothing but the window.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise, starmap
from operator import itemgetter, mul, ne, sub
from typing import Any, Final, NamedTuple

from watchdog.engine.steps import MARKS, Steps
from watchdog.lang.buckets import bucket as bucket_of
from watchdog.lang.demands import Function
from watchdog.model.missing import MISSING

Piece = tuple[int, int, float]
"""
(start, end, value): a value that stood from `start` to `end`, in covered time; never empty.

A plain tuple, and calculated with by functions that are loops of C: a replay of a week makes hundreds of millions of them.
"""

THREE_BEATS: Final = 30_000
"""Milliseconds: Sidekiq 7 and later beat each 10 s (`BEAT_PAUSE` in launcher.rb); version 6 each 5 s."""
_SECOND: Final = 1000
_START: Final[Callable[[Piece], int]] = itemgetter(0)
_END: Final[Callable[[Piece], int]] = itemgetter(1)
_VALUE: Final[Callable[[Piece], float]] = itemgetter(2)


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


def cut(steps: Steps, intervals: Sequence[tuple[int, int]], *, zero: bool) -> tuple[list[Piece], int]:
    """
    The pieces within these intervals, and for how many milliseconds it is known what was: a value, or that the entity was not there.

    Before its first step an entity was not there. With `zero`, one that was not there counts as 0; else it has no value then.
    """
    times, states = steps.times, steps.states
    missing, absent = MARKS[states.typecode]
    count = len(times)
    pieces: list[Piece] = []
    known = 0
    for start, end in intervals:
        at = start
        index = _in_force(times, start)
        if index >= 0 and start < end:
            over = bisect_left(times, end, index + 1)
            values = states[index:over]
            if missing not in values and absent not in values:
                moments = times[index + 1 : over]
                pieces += zip((start, *moments), (*moments, end), values, strict=True)
                known += end - start
                continue
        while at < end:
            state = states[index] if index >= 0 else absent
            index += 1
            until = min(times[index], end) if index < count else end
            if state != missing:
                known += until - at
                if state != absent:
                    pieces.append((at, until, state))
                elif zero:
                    pieces.append((at, until, 0))
            at = until
    return pieces, known


def answer(function: Function, pieces: Sequence[Piece], window: Window) -> Any:
    """That function of these pieces; MISSING where it has no value. `rate` and `slope` are per second, in the unit of the values."""
    return finite(lambda: _FUNCTIONS[function](pieces, window)) if pieces else MISSING


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
    if not all(map(_VALUE, pieces)):
        return False
    known = 0
    seen = start
    for began, ended, _ in pieces:
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


def integral_of(pieces: Sequence[Piece]) -> float:
    """The values, each for as many milliseconds as it stood."""
    total: float = sum(map(mul, map(sub, map(_END, pieces), map(_START, pieces)), map(_VALUE, pieces)))
    return total


def least(pieces: Sequence[Piece]) -> float:
    """The smallest of the values."""
    return min(map(_VALUE, pieces))


def greatest(pieces: Sequence[Piece]) -> float:
    """The greatest of the values."""
    return max(map(_VALUE, pieces))


def lasting(pieces: Sequence[Piece]) -> int:
    """For how many milliseconds all of them stood."""
    return sum(map(_END, pieces)) - sum(map(_START, pieces))


def increase_of(pieces: Sequence[Piece]) -> float:
    """By how much a counter grew from the first to the last."""
    values = list(map(_VALUE, pieces))
    rises = list(map(sub, values[1:], values))
    # Nearly always nothing has begun anew.
    return sum(rises) if min(rises, default=0) >= 0 else sum(starmap(grown_by, pairwise(values)))


def changes_of(pieces: Sequence[Piece]) -> int:
    """How often another value came."""
    values = list(map(_VALUE, pieces))
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


def _avg(pieces: Sequence[Piece], _: Window) -> float:
    return integral_of(pieces) / lasting(pieces)


def _sum(pieces: Sequence[Piece], _: Window) -> float:
    return integral_of(pieces) / _SECOND


def _increase(pieces: Sequence[Piece], _: Window) -> float:
    return increase_of(pieces)


def _rate(pieces: Sequence[Piece], window: Window) -> float:
    return _increase(pieces, window) * _SECOND / (pieces[-1][1] - pieces[0][0])


def _slope(pieces: Sequence[Piece], window: Window) -> Any:
    shares: dict[int, int] = {}
    sums: dict[int, float] = {}
    for start, end, value in pieces:
        at = start
        while at < end:
            number = at // window.bucket
            until = min(end, (number + 1) * window.bucket)
            shares[number] = shares.get(number, 0) + until - at
            sums[number] = sums.get(number, 0) + (until - at) * value
            at = until
    return rise_of([(number, share, sums[number]) for number, share in shares.items()], window.bucket)


def _changes(pieces: Sequence[Piece], _: Window) -> int:
    return changes_of(pieces)


_FUNCTIONS: Final[dict[Function, Callable[[Sequence[Piece], Window], Any]]] = {
    Function.AVG: _avg,
    Function.MIN: lambda pieces, _: least(pieces),
    Function.MAX: lambda pieces, _: greatest(pieces),
    Function.SUM: _sum,
    Function.FIRST: lambda pieces, _: pieces[0][2],
    Function.LAST: lambda pieces, _: pieces[-1][2],
    Function.INCREASE: _increase,
    Function.RATE: _rate,
    Function.SLOPE: _slope,
    Function.CHANGES: _changes,
}
