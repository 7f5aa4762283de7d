"""
The steps of one entity with what was already worked out from them: the same question is asked again at every touch of the entity.

The counterpart of `history.py`, which decides what is asked. An answer stays the same until the window ends elsewhere: nothing is written
into the past. Where steps are few they are looked at each time. Where they are many a bucket is summed up once, and steps that only summed
buckets still need are given up: so a week of readings costs no more memory than an hour.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from watchdog.engine.cells import CELL_BYTES, Cells
from watchdog.engine.coverage import Interval
from watchdog.engine.steps import ABSENT, STEP_BYTES, Steps
from watchdog.engine.windows import Pieces, Window, answer, cut, window_before
from watchdog.lang.demands import Function
from watchdog.model.missing import MISSING

TRACK_BYTES: Final = 410
"""What a track costs besides its steps: three objects and its entry under its entity (measured with Python 3.11)."""
ANSWER_BYTES: Final = 330
"""What an answer costs that is kept for the next who asks (measured for the first one; further ones cost less)."""
MANY: Final = 1_000
"""Steps in a window from which on it is worth its memory to keep the sums of its buckets."""
FOLD: Final = 8_000
"""Steps from which on those are given up that only summed buckets need; a quarter of them stays for windows that nobody has asked for yet."""
ENOUGH: Final = (4, 5)
"""A window of which less is known says nothing."""

# Python 3.11 looks a member of an enumeration up in Python.
_INCREASE: Final = Function.INCREASE

Covered = Callable[[int, int], Sequence[Interval]]
"""(start, end) → the parts of it that are covered."""


class Track(Steps):
    """
    The steps of one entity in one series.

    `used` is when it was last written or asked. `cells` are the summed buckets by window; steps before `folded` are in no others, None as long
    as all are there.
    """

    __slots__ = ("_answers", "_fold_at", "cells", "folded", "used")

    def __init__(self) -> None:
        super().__init__()
        self.used = 0
        self.cells: dict[int, Cells] | None = None
        self.folded: int | None = None
        self._fold_at = FOLD
        # None before the first question: most tracks of jobs are never asked.
        self._answers: dict[tuple[Function, int], tuple[int, Any]] | None = None

    def told(self, function: Function, end: int, window: int) -> Any:
        """What was answered for that window that ends there; None if that was not asked yet."""
        told = None if self._answers is None else self._answers.get((function, window))
        return told[1] if told is not None and told[0] == end else None

    def work_out(self, function: Function, span: Window, window: int, covered: Covered, *, zero: bool) -> Any:
        """The answer for that window, kept for the next who asks; MISSING where too little is known. `zero`: as for `cut`."""
        if self._is_summed_up(span):
            cells = self._sum_up(span, window, covered, zero=zero)
            cells.asked = span.end
            value = cells.answer(function, span) if _is_enough(cells.known(), span) else MISSING
        else:
            value = of_pieces(self, function, span, self._seen(covered), zero=zero)
        if self._answers is None:
            self._answers = {}
        self._answers[function, window] = span.end, value
        return value

    def look(self, function: Function, span: Window, window: int, covered: Covered, *, zero: bool) -> Any:
        """What `work_out` would answer; nothing is kept of it, so that nobody can tell afterwards that it was asked."""
        if not self._is_summed_up(span):
            return of_pieces(self, function, span, self._seen(covered), zero=zero)
        cells = None if self.cells is None else self.cells.get(window)
        apart = Cells() if cells is None else Cells(cells.cells, cells.end)
        self._go_on(apart, span, covered, zero=zero)
        return apart.answer(function, span) if _is_enough(apart.known(), span) else MISSING

    def is_very_long(self) -> bool:
        """Whether there are so many steps that it is worth while to fold them."""
        return len(self.times) >= self._fold_at

    def fold(self, windows: Iterable[int], now: int, covered: Covered, *, zero: bool) -> None:
        """
        Gives up old steps, of which there are very many, after having summed up the buckets of these windows and of those that were asked for.

        A window that is asked for the first time later on does not know what was before.
        """
        # A window that nobody has asked for all its length twice over is that of a rule which is no longer there.
        self._answers = {
            (function, window): told for (function, window), told in (self._answers or {}).items() if told[0] >= now - 2 * window
        }
        asked = {window for window, cells in (self.cells or {}).items() if cells.asked >= now - 2 * window}
        wanted = {*windows, *asked, *(window for _, window in self._answers)}
        self.cells = {window: cells for window, cells in (self.cells or {}).items() if window in wanted}
        needed = [self._sum_up(window_before(now, window), window, covered, zero=zero).end for window in sorted(wanted)]
        folded = min(*needed, self.times[-FOLD // 4])
        self.folded = folded if self.folded is None else max(folded, self.folded)
        self.drop_before(self.folded)
        self._fold_at = max(FOLD, 2 * len(self.times))

    def working(self) -> tuple[int, int, int, list[tuple[Function, int, int, Any]]]:
        """What it needs to go on just as it would have: `used`, when it trims and folds next, and its answers, with the end of each window."""
        answers = [(function, window, end, value) for (function, window), (end, value) in self._answers.items()] if self._answers else []
        return self.used, self._trim_at, self._fold_at, answers

    def go_on(self, used: int, trim_at: int, fold_at: int, answers: Iterable[tuple[Function, int, int, Any]]) -> None:
        """What another one said with `working`."""
        self.used, self._trim_at, self._fold_at = used, trim_at, fold_at
        for function, window, end, value in answers:
            self._answers = self._answers or {}
            self._answers[function, window] = end, value

    def since(self, horizon: int) -> tuple[Any, ...] | None:
        """All that it can still say of what is not over at `horizon`, as plain data; None where that is nothing."""
        place = max(bisect_right(self.times, horizon) - 1, 0)
        times, states = self.times[place:], self.states[place:]
        if len(times) == 1 and times[0] <= horizon and self.state() is ABSENT:
            return None
        # Since when before that makes no difference.
        times[0] = max(times[0], horizon)
        if self.folded is None or self.folded <= horizon:
            return times.tobytes(), states.typecode, states.tobytes()
        # What was summed up of steps that are there no more can't be summed up again.
        cells = sorted((window, cells.end, cells.asked, cells.cells) for window, cells in (self.cells or {}).items())
        return times.tobytes(), states.typecode, states.tobytes(), self.folded, cells

    def size(self) -> int:
        """Its bytes."""
        cells = sum(map(len, self.cells.values())) if self.cells else 0
        return TRACK_BYTES + STEP_BYTES * len(self.times) + ANSWER_BYTES * len(self._answers or ()) + CELL_BYTES * cells

    def _is_summed_up(self, span: Window) -> bool:
        # It rests on what is in the window alone, not on what was: the last digit of an answer may differ between the two ways, and must not rest on since when somebody has been asking.
        return self.count(span.start, span.end) > MANY or (self.folded is not None and self.folded > span.start)

    def _sum_up(self, span: Window, window: int, covered: Covered, *, zero: bool) -> Cells:
        if self.cells is None:
            self.cells = {}
        cells = self.cells.setdefault(window, Cells())
        self._go_on(cells, span, covered, zero=zero)
        return cells

    def _go_on(self, cells: Cells, span: Window, covered: Covered, *, zero: bool) -> None:
        intervals = self._seen(covered)(span.start, span.end)

        def pieces_in(start: int, end: int) -> tuple[Pieces, int]:
            return cut(self, [(max(low, start), min(high, end)) for low, high in intervals if low < end and high > start], zero=zero)

        cells.go_on(span, pieces_in)

    def _seen(self, covered: Covered) -> Covered:
        """What is covered, and whose steps are still there."""
        folded = self.folded
        if folded is None:
            return covered

        def seen(start: int, end: int) -> Sequence[Interval]:
            return [(max(low, folded), high) for low, high in covered(start, end) if high > folded]

        return seen


def of_pieces(steps: Steps, function: Function, span: Window, covered: Covered, *, zero: bool) -> Any:
    """The answer for that window from all its pieces; MISSING where too little is known."""
    intervals = covered(span.start, span.end)
    if (
        function is _INCREASE
        and len(intervals) == 1
        and intervals[0] == span[:2]
        and (grown := steps.growth(span.start, span.end)) is not None
    ):
        # Most counters are asked for this, and most never fall.
        return grown
    pieces, known = cut(steps, intervals, zero=zero)
    return answer(function, pieces, span) if _is_enough(known, span) else MISSING


def _is_enough(known: int, span: Window) -> bool:
    return known * ENOUGH[1] >= (span.end - span.start) * ENOUGH[0]
