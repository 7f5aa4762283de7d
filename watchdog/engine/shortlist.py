"""
What can be meant of an entity, by its names and flags: a long list of rules or aggregates, made short once for each combination of these.

The counterpart of `lang.sieve`. A job of a class that no rule is about, a process that is not stopped: most of what might be asked of an entity is settled by that. It is worked out from the
row alone and forgotten at will, so that it makes no difference to what is decided.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from operator import attrgetter
from typing import Any, Final, Generic, NamedTuple, TypeVar

from watchdog.lang.deadline import Horizon
from watchdog.lang.demands import Sieve
from watchdog.lang.nowhere import NOWHERE
from watchdog.lang.reaching import fewest
from watchdog.model.missing import MISSING, MissingReading
from watchdog.model.rows import Row

_T = TypeVar("_T")
_MOST: Final = 2_000
"""Combinations that are kept; classes and queues are some hundreds."""


class Asked(NamedTuple, Generic[_T]):
    """`one` is what is asked, of an entity that its `sieve` lets through; there `horizon` says until when its answer stays."""

    one: _T
    sieve: Sieve | None
    horizon: Horizon

    @classmethod
    def by(cls, one: _T, sieve: Sieve | None, deadline: Horizon) -> "Asked[_T]":
        """Something that `deadline` says of, of whichever entity it is asked."""
        return cls(one, sieve, deadline if sieve is None else sieve.rest)


class Meant(NamedTuple, Generic[_T]):
    """What can be meant, in its order, and the horizons of all of it, as few as will do."""

    them: tuple[_T, ...]
    horizons: tuple[Horizon, ...]


class Shortlist(Generic[_T]):
    """Of all that is asked, that which can be meant of a row; made when it is first needed, for whoever only checks rules never does."""

    def __init__(self, all_: Iterable[_T], asked: Callable[[_T], Asked[_T]]) -> None:
        self._all: Final = tuple(all_)
        self._how: Final = asked
        self._known: dict[Any, Meant[_T]] = {}

    @cached_property
    def all(self) -> Meant[_T]:
        """All of it."""
        return _meant(self._asked)

    def of(self, row: Row) -> Meant[_T]:
        """That which its names do not exclude."""
        if self._names is None:
            return self.all
        names = self._names(row)
        try:
            found = self._known.get(names)
        except MissingReading:
            names = tuple(None if name is MISSING else name for name in names) if type(names) is tuple else None
            found = self._known.get(names)
        return self._learn(names, row) if found is None else found

    @cached_property
    def _asked(self) -> tuple[Asked[_T], ...]:
        return tuple(map(self._how, self._all))

    @cached_property
    def _names(self) -> Callable[[Row], Any] | None:
        slots = sorted({slot for each in self._asked if each.sieve is not None for slot in each.sieve.slots})
        return attrgetter(*slots) if slots else None

    def _learn(self, names: Any, row: Row) -> Meant[_T]:
        if len(self._known) >= _MOST:
            self._known.clear()
        found = self._known[names] = _meant(
            each for each in self._asked if each.sieve is None or each.sieve.holds(row, 0, NOWHERE) is not False
        )
        return found


def _meant(asked: Iterable[Asked[_T]]) -> Meant[_T]:
    asked = tuple(asked)
    return Meant(tuple(each.one for each in asked), fewest(each.horizon for each in asked))
