"""
What of an entity has moved since it was last looked at: most of what is asked of it rests on something else, and need not be asked again.

The counterpart of `lang.checked.moved_by`, which says what a text rests on. Nothing of this is remembered from one event to the next: an engine that goes on from a checkpoint
asks just what the one asked that wrote it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from watchdog.engine.watching import Subject
from watchdog.lang.deadline import never
from watchdog.lang.demands import Aggregate, Series
from watchdog.model.kinds import Kind

Moved = Mapping[str, Any] | None
"""The slots that were told anew, as keys; None: whatever of it could be looked at, for it is new, its time has come, or something else has moved on which it rests."""
Slots = Mapping[Kind, frozenset[str]]
_NONE: Final[frozenset[str]] = frozenset()
_NOTHING: Final[Mapping[str, Any]] = {}


def note(touched: dict[Subject, Moved], subject: Subject, fields: Mapping[str, Any]) -> None:
    """These slots were told anew, in addition to what had moved already."""
    before = touched.get(subject, _NOTHING)
    if before is not None:
        touched[subject] = {**before, **fields} if before else fields


def concerns(slots: Slots, kind: Kind, moved: Moved) -> bool:
    """Whether what rests on these slots must be looked at."""
    return moved is None or not slots.get(kind, _NONE).isdisjoint(moved)


class Reads(NamedTuple):
    """The slots on which it rests what is remembered of an entity, what it is counted by, and when that must be done anew though none of them moves; `growing` are the series that grow by themselves."""

    written: Slots
    counted: Slots
    timed: Slots
    growing: Mapping[Kind, tuple[Series, ...]]

    @classmethod
    def of(cls, series: Iterable[Series], aggregates: Iterable[Aggregate]) -> "Reads":
        """Those of these series and aggregates; a key may come several times."""
        series, aggregates = tuple(series), tuple(aggregates)
        growing = {one.key: one for one in series if one.deadline is not None}.values()
        moving = tuple(one for one in aggregates if one.deadline is not never)
        return cls(
            written=_by_kind(series),
            counted=_by_kind(aggregates),
            timed=_by_kind((*growing, *moving)),
            growing={kind: tuple(one for one in growing if one.kind is kind) for kind in {one.kind for one in growing}},
        )


def _by_kind(them: Iterable[Series | Aggregate]) -> Slots:
    found: dict[Kind, frozenset[str]] = {}
    for one in them:
        found[one.kind] = found.get(one.kind, _NONE) | one.reads
    return found
