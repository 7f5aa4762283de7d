"""
Who must be looked at anew when something else changes: an entity rests on the rows and the aggregates that its conditions read.

What was read is noted while a condition is judged, so nothing has to be worked out beforehand: a truth that was drawn from its own row, these
rows and these groups can only change when one of them does, or when its time comes. Notes are replaced with each judgement.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from watchdog.engine.tallies import EVERY
from watchdog.lang.demands import Function, Scope, Tally
from watchdog.model.kinds import Kind
from watchdog.model.rows import Row

Subject = tuple[Kind, str]
"""An entity: kind and id."""
Origin = tuple[str, object]
"""What can be rested on: a row as (kind, id), or one group of an aggregate as (its key, group), or all of them as (its key, `EVERY`)."""


class Notes:
    """A scope that gives what another one gives, and notes in `read` which rows and groups were asked for."""

    __slots__ = ("_of", "read")

    def __init__(self, of: Scope) -> None:
        self._of = of
        self.read: dict[Origin, None] = {}

    def find(self, kind: Kind, entity: str) -> Row | None:
        """The row, whether it is there or not: it may come."""
        self.read[kind, entity] = None
        return self._of.find(kind, entity)

    def over(self, series: str, entity: str, function: Function, window: int, now: int) -> Any:
        """A history is that of the entity itself, and changes with its row or its time."""
        return self._of.over(series, entity, function, window, now)

    def slides(self, series: str, entity: str, window: int, now: int) -> int | None:
        """When that can change by itself."""
        return self._of.slides(series, entity, window, now)

    def held(self, series: str, entity: str, window: int, now: int) -> bool | None:
        """The same for a statement."""
        return self._of.held(series, entity, window, now)

    def turns(self, series: str, entity: str, window: int, now: int) -> int | None:
        """When that can change by itself."""
        return self._of.turns(series, entity, window, now)

    def tally(self, aggregate: str, group: object) -> Tally:
        """One group of an aggregate; it also changes with whatever changes all of them."""
        self.read[aggregate, group] = None
        self.read[aggregate, EVERY] = None
        return self._of.tally(aggregate, group)


class Watchers:
    """
    Who rests on what, both ways, in the order in which they came.

    `named` says of how many origins a kind or the key of an aggregate is the first part: what is not named there nobody rests on. `resting` are those who rest on anything, each with what it is. Both are for looking only.
    """

    __slots__ = ("_owners", "named", "resting")

    def __init__(self) -> None:
        self._owners: dict[Origin, dict[Subject, None]] = {}
        self.named: dict[str, int] = {}
        self.resting: dict[Subject, dict[Origin, None]] = {}

    def set(self, owner: Subject, origins: dict[Origin, None]) -> None:
        """From now on `owner` rests on exactly these."""
        before = self.resting.get(owner)
        if before is None and not origins:
            return
        if before is not None:
            if before.keys() == origins.keys():
                return
            self._forget(owner, (origin for origin in before if origin not in origins))
        if not origins:
            del self.resting[owner]
            return
        self.resting[owner] = origins
        for origin in origins:
            self._of(origin)[owner] = None

    def of_all(self, origins: Iterable[Origin]) -> dict[Subject, None]:
        """Those who rest on any of these, each once."""
        found: dict[Subject, None] = {}
        if owners := self._owners:
            for origin in origins:
                if (them := owners.get(origin)) is not None:
                    found.update(them)
        return found

    def clear(self) -> None:
        """Nobody rests on anything."""
        self._owners.clear()
        self.named.clear()
        self.resting.clear()

    def items(self) -> Iterator[tuple[Origin, Iterable[Subject]]]:
        """Everything that somebody rests on, with those who do."""
        yield from self._owners.items()

    def put(self, origin: Origin, owners: Iterable[Subject]) -> None:
        """Just these rest on it, as another one said with `items`."""
        for owner in owners:
            self._of(origin)[owner] = None
            self.resting.setdefault(owner, {})[origin] = None

    def __len__(self) -> int:
        return len(self.resting)

    def _of(self, origin: Origin) -> dict[Subject, None]:
        owners = self._owners.get(origin)
        if owners is None:
            owners = self._owners[origin] = {}
            self.named[origin[0]] = self.named.get(origin[0], 0) + 1
        return owners

    def _forget(self, owner: Subject, origins: Iterable[Origin]) -> None:
        for origin in origins:
            owners = self._owners[origin]
            del owners[owner]
            if not owners:
                del self._owners[origin]
                self.named[origin[0]] -= 1
                if not self.named[origin[0]]:
                    del self.named[origin[0]]
