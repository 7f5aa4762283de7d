"""
One group of an aggregate: counts, an exact sum, and the smallest and greatest value, kept while members come and go.

The counterpart of `Tally`, which is how it looks at one moment. A sum is the same whatever the order in which its parts came and went,
so a picture that was built anew agrees with one that was kept by deltas.
"""

import math
from heapq import heapify, heappop, heappush
from typing import Any, Final

import msgspec

from watchdog.lang.demands import Tally
from watchdog.model.missing import MISSING

_FINEST: Final = 1074
"""No float is finer than 2 to the power of minus this (the smallest subnormal of IEEE 754)."""
_SLACK: Final = 64


class Member(msgspec.Struct, frozen=True):
    """
    What one entity adds to its group.

    `truth` says whether it fits, None where it can't be known; `value` is its value if it fits: None where none is asked for, MISSING where it
    can't be known.
    """

    truth: bool | None
    value: Any = None


class Group:
    """Members added and taken away, each as it was added."""

    __slots__ = ("_blurred", "_floats", "_size", "_sum", "_true", "_unknown", "_values")

    def __init__(self) -> None:
        self._size = 0
        self._true = 0
        self._unknown = 0
        self._blurred = 0
        self._floats = 0
        self._sum = 0
        self._values: _Extremes | None = None

    def add(self, member: Member) -> None:
        """It belongs to the group."""
        self._count(member, 1)
        if member.value is None:
            return
        if (value := _number(member)) is not None:
            if self._values is None:
                self._values = _Extremes()
            self._values.add(value)

    def take(self, member: Member) -> None:
        """It no longer does; it must have been added just so."""
        self._count(member, -1)
        if member.value is None:
            return
        if (value := _number(member)) is not None:
            assert self._values is not None  # it was added
            self._values.take(value)

    def tally(self, astray: int) -> Tally:
        """The group now, with that many entities besides of which nobody can say whether they belong to it."""
        low, high = (None, None) if self._values is None or self._blurred else self._values.ends()
        return Tally(
            all=self._size + astray,
            true=self._true,
            unknown=self._unknown + astray,
            total=self._total(),
            low=low,
            high=high,
            blurred=self._blurred,
        )

    def __len__(self) -> int:
        return self._size

    def _count(self, member: Member, sign: int) -> None:
        self._size += sign
        if member.truth is None:
            self._unknown += sign
        elif member.truth:
            self._true += sign
            if member.value is None:
                return
            value = _number(member)
            if value is not None:
                self._sum += sign * _scaled(value)
                self._floats += sign * isinstance(value, float)
            else:
                self._blurred += sign

    def _total(self) -> float:
        if not self._floats:
            return self._sum >> _FINEST
        try:
            return self._sum / (1 << _FINEST)
        except OverflowError:
            return math.inf if self._sum > 0 else -math.inf


class _Extremes:
    """
    The smallest and the greatest of numbers that come and go.

    Two heaps that find out late what has gone: each number is pushed and popped at most once for each time that it came.
    """

    __slots__ = ("_count", "_high", "_low")

    def __init__(self) -> None:
        self._count: dict[float, int] = {}
        self._low: list[float] = []
        self._high: list[float] = []

    def add(self, value: float) -> None:
        count = self._count.get(value, 0)
        self._count[value] = count + 1
        if count == 0:
            heappush(self._low, value)
            heappush(self._high, -value)
            if len(self._low) > 2 * len(self._count) + _SLACK:
                self._low = list(self._count)
                heapify(self._low)
            if len(self._high) > 2 * len(self._count) + _SLACK:
                self._high = [-number for number in self._count]
                heapify(self._high)

    def take(self, value: float) -> None:
        count = self._count[value] - 1
        if count:
            self._count[value] = count
        else:
            del self._count[value]

    def ends(self) -> tuple[float | None, float | None]:
        if not self._count:
            return None, None
        while self._low[0] not in self._count:
            heappop(self._low)
        while -self._high[0] not in self._count:
            heappop(self._high)
        return self._low[0], -self._high[0]


def _number(member: Member) -> float | None:
    """The value that is added up and compared, if it is one."""
    value = member.value
    if not member.truth or value is None or value is MISSING:
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def _scaled(value: float) -> int:
    """The number in units of the finest float: sums of these are exact."""
    numerator, denominator = value.as_integer_ratio()
    return numerator << (_FINEST - denominator.bit_length() + 1)
