"""
From readings to changes: what makes a delta one of those that a rule can wait for.

All of it follows the table in `model/changes.py`: here stands what each way of changing means. What came
before a source had been read in full is no change: nobody saw it become so.
"""

from collections.abc import Container
from typing import Any, Final

import msgspec

from watchdog.model.changes import CHANGES, ChangeSpec, Told, Way
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING

_LONGEST: Final = 200


class Moved(msgspec.Struct, frozen=True):
    """A change of one reading: the name of its spec, and what is told of the reading before and after."""

    name: str
    before: Told | None
    after: Told | None


def _of(way: Way) -> dict[Kind, str]:
    return {spec.kind: spec.name for spec in CHANGES if spec.way is way and not spec.slot}


APPEARED: Final = _of(Way.APPEARED)
"""Kind → the change that a new entity is. A process is new when Redis lists it: the host may have found it a moment before."""
LEFT: Final = _of(Way.LEFT)
"""Kind → the change that it is when the source says that an entity is gone."""
CRASHED: Final = _of(Way.CRASHED)
"""Kind → the change that it is besides, when its source says that it ended badly."""
LEFT_BEHIND: Final = _of(Way.LEFT_BEHIND)
"""Kind → the change that it is when its source tells of one that has been gone for some time."""
LOST: Final = _of(Way.LOST)
"""Kind → the change that it is for an entity when its process is gone."""
SILENT: Final = next(spec.name for spec in CHANGES if spec.way is Way.FELL_SILENT)
"""The change that it is when a process has not beaten for too long; time makes it, no reading."""
SPOKE: Final = next(spec.name for spec in CHANGES if spec.way is Way.SPOKE_AGAIN)
"""The change that its next beat is."""
UNLISTED: Final = next(spec.name for spec in CHANGES if spec.slot == "listed" and spec.way is Way.BECAME_FALSE)
"""The change that it is when Redis no longer lists a process that is still alive."""


def _by_slot(specs: tuple[ChangeSpec, ...]) -> dict[Kind, dict[str, tuple[ChangeSpec, ...]]]:
    found: dict[Kind, dict[str, tuple[ChangeSpec, ...]]] = {}
    for spec in specs:
        if spec.slot and spec.name not in (SILENT, SPOKE):
            slots = found.setdefault(spec.kind, {})
            slots[spec.slot] = (*slots.get(spec.slot, ()), spec)
    return found


_BY_SLOT: Final = _by_slot(CHANGES)


def moving(awaited: Container[str]) -> dict[Kind, tuple[str, ...]]:
    """The slots whose readings can make a change that is awaited, by kind."""
    return {
        kind: tuple(slot for slot, specs in slots.items() if any(spec.name in awaited for spec in specs))
        for kind, slots in _BY_SLOT.items()
    }


def moved(kind: Kind, slot: str, before: Any, after: Any) -> Moved | None:
    """The change that it is when this slot held `before` and holds `after` now; None where it is none, or where it can't be said."""
    for spec in _BY_SLOT.get(kind, {}).get(slot, ()):
        if spec.way is Way.APPEARED:
            if before is MISSING and after is True:
                return Moved(spec.name, None, None)
            continue
        was = 0 if before is MISSING and spec.way is Way.COUNTED else before
        if was is not MISSING and after is not MISSING and was != after and _shows(spec.way, was, after):
            return Moved(spec.name, None, None) if spec.field is None else Moved(spec.name, _told(was), _told(after))
    return None


def _shows(way: Way, before: Any, after: Any) -> bool:
    """Whether two different readings show it."""
    match way:
        case Way.GREW | Way.COUNTED:
            return bool(after > before)
        case Way.SHRANK:
            return bool(after < before)
        case Way.EMPTIED:
            return not after
        case Way.BECAME_TRUE | Way.BECAME_FALSE:
            return after is (way is Way.BECAME_TRUE)
        case _:
            return True


def _told(value: Any) -> Told | None:
    match value:
        case bool() | int() | float():
            return value
        case str():
            return value[:_LONGEST]
        case _:
            return None
