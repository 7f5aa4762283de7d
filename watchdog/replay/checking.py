"""
Rows that were replayed beside those that were written: the proof that the trace and these rules give exactly what was decided.

Both come in one order, that of the events, and with the time of their event. Where something is missing from the trace, rows of that time can't be asked for; they are counted
apart, and so is what was written after the trace's last event.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from watchdog.model.records import AuditRow

MOST: Final = 100
"""Differences that are listed; all are counted."""


class Unlike(msgspec.Struct, frozen=True):
    """What was replayed and what is written where they differ: either is None where the other has more."""

    replayed: AuditRow | None
    written: AuditRow | None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """`equal` rows are the same in every field; `unlike` lists the first that are not, of `different`. `uncovered` rows were written in times that the trace does not cover."""

    equal: int
    different: int
    uncovered: int
    unlike: tuple[Unlike, ...]


class Check:
    """
    Compares as the rows come: `written` are those of the database, from before the first event on. `uncovered_incidents` are those about which more was written than is covered.

    Usage: `begin` where a stretch begins, `row` for each row that was replayed, `end` where the stretch does; then `checked`.
    """

    def __init__(self, written: Iterator[AuditRow]) -> None:
        self._written = written
        self._next = next(written, None)
        self._equal = self._different = self._uncovered = 0
        self._unlike: list[Unlike] = []
        self._seam: int | None = None
        self.uncovered_incidents: set[str] = set()

    def begin(self, wall: int) -> None:
        """The events that come now are not earlier than `wall` (UTC milliseconds), and do not follow what was played before."""
        while self._next is not None and self._next.wall < wall:
            self._pass_by()
        # At this very moment the last row before the stretch can have been written, too.
        self._seam = wall

    def row(self, row: AuditRow) -> None:
        """The next one that was replayed."""
        while self._seam is not None and self._next is not None and self._next != row and self._next.wall <= self._seam:
            self._pass_by()
        if self._next == row:
            self._seam = None
            self._equal += 1
            self._advance()
            return
        while self._next is not None and self._next.wall < row.wall:
            self._differ(None, self._next)
            self._advance()
            if self._next == row:
                self._equal += 1
                self._advance()
                return
        if self._next is not None and self._next.wall == row.wall:
            self._differ(row, self._next)
            self._advance()
        else:
            self._differ(row, None)

    def end(self, wall: int) -> None:
        """The last event was at `wall`; what was written up to then and was not replayed differs."""
        while self._next is not None and self._next.wall < wall:
            self._differ(None, self._next)
            self._advance()

    def checked(self) -> Checked:
        """What came of it; what is written after the last stretch is uncovered."""
        while self._next is not None:
            self._pass_by()
        return Checked(equal=self._equal, different=self._different, uncovered=self._uncovered, unlike=tuple(self._unlike))

    def _pass_by(self) -> None:
        self._uncovered += 1
        if self._next is not None and self._next.incident:
            self.uncovered_incidents.add(self._next.incident)
        self._advance()

    def _advance(self) -> None:
        self._next = next(self._written, None)

    def _differ(self, replayed: AuditRow | None, written: AuditRow | None) -> None:
        self._different += 1
        if len(self._unlike) < MOST:
            self._unlike.append(Unlike(replayed, written))
