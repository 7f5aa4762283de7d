"""
The aggregates that conditions ask for, kept by deltas: what one entity adds to its group is worked out again when it is touched.

The counterpart of `Aggregate`, which says what is counted and how it is grouped. It never walks a population: a delta costs its aggregates, and
a logarithm for the smallest and greatest value.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, final

from watchdog.engine.groups import Group, Member
from watchdog.engine.shortlist import Asked, Meant, Shortlist
from watchdog.lang.deadline import Deadline
from watchdog.lang.demands import Aggregate, Scope, Tally
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
        self._of: dict[Kind, _OfKind] = {}

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
        self._of = {kind: _OfKind(several, self._of.get(kind)) for kind, several in by_kind.items()}

    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of which something is counted."""
        return tuple(self._of)

    def update(self, row: Row, now: int, scope: Scope) -> list[Changed]:
        """A row was touched, is new, or is due: works out what it adds to its groups, nothing where it does not fit and nobody asks for all; returns the groups whose tally is another one now."""
        changed: list[Changed] = []
        of = self._of.get(row.kind)
        if of is None:
            return changed
        meant = of.meant_by(row).them
        mine = of.members.get(row.id)
        if mine is None:
            mine = {}
        elif mine:
            for kept in [kept for kept in mine if kept not in meant]:
                kept.take(*mine.pop(kept), changed)
        for kept in meant:
            aggregate = kept.aggregate
            truth = aggregate.holds(row, now, scope)
            place = WHOLE if aggregate.link is None else _place(aggregate.link, row)
            before = mine.get(kept)
            if truth is False and not aggregate.of_all and place is not None:
                # Nearly all are of no account to nearly all aggregates.
                if before is not None:
                    del mine[kept]
                    kept.take(*before, changed)
                continue
            member = _PLAIN[truth] if not truth or aggregate.value is None else Member(truth, aggregate.value(row, now, scope))
            if before is not None:
                # And of the others most add what they did.
                if (before[0] is place or _same(before[0], place)) and (before[1] is member or _alike(before[1], member)):
                    continue
                kept.take(*before, changed)
            mine[kept] = place, member
            kept.add(place, member, changed)
        if mine:
            of.members[row.id] = mine
        else:
            of.members.pop(row.id, None)
        return changed

    def remove(self, kind: Kind, entity: str) -> list[Changed]:
        """An entity has left; returns the groups whose tally is another one now."""
        changed: list[Changed] = []
        if (of := self._of.get(kind)) is not None:
            for kept, (place, member) in of.members.pop(entity, _NO_MEMBERSHIPS).items():
                kept.take(place, member, changed)
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
        for of in self._of.values():
            for entity, mine in of.members.items():
                for kept, (place, member) in mine.items():
                    yield kept.aggregate.key, entity, place, member

    def put(self, key: str, entity: str, place: Any, member: Member) -> None:
        """What another one said with `members`."""
        if (kept := self._kept.get(key)) is not None:
            mine = self._of[kept.aggregate.kind].members.setdefault(entity, {})
            if (before := mine.get(kept)) is not None:
                kept.take(*before, [])
            mine[kept] = place, member
            kept.add(place, member, [])

    def deadline(self, row: Row, now: int, scope: Scope) -> Deadline:
        """Until when this row adds just the same if nothing but time goes on; `update` it then. As `Condition.deadline`."""
        of = self._of.get(row.kind)
        horizons = of.meant_by(row).horizons if of is not None else ()
        if len(horizons) == 1:
            only: Deadline = horizons[0](row, now, scope)
            return only
        engine: int | None = None
        beat: int | None = None
        for horizon in horizons:
            due = horizon(row, now, scope)
            if due.engine is not None and (engine is None or due.engine < engine):
                engine = due.engine
            if due.beat is not None and (beat is None or due.beat < beat):
                beat = due.beat
        return _NEVER if engine is None and beat is None else Deadline(engine, beat)


class _Kept:
    """One aggregate: its groups, and how many entities there are of which it can't be known in which they are."""

    __slots__ = ("_astray", "_groups", "aggregate")

    aggregate: Aggregate

    def __init__(self) -> None:
        self._groups: dict[object, Group] = {}
        self._astray = 0

    def tally(self, group: object) -> Tally:
        kept = self._groups.get(group)
        if kept is not None:
            return kept.tally(self._astray)
        return Tally(all=self._astray, unknown=self._astray) if self._astray else _NOTHING

    def add(self, place: Any, member: Member, changed: list[Changed]) -> None:
        if place is None:
            self._astray += 1
        else:
            group = self._groups.get(place)
            if group is None:
                group = self._groups[place] = Group()
            group.add(member)
        self._note(place, changed)

    def take(self, place: Any, member: Member, changed: list[Changed]) -> None:
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


_Memberships = dict[_Kept, tuple[Any, Member]]
"""The aggregates in which one entity is, with its group (None: it can't be known which) and what it adds."""
_NO_MEMBERSHIPS: Final[_Memberships] = {}


class _OfKind:
    """The aggregates over entities of one kind; `members` are the memberships of each entity that has any."""

    __slots__ = ("_links", "_shortlist", "members")

    def __init__(self, several: Sequence[_Kept], before: "_OfKind | None") -> None:
        self._links = tuple({kept.aggregate.link: None for kept in several if kept.aggregate.link is not None})
        self._shortlist = Shortlist(several, _asked)
        self.members: dict[str, _Memberships] = {}
        for entity, mine in before.members.items() if before is not None else ():
            if left := {kept: member for kept, member in mine.items() if kept in self._shortlist.all.them}:
                self.members[entity] = left

    def meant_by(self, row: Row) -> Meant[_Kept]:
        # Of whom it can't be known to which group he belongs is counted in every group, whether he fits or not.
        for link in self._links:
            if getattr(row, link) is MISSING:
                return self._shortlist.all
        return self._shortlist.of(row)


def _asked(kept: _Kept) -> Asked[_Kept]:
    aggregate = kept.aggregate
    if aggregate.of_all or aggregate.value is not None:
        # Where it matters how many there are that do not fit nobody is left out, and what is calculated has a time of its own.
        return Asked(kept, None if aggregate.of_all else aggregate.sieve(), aggregate.deadline)
    return Asked.by(kept, aggregate.sieve(), aggregate.deadline)


def _place(link: str, row: Row) -> Any:
    """The group of a row; None where it can't be known."""
    place = getattr(row, link)
    return None if place is MISSING else place


def _alike(one: Member, other: Member) -> bool:
    return one.truth is other.truth and _same(one.value, other.value)


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same number, text or nothing; a missing one is only like itself."""
    if one is other:
        return True
    return one is not MISSING and other is not MISSING and type(one) is type(other) and one == other
