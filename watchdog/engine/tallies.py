"""
The aggregates that conditions ask for, kept by deltas: what one entity adds to its group is worked out again when it is touched.

The counterpart of `Aggregate`, which says what is counted and how it is grouped. It never walks a population: a delta costs its aggregates, and
a logarithm for the smallest and greatest value.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, final

from watchdog.engine.groups import Group, Member
from watchdog.lang.condition import Deadline
from watchdog.lang.demands import Aggregate, Scope, Tally
from watchdog.lang.horizon import never
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row


@final
class Every:
    """The type of `EVERY`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "EVERY"


EVERY: Final = Every()
"""In place of a group: every group of that aggregate, those with no entity in them included."""
WHOLE: Final = ""
"""The one group of an aggregate that is not correlated."""

Changed = tuple[str, object]
"""A group whose tally has changed: key of the aggregate and group, or `EVERY`."""

_NOTHING: Final = Tally()
_NEVER: Final = Deadline()
_PLAIN: Final = {truth: Member(truth) for truth in (True, False, None)}


class Tallies:
    """
    Aggregates by key.

    Usage: `demand` after each load of rules, then `update` every row of the kinds in `kinds()`; from then on `update` what was touched or is
    due, and `remove` what has left.
    """

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._by_kind: dict[Kind, tuple[_Kept, ...]] = {}
        # Of these time alone can change what an entity adds.
        self._moving: dict[Kind, tuple[_Kept, ...]] = {}

    def demand(self, aggregates: Iterable[Aggregate]) -> None:
        """From now on just these are kept; the same key may come several times. Those that stay keep what they know."""
        before = self._kept
        self._kept = {}
        by_kind: dict[Kind, list[_Kept]] = {}
        for aggregate in aggregates:
            if (known := self._kept.get(aggregate.key)) is not None:
                if aggregate.of_all:
                    known.aggregate = aggregate
                continue
            kept = before.get(aggregate.key) or _Kept()
            kept.aggregate = aggregate
            self._kept[aggregate.key] = kept
            by_kind.setdefault(aggregate.kind, []).append(kept)
        self._by_kind = {kind: tuple(several) for kind, several in by_kind.items()}
        self._moving = {kind: tuple(kept for kept in several if kept.aggregate.deadline is not never) for kind, several in by_kind.items()}

    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of which something is counted."""
        return tuple(self._by_kind)

    def update(self, row: Row, now: int, scope: Scope) -> list[Changed]:
        """A row was touched, is new, or is due: works out what it adds to its groups, nothing where it does not fit and nobody asks for all; returns the groups whose tally is another one now."""
        changed: list[Changed] = []
        for kept in self._by_kind.get(row.kind, ()):
            aggregate = kept.aggregate
            truth = aggregate.holds(row, now, scope)
            place = WHOLE if aggregate.link is None else _place(aggregate.link, row)
            before = kept.before(row.id)
            if truth is False and not aggregate.of_all and place is not None:
                # Nearly all are of no account to nearly all aggregates.
                if before is not None:
                    kept.drop(row.id, changed)
                continue
            member = _PLAIN[truth] if not truth or aggregate.value is None else Member(truth, aggregate.value(row, now, scope))
            # And of the others most add what they did.
            if before is None or before[1] is not member or not _same(before[0], place):
                kept.put(row.id, place, member, changed)
        return changed

    def remove(self, kind: Kind, entity: str) -> list[Changed]:
        """An entity has left; returns the groups whose tally is another one now."""
        changed: list[Changed] = []
        for kept in self._by_kind.get(kind, ()):
            kept.drop(entity, changed)
        return changed

    def tally(self, key: str, group: object) -> Tally:
        """
        That group now; an empty one where there is none.

        An entity whose group can't be known is counted in all groups, as one of which it can't be known whether it fits.
        """
        kept = self._kept.get(key)
        return _NOTHING if kept is None else kept.tally(group)

    def members(self) -> Iterator[tuple[str, str, Any, Member]]:
        """Every aggregate with every entity in it: its group (None where it can't be known) and what it adds."""
        for key, kept in self._kept.items():
            for entity, (place, member) in kept.members():
                yield key, entity, place, member

    def put(self, key: str, entity: str, place: Any, member: Member) -> None:
        """What another one said with `members`."""
        if (kept := self._kept.get(key)) is not None:
            kept.put(entity, place, member, [])

    def deadline(self, row: Row, now: int, scope: Scope) -> Deadline:
        """Until when this row adds just the same if nothing but time goes on; `update` it then. As `Condition.deadline`."""
        several = self._moving.get(row.kind, ())
        if len(several) == 1:
            only: Deadline = several[0].aggregate.deadline(row, now, scope)
            return only
        engine: int | None = None
        beat: int | None = None
        for kept in several:
            due = kept.aggregate.deadline(row, now, scope)
            if due.engine is not None and (engine is None or due.engine < engine):
                engine = due.engine
            if due.beat is not None and (beat is None or due.beat < beat):
                beat = due.beat
        return _NEVER if engine is None and beat is None else Deadline(engine, beat)


class _Kept:
    """One aggregate: which member each entity is in which group. A group of None: it can't be known which."""

    __slots__ = ("_astray", "_groups", "_members", "aggregate")

    aggregate: Aggregate

    def __init__(self) -> None:
        self._members: dict[str, tuple[Any, Member]] = {}
        self._groups: dict[object, Group] = {}
        self._astray = 0

    def members(self) -> Iterable[tuple[str, tuple[Any, Member]]]:
        return self._members.items()

    def before(self, entity: str) -> tuple[Any, Member] | None:
        return self._members.get(entity)

    def put(self, entity: str, place: Any, member: Member, changed: list[Changed]) -> None:
        before = self._members.get(entity)
        if before is not None:
            if _same(before[0], place) and _same(before[1].value, member.value) and before[1].truth is member.truth:
                return
            self._take(*before, changed)
        self._members[entity] = place, member
        self._add(place, member, changed)

    def drop(self, entity: str, changed: list[Changed]) -> None:
        before = self._members.pop(entity, None)
        if before is not None:
            self._take(*before, changed)

    def tally(self, group: object) -> Tally:
        kept = self._groups.get(group)
        if kept is not None:
            return kept.tally(self._astray)
        return Tally(all=self._astray, unknown=self._astray) if self._astray else _NOTHING

    def _add(self, place: Any, member: Member, changed: list[Changed]) -> None:
        if place is None:
            self._astray += 1
        else:
            group = self._groups.get(place)
            if group is None:
                group = self._groups[place] = Group()
            group.add(member)
        self._note(place, changed)

    def _take(self, place: Any, member: Member, changed: list[Changed]) -> None:
        if place is None:
            self._astray -= 1
        else:
            group = self._groups[place]
            group.take(member)
            if not group:
                del self._groups[place]
        self._note(place, changed)

    def _note(self, place: Any, changed: list[Changed]) -> None:
        origin = self.aggregate.key, EVERY if place is None else place
        if origin not in changed:
            changed.append(origin)


def _place(link: str, row: Row) -> Any:
    """The group of a row; None where it can't be known."""
    place = getattr(row, link)
    return None if place is MISSING else place


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same number, text or nothing; a missing one is only like itself."""
    if one is other:
        return True
    return one is not MISSING and other is not MISSING and type(one) is type(other) and one == other
