"""
Rows that were replayed beside those that were written: the proof that the trace and these rules give exactly what was decided.

Both come in one order, that of the events, and with the time of their event. Where something is missing from the trace, rows of that time can't be asked for; they are counted
apart, and so is what was written after the trace's last event.
"""

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import zip_longest
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
        # Those of one moment are compared together, so that one that is missing spoils no other.
        self._moment: list[AuditRow] = []
        self.uncovered_incidents: set[str] = set()

    def begin(self, wall: int) -> None:
        """The events that come now are not earlier than `wall` (UTC milliseconds), and do not follow what was played before."""
        self._compare()
        while self._next is not None and self._next.wall < wall:
            self._pass_by(self._take())
        # At this very moment the last row before the stretch can have been written, too.
        self._seam = wall

    def row(self, row: AuditRow) -> None:
        """The next one that was replayed."""
        if self._moment and self._moment[0].wall != row.wall:
            self._compare()
        self._moment.append(row)

    def end(self, wall: int) -> None:
        """The last event was at `wall`; what was written before that and was not replayed differs."""
        self._compare()
        while self._next is not None and self._next.wall < wall:
            self._differ(None, self._take())

    def checked(self) -> Checked:
        """What came of it; what is written after the last stretch is uncovered."""
        self._compare()
        while self._next is not None:
            self._pass_by(self._take())
        return Checked(equal=self._equal, different=self._different, uncovered=self._uncovered, unlike=tuple(self._unlike))

    def _compare(self) -> None:
        """The rows of one moment beside those that were written at it."""
        replayed, self._moment = self._moment, []
        if not replayed:
            return
        wall = replayed[0].wall
        while self._next is not None and self._next.wall < wall:
            self._differ(None, self._take())
        written = []
        while self._next is not None and self._next.wall == wall:
            written.append(self._take())
        if self._seam is not None and wall <= self._seam:
            while len(written) > len(replayed):
                self._pass_by(written.pop(0))
        self._seam = None
        if written == replayed:
            self._equal += len(written)
            return
        mine, theirs = ([msgspec.json.encode(row) for row in rows] for rows in (replayed, written))
        matcher = SequenceMatcher(None, mine, theirs, autojunk=False)
        for tag, begin, end, first, last in matcher.get_opcodes():
            if tag == "equal":
                self._equal += end - begin
                continue
            for one, other in zip_longest(replayed[begin:end], written[first:last]):
                self._differ(one, other)

    def _take(self) -> AuditRow:
        row = self._next
        assert row is not None  # the caller asks
        self._next = next(self._written, None)
        return row

    def _pass_by(self, row: AuditRow) -> None:
        self._uncovered += 1
        if row.incident:
            self.uncovered_incidents.add(row.incident)

    def _differ(self, replayed: AuditRow | None, written: AuditRow | None) -> None:
        self._different += 1
        if len(self._unlike) < MOST:
            self._unlike.append(Unlike(replayed, written))
