"""
From readings to changes: what makes a delta one of those that a rule can wait for.

The counterpart of the table in `model/changes.py`; a test proves that every change there can come of something here. What came
before a source had been read in full is no change: nobody saw it become so.
"""

from typing import Any, Final

from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING

APPEARED: Final[dict[Kind, str]] = {Kind.JOB: "JobStarted", Kind.QUEUE: "QueueAppeared"}
"""Kind → the change that a new entity is. A process is new when Redis lists it: the host may have found it a moment before."""
LEFT: Final[dict[Kind, str]] = {Kind.PROCESS: "ProcessVanished", Kind.JOB: "JobFinished", Kind.QUEUE: "QueueVanished"}
"""Kind → the change that it is when the source says that an entity is gone."""
LOST: Final = "JobLost"
"""The change that it is for a job when its process is gone."""
_MOVING: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.PROCESS: ("listed", "quiet"),
    Kind.QUEUE: ("size",),
    Kind.SIDEKIQ: ("retries", "dead"),
    Kind.REDIS: ("role",),
}


def moving(kind: Kind) -> tuple[str, ...]:
    """The slots of a kind whose readings can make a change."""
    return _MOVING.get(kind, ())


def moved(kind: Kind, slot: str, before: Any, after: Any) -> str | None:
    """The change that it is when this slot held `before` and holds `after` now; None where it is none, or where it can't be said."""
    if (kind, slot) == (Kind.PROCESS, "listed"):
        return "ProcessAppeared" if before is MISSING and after is True else None
    if before is MISSING or after is MISSING or before == after:
        return None
    match kind, slot:
        case Kind.PROCESS, "quiet":
            return "ProcessQuiet" if after else None
        case Kind.QUEUE, "size" if after > before:
            return "QueueGrew"
        case Kind.QUEUE, "size":
            return None if after else "QueueEmptied"
        case Kind.SIDEKIQ, "retries":
            return "RetriesGrew" if after > before else None
        case Kind.SIDEKIQ, "dead":
            return "DeadGrew" if after > before else None
        case Kind.REDIS, "role":
            return "RoleChanged"
    return None
