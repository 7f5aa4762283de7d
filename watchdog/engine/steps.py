"""
One remembered value as a step function: packed times, and packed states that hold from each of these times on.

The counterpart of `windows.py`, which calculates with what is kept here. A state is a number, or one of two that are none: MISSING, the
entity was there but its value could not be known, and ABSENT, the entity was not there. Two arrays of 8 bytes an element: ten thousand
entities fit into a few megabytes. It knows neither sources nor coverage.
"""

import math
from array import array
from bisect import bisect_left, bisect_right
from typing import Any, Final, NamedTuple

from watchdog.model.missing import MISSING

STEP_BYTES: Final = 16
"""What one more step costs: its time and its state."""
_TRIM_FROM: Final = 32
_NOT_NOW: Final = 2**63


class Marks(NamedTuple):
    """The two numbers that stand for what is no number, in an array of one type."""

    missing: float
    absent: float


MARKS: Final[dict[str, Marks]] = {"q": Marks(-(2**63), -(2**63) + 1), "d": Marks(-math.inf, math.inf)}
"""By type code; none of them is ever a reading: those are finite, and an integer beyond them counts as missing."""
_LEAST: Final = -(2**63) + 2
_GREATEST: Final = 2**63 - 1


class Absent:
    """The type of `ABSENT`."""

    __slots__ = ()


ABSENT: Final = Absent()
"""The state of an entity that is not there."""


class Steps:
    """
    The steps of one entity in one series.

    `times` are engine times that rise, `states` of the same length, integers ("q") until the first float comes ("d"). From `numbers_since` on all of them are numbers, from `risen_since` on none is less than the one before it.
    """

    __slots__ = ("_trim_at", "numbers_since", "risen_since", "states", "times")

    def __init__(self) -> None:
        self.times = array("q")
        self.states: array[Any] = array("q")
        self.numbers_since = _NOT_NOW
        self.risen_since = -1
        self._trim_at = _TRIM_FROM

    def write(self, state: Any, now: int) -> int:
        """
        From `now` on this is the state; returns by how many steps it grew, which may be -1.

        `state` is an int, float or bool, MISSING or ABSENT; what is nothing of these counts as MISSING.
        """
        packed = self._packed(state)
        times, states = self.times, self.states
        if packed in MARKS[states.typecode]:
            self.numbers_since = _NOT_NOW
        elif self.numbers_since == _NOT_NOW:
            self.numbers_since = now
        if not times:
            times.append(now)
            states.append(packed)
            return 1
        if states[-1] == packed:
            return 0
        if packed < states[-1] or (times[-1] == now and len(times) > 1 and packed < states[-2]):
            self.risen_since = now
        if times[-1] < now:
            times.append(now)
            states.append(packed)
            return 1
        if len(times) > 1 and states[-2] == packed:
            # It took no time: as if it had not been.
            times.pop()
            states.pop()
            return -1
        states[-1] = packed
        return 0

    def put(self, times: "array[int]", states: "array[Any]") -> None:
        """Just these, of another one."""
        self.times, self.states = times, states
        last = next((place for place in range(len(states) - 1, -1, -1) if states[place] in MARKS[states.typecode]), -1)
        self.numbers_since = times[last + 1] if last + 1 < len(times) else _NOT_NOW
        fell = next((place for place in range(len(states) - 1, 0, -1) if states[place] < states[place - 1]), 0)
        self.risen_since = times[fell] if fell else -1

    def is_long(self) -> bool:
        """Whether it has grown to twice its size since it was trimmed last: so that writing costs the same each time."""
        return len(self.times) >= self._trim_at

    def trim(self, horizon: int) -> int:
        """Forgets steps that were over at `horizon`, if it is long; returns how many."""
        if not self.is_long():
            return 0
        over = self.drop_before(horizon)
        self._trim_at = max(_TRIM_FROM, 2 * len(self.times))
        return over

    def drop_before(self, horizon: int) -> int:
        """Forgets all steps that were over at `horizon`; returns how many."""
        over = max(bisect_right(self.times, horizon) - 1, 0)
        del self.times[:over]
        del self.states[:over]
        return over

    def state(self) -> Any:
        """The latest state: a number, MISSING or ABSENT."""
        marks = MARKS[self.states.typecode]
        last = self.states[-1]
        return MISSING if last == marks.missing else ABSENT if last == marks.absent else last

    def growth(self, start: int, end: int) -> int | None:
        """By how much integers grew in [start, end); None where one of them may have fallen, or something in it is none."""
        times = self.times
        if self.states.typecode != "q" or self.risen_since > start or self.numbers_since > start or not times or times[0] > start:
            return None
        grown: int = self.states[bisect_left(times, end) - 1] - self.states[bisect_right(times, start) - 1]
        return grown

    def count(self, start: int, end: int) -> int:
        """How many steps lie in [start, end)."""
        return bisect_left(self.times, end) - bisect_left(self.times, start) if len(self.times) else 0

    def _packed(self, state: Any) -> float:
        """The number for a state, after the array has become one that can hold it."""
        kind = type(state)
        if kind is int or kind is bool:
            if _LEAST <= state <= _GREATEST:
                return state  # type: ignore[no-any-return]
        elif kind is float and math.isfinite(state):
            if self.states.typecode == "q":
                self._widen()
            return state  # type: ignore[no-any-return]
        marks = MARKS[self.states.typecode]
        return marks.absent if state is ABSENT else marks.missing

    def _widen(self) -> None:
        narrow, wide = MARKS["q"], MARKS["d"]
        marks = {narrow.missing: wide.missing, narrow.absent: wide.absent}
        self.states = array("d", [marks.get(state, state) for state in self.states])
