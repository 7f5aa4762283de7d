"""
What a condition asks of the world beyond its own row: histories to be kept, aggregates to be kept, rows to be looked up.

The counterpart of the engine's `History` and indexes, which keep what is demanded here and nothing else. A condition names its
demands once, when it is compiled; the engine then keeps them by deltas, so that asking costs next to nothing.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from watchdog.model.kinds import Kind, Source, Type
from watchdog.model.rows import Row


class Function(StrEnum):
    """
    What can be asked of a history; each is a function of the language with the same name.

    `rate` and `slope` are per second (a slope of durations is a ratio: seconds per second), `changes` is a count, all others are in the unit
    of the series; `sum` adds the value up once for each second.
    """

    AVG = "avg"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    FIRST = "first"
    LAST = "last"
    INCREASE = "increase"
    RATE = "rate"
    SLOPE = "slope"
    CHANGES = "changes"


class Series(msgspec.Struct, frozen=True, eq=False):
    """
    A value of each entity of a kind that is to be remembered.

    `key` is the same for the same kind and canonical text, whichever rule asks, and survives a reload. `value(row, now)` is
    the present value (MISSING where it can't be known; a bool for `held`), `window` the longest time (milliseconds) asked
    for, `sources` what it rests on: only while they could be read does time count as covered. `counter` says that
    an entity which was not there in covered time counts as 0 (counts and sizes, but for counters that are older than what is seen of them); else
    it has no value. `reads` are the slots that the value is made of.
    """

    key: str
    kind: Kind
    text: str
    type: Type
    value: Callable[[Row, int], Any]
    window: int
    sources: tuple[Source, ...]
    counter: bool
    reads: frozenset[str]
    deadline: Callable[[Row, int], Any] | None = None


class Tally(msgspec.Struct, frozen=True):
    """
    An aggregate over one group of entities at this moment.

    `all` counts the group, `true` those that fit, `unknown` those of which it can't be known. `total`, `low` and `high` are
    over the values of those that fit (None where there is none, or where one of their values is missing: `blurred`).
    """

    all: int = 0
    true: int = 0
    unknown: int = 0
    total: float | int = 0
    low: float | int | None = None
    high: float | int | None = None
    blurred: int = 0


class Sieve(msgspec.Struct, frozen=True, eq=False):
    """
    The part of a condition that rests on names and flags alone, on these `slots`: an entity of which `holds(row, now, scope)` is False is not meant.

    `rest` is the deadline of the condition for one that it lets through.
    """

    slots: frozenset[str]
    holds: "Callable[[Row, int, Scope], bool | None]"
    rest: Callable[..., Any]


class Aggregate(msgspec.Struct, frozen=True, eq=False):
    """
    A population of entities that is to be counted, in groups.

    `link` is the slot of the inner row whose value names the group (None: one group, named ""), the one equality `inner.x == outer.y`
    of a correlated aggregate. `holds` and `deadline` judge an inner row without that equality, as those of a condition do;
    `value` is what is added up or compared of it, None for count, share, any and all. `of_all` says that somebody asks how many there are
    besides those that fit, as share and all do. `reads` are the slots of the inner row of which a change can change at once what it adds; `sieve()` is the part of `holds` that rests on names alone.
    """

    key: str
    kind: Kind
    text: str
    link: str | None
    holds: "Callable[[Row, int, Scope], bool | None]"
    deadline: Callable[..., Any]
    value: "Callable[[Row, int, Scope], Any] | None"
    sources: tuple[Source, ...]
    reads: frozenset[str]
    of_all: bool = True
    sieve: Callable[[], Sieve | None] = lambda: None


class Lookup(msgspec.Struct, frozen=True, eq=False):
    """A row of another entity that a condition reads: `find(row, now)` is its id, None where that can't be known."""

    kind: Kind
    text: str
    find: Callable[[Row, int], str | None]


class Group(msgspec.Struct, frozen=True):
    """
    Which group of an aggregate a condition asks about.

    `slot` is the attribute of the condition's own row that names it, the `y` of `inner.x == outer.y`; None: the one group "".
    """

    aggregate: str
    slot: str | None


class Scope(Protocol):
    """The engine as conditions see it. Nothing here raises for what is not there."""

    def find(self, kind: Kind, entity: str) -> Row | None:
        """The row of an entity, by id."""

    def over(self, series: str, entity: str, function: Function, window: int, now: int) -> Any:
        """The function of that history over the `window` milliseconds before `now`; MISSING below 80 % coverage or where it has no value."""

    def slides(self, series: str, entity: str, window: int, now: int) -> int | None:
        """The earliest time after `now` at which `over` can answer differently though nothing is written; None: never."""

    def held(self, series: str, entity: str, window: int, now: int) -> bool | None:
        """Whether a statement was never false in the window and never unknown for longer than three beats; None where coverage is too small."""

    def turns(self, series: str, entity: str, window: int, now: int) -> int | None:
        """The earliest time after `now` at which `held` can answer differently though nothing is written; None: never."""

    def tally(self, aggregate: str, group: object) -> Tally:
        """The present state of one group of an aggregate; an empty one where there is none."""
