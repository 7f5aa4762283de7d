"""
The buckets of a long window, each summed up once: so that a day of readings costs no more than its newest bucket.

The counterpart of `windows.py`, which looks at every piece; it is used where there are so many pieces that this would be felt.
A bucket that is over never changes: nothing is ever written into the past.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, Final, NamedTuple

from watchdog.engine.windows import Pieces, Window, changes_of, finite, grown_by, increase_of, integral_of, lasting, rise_of
from watchdog.lang.demands import Function
from watchdog.model.missing import MISSING

CELL_BYTES: Final = 510
"""What a cell costs (measured with Python 3.11)."""
_LONG: Final = 2**63


class Cell(NamedTuple):
    """
    What was in one bucket, the `number`th since engine time 0.

    `known` are the milliseconds of which it is known what was, `weight` those that had a value; without any, the rest means nothing.
    `start` and `end` are those of the first and last value, `increase` and `changes` are within the bucket. Every number fits into 8 bytes.
    """

    number: int
    known: int
    weight: int = 0
    integral: float = 0
    start: int = 0
    end: int = 0
    first: float = 0
    last: float = 0
    low: float = 0
    high: float = 0
    increase: float = 0
    changes: int = 0


def cell_of(number: int, pieces: Pieces, known: int) -> Cell:
    """The sum of the pieces of one bucket."""
    values = pieces.values
    if not values:
        return Cell(number, known)
    increase = increase_of(values)
    return Cell(
        number=number,
        known=known,
        weight=lasting(pieces),
        integral=float(integral_of(pieces)),
        start=pieces.starts[0],
        end=pieces.ends[-1],
        first=values[0],
        last=values[-1],
        low=min(values),
        high=max(values),
        increase=increase if abs(increase) < _LONG else float(increase),
        changes=changes_of(values),
    )


class Cells:
    """The buckets of one window of one entity; `end` is until when they reach, `asked` the end of the window that was asked for last."""

    __slots__ = ("asked", "cells", "end")

    def __init__(self, cells: Iterable[Cell] = (), end: int = 0) -> None:
        self.cells = list(cells)
        self.end = end
        self.asked = end

    def go_on(self, window: Window, pieces_in: Callable[[int, int], tuple[Pieces, int]]) -> None:
        """Sums up the buckets that are new, and forgets those that have left the window; `pieces_in(start, end)` are pieces and known time."""
        self.cells = [cell for cell in self.cells if cell.number * window.bucket >= window.start]
        for start in range(max(self.end, window.start) if self.cells else window.start, window.end, window.bucket):
            self.cells.append(cell_of(start // window.bucket, *pieces_in(start, start + window.bucket)))
        self.end = window.end

    def moved(self, by: int, bucket: int) -> "Cells":
        """The same at another time: `by` milliseconds later, or earlier than that by less than a bucket, so that boundaries stay boundaries."""
        steps = by // bucket
        by = steps * bucket
        cells = (cell._replace(number=cell.number + steps, start=cell.start + by, end=cell.end + by) for cell in self.cells)
        return Cells(cells, self.end + by)

    def known(self) -> int:
        """For how many milliseconds it is known what was."""
        return sum(cell.known for cell in self.cells)

    def answer(self, function: Function, window: Window) -> Any:
        """As `windows.answer`."""
        filled = [cell for cell in self.cells if cell.weight]
        return finite(lambda: _answer(function, filled, window)) if filled else MISSING

    def __len__(self) -> int:
        return len(self.cells)


def _answer(function: Function, cells: list[Cell], window: Window) -> Any:
    match function:
        case Function.AVG:
            return sum(cell.integral for cell in cells) / sum(cell.weight for cell in cells)
        case Function.MIN:
            return min(cell.low for cell in cells)
        case Function.MAX:
            return max(cell.high for cell in cells)
        case Function.SUM:
            return sum(cell.integral for cell in cells) / 1000
        case Function.FIRST:
            return cells[0].first
        case Function.LAST:
            return cells[-1].last
        case Function.INCREASE:
            return _increase(cells)
        case Function.RATE:
            return _increase(cells) * 1000 / (cells[-1].end - cells[0].start)
        case Function.SLOPE:
            return rise_of([(cell.number, cell.weight, cell.integral) for cell in cells], window.bucket)
        case Function.CHANGES:
            return sum(cell.changes for cell in cells) + sum(before.last != cell.first for before, cell in pairwise(cells))


def _increase(cells: list[Cell]) -> float:
    return sum(cell.increase for cell in cells) + sum(grown_by(before.last, cell.first) for before, cell in pairwise(cells))
