"""
The changes that somebody waits for, from the reading that shows them until they have been told.

The counterpart of `changes`, which says what is one. The world reports to it whatever it does to a row; what nobody awaits, or what was
so before its source had been read in full, is no news.
"""

from collections.abc import Container, Iterable, Sequence
from typing import Any, Final

import msgspec

from watchdog.engine import changes
from watchdog.engine.silence import Silences
from watchdog.model.changes import BY_NAME, Change, Told
from watchdog.model.events import CRASHED, LEFT_BEHIND
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row

_UNTOLD: Final = 10_000


class Seen(msgspec.Struct, frozen=True, eq=False):
    """A change, and the row that it happened to: for an entity that left as it was last."""

    change: Change
    row: Row


class News:
    """
    `untold` are the changes that no turn has told yet, `told` those of the last turn. What a source tells is no news until it is among `begun`.

    While `is_doubtful` is True what is missing says nothing of Sidekiq. `silences` are kept while somebody waits for one.
    """

    __slots__ = ("_moving", "awaited", "begun", "is_doubtful", "silences", "told", "untold")

    def __init__(self) -> None:
        self.awaited: frozenset[str] = frozenset()
        self._moving: dict[Kind, tuple[str, ...]] = {}
        self.begun: set[Source] = set()
        self.is_doubtful = False
        self.untold: list[Seen] = []
        self.told: list[Seen] = []
        self.silences: Silences | None = None

    def await_(self, names: Iterable[str], processes: Iterable[Row]) -> None:
        """From now on these changes are noted, and no others; `processes` are those that there are."""
        self.awaited = frozenset(names)
        self._moving = changes.moving(self.awaited)
        if self.awaited.isdisjoint((changes.SILENT, changes.SPOKE)):
            self.silences = None
        elif self.silences is None:
            self.silences = Silences()
            for row in processes:
                self.heard(row)

    def begin(self, source: Source, at: int) -> None:
        """That source has been read in full: what was seen so far was so before, and what comes is news."""
        if source is Source.REDIS:
            self.hush(at)
        self.begun.add(source)

    def hush(self, at: int) -> None:
        """Who is silent by now has not fallen silent just now."""
        for _ in self.silences.fallen(at) if self.silences is not None else ():
            pass

    def before(self, row: Row, slots: Container[str]) -> Sequence[tuple[str, Any]]:
        """What has to be known of a row before these slots are written."""
        moving = self._moving.get(row.kind)
        return [(slot, getattr(row, slot)) for slot in moving if slot in slots] if moving else ()

    def appeared(self, row: Row) -> None:
        """A row has come."""
        self._note(changes.APPEARED.get(row.kind), row)

    def moved(self, row: Any, before: Iterable[tuple[str, Any]]) -> None:
        """Slots were written that held these readings before."""
        for slot, reading in before:
            moved = changes.moved(row.kind, slot, reading, getattr(row, slot))
            # A process that no kernel knows of is gone when Redis no longer lists it, and one that is dead is gone anyhow: that is told instead.
            if moved is not None and not (moved.name == changes.UNLISTED and row.alive is not True):
                self._note(moved.name, row, before=moved.before, after=moved.after)

    def left(self, row: Row, reason: str, *, is_lost: bool) -> None:
        """A row has gone; `is_lost`: only because its process has."""
        if reason == LEFT_BEHIND:
            self._note(changes.LEFT_BEHIND.get(row.kind), row, reason=reason)
        elif not self.is_doubtful:
            self._note((changes.LOST if is_lost else changes.LEFT).get(row.kind), row, reason=reason)
            if reason == CRASHED:
                self._note(changes.CRASHED.get(row.kind), row, reason=reason)
        if self.silences is not None and row.kind is Kind.PROCESS:
            self.silences.forget(row.id)

    def heard(self, row: Any) -> None:
        """A process has been confirmed, if it holds when."""
        if self.silences is None or row.confirmed_at is MISSING:
            return
        silent_for = self.silences.heard(row.id, row.confirmed_at)
        if silent_for is not None:
            self._note(changes.SPOKE, row, before=silent_for)

    def postpone(self, processes: Iterable[Any]) -> None:
        """The beats of these were moved on by a time in which nothing could be seen: nobody has fallen silent for it."""
        if self.silences is not None:
            silent = set(self.silences.silent)
            for row in processes:
                if row.id not in silent and row.confirmed_at is not MISSING:
                    self.silences.heard(row.id, row.confirmed_at)

    def fall_silent(self, at: int, processes: dict[str, Row]) -> None:
        """Who has not been heard for too long by `at`; only right while Redis can be read."""
        for process, lasted in self.silences.fallen(at) if self.silences is not None else ():
            self._note(changes.SILENT, processes[process], after=lasted)

    def tell(self) -> list[Seen]:
        """What has to be told now."""
        self.told, self.untold = self.untold, []
        return self.told

    def take_back(self, *, was_undone: bool) -> None:
        """A change is told once: those of a turn that was undone have not been told."""
        if was_undone:
            self.untold = self.told + self.untold
        self.told = []

    def _note(self, name: str | None, row: Row, *, reason: str = "", before: Told | None = None, after: Told | None = None) -> None:
        if name is None or name not in self.awaited or BY_NAME[name].source not in self.begun:
            return
        self.untold.append(Seen(Change(name, row.kind, row.id, reason, before, after), row))
        if len(self.untold) > _UNTOLD:
            # Only where nothing can be committed for hours; the newest count.
            del self.untold[0]
