"""
Every change of Sidekiq's state that a rule can wait for with `on:`, as one table.

The counterpart of the field table: a field says how something is, a change that it became so. The engine derives changes
from the readings that come in (`engine/changes.py` is keyed to this table); no source delivers them, so a change that came and
went between two readings of a source was never seen.
"""

from typing import Final

import msgspec

from watchdog.model.kinds import Kind, Source


class ChangeSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One kind of change.

    `name` is what stands behind `on:`; `kind` that of the entity that changed, which a rule's `each:` must be. `leaves` says that the entity
    is no longer there afterwards: a rule sees it as it was last.
    """

    name: str
    kind: Kind
    doc: str
    source: Source = Source.REDIS
    leaves: bool = False


class Change(msgspec.Struct, frozen=True, tag="change"):
    """Something that changed: `name` is that of its spec, `id` the entity's, `reason` why it left, empty for other changes."""

    name: str
    kind: Kind
    id: str
    reason: str = ""


CHANGES: Final[tuple[ChangeSpec, ...]] = (
    ChangeSpec(
        name="ProcessAppeared", kind=Kind.PROCESS, doc="A process came that was not known before. Not those found when the agent starts."
    ),
    ChangeSpec(
        name="ProcessVanished",
        kind=Kind.PROCESS,
        doc="A process is gone: the kernel says so, or, of another host, Redis no longer lists it.",
        leaves=True,
    ),
    ChangeSpec(name="ProcessQuiet", kind=Kind.PROCESS, doc="A process has been told to fetch no more jobs."),
    ChangeSpec(name="JobStarted", kind=Kind.JOB, doc="A process was found running a job that it was not running at the beat before."),
    ChangeSpec(
        name="JobFinished",
        kind=Kind.JOB,
        doc="A process no longer runs a job that it ran at the beat before; whether it failed Redis does not say here.",
        leaves=True,
    ),
    ChangeSpec(
        name="JobLost", kind=Kind.JOB, doc="The process of a job is gone, and the job was still running at its last beat.", leaves=True
    ),
    ChangeSpec(name="QueueAppeared", kind=Kind.QUEUE, doc="A queue came that was not known before. Not those found when the agent starts."),
    ChangeSpec(name="QueueVanished", kind=Kind.QUEUE, doc="A queue was removed by hand; an empty queue stays.", leaves=True),
    ChangeSpec(name="QueueGrew", kind=Kind.QUEUE, doc="More jobs wait in a queue than at the reading before."),
    ChangeSpec(name="QueueEmptied", kind=Kind.QUEUE, doc="No job waits any more in a queue in which some waited."),
    ChangeSpec(name="RetriesGrew", kind=Kind.SIDEKIQ, doc="More jobs wait for another try than at the reading before."),
    ChangeSpec(name="DeadGrew", kind=Kind.SIDEKIQ, doc="More jobs have been given up than at the reading before."),
    ChangeSpec(name="RoleChanged", kind=Kind.REDIS, doc="The server became a master or a replica."),
)

BY_NAME: Final[dict[str, ChangeSpec]] = {spec.name: spec for spec in CHANGES}
"""Name → spec."""
