"""
One change as plain data.

What is told of an entity are its readings, in which no job argument ever stands.
"""

from typing import Any, Final

import msgspec

from watchdog.engine.news import Seen
from watchdog.model.changes import Told
from watchdog.model.fields import BY_KIND
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row

SOURCE: Final = "source"
"""Stands in place of the kind of an entity where a source is told of."""
_LONGEST: Final = 200


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is told of one change; `at` is UTC milliseconds, `entity` how people call what changed, `seen` its readings.

    Durations are milliseconds, sizes bytes.
    """

    at: int
    change: str
    kind: str
    id: str
    entity: str
    before: Told | None = None
    after: Told | None = None
    reason: str = ""
    seen: dict[str, Told] = {}


def shown(seen: Seen, *, at: int) -> Shown:
    """What is told of a change, with the entity as it is at this very moment: rows move on."""
    change, row = seen.change, seen.row
    return Shown(
        at=at,
        change=change.name,
        kind=change.kind.value,
        id=change.id,
        entity=_name(row),
        before=change.before,
        after=change.after,
        reason=change.reason,
        seen=_readings(row),
    )


def of_source(name: str, *, at: int, source: str, reason: str, code: str = "") -> Shown:
    """The same of a source as a whole."""
    return Shown(at=at, change=name, kind=SOURCE, id=source, entity=source, reason=reason, seen={"code": code} if code else {})


def _name(row: Any) -> str:
    # Slots come from the field table, so that no type checker knows them.
    match row.kind:
        case Kind.JOB:
            parts = (row.job_class, row.jid, "on", row.queue, "in", row.process)
            return str(row.id) if any(part is MISSING for part in parts) else " ".join(parts)
        case Kind.PROCESS if row.tag is not MISSING and row.tag:
            return f"{row.id} {row.tag}"
        case _:
            return str(row.id)


def _readings(row: Row) -> dict[str, Told]:
    """What conditions can read of it, but for lists and for what grows by itself: that holds a moment of the agent's own clock."""
    found: dict[str, Told] = {}
    for name, spec in BY_KIND[row.kind].items():
        value = MISSING if spec.internal or spec.stands_for or spec.clock is not None or name == "id" else getattr(row, spec.slot)
        match value:
            case bool() | int() | float():
                found[name] = value
            case str():
                found[name] = value[:_LONGEST]
    return found
