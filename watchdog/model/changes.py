"""
Every change of Sidekiq's state that a rule can wait for with `on:`, and that `changes` shows, as one table.

The counterpart of the field table: a field says how something is, a change that it became so. The engine derives changes
from the readings that come in (`engine/changes.py` does so by this table); no source delivers them, so a change that came and
went between two readings of a source was never seen. To add one, add a line.
"""

from enum import StrEnum
from functools import partial
from typing import Final

import msgspec

from watchdog.model.fields import BY_KIND, FieldSpec
from watchdog.model.kinds import Kind, Source

SILENCE: Final = 30_000
"""Milliseconds without a beat after which a process counts as silent: three beats of Sidekiq 7 and later, six of Sidekiq 6."""
Told = bool | int | float | str
"""What is told of a reading before and after: a number or a short text, never a job's arguments, which no reading holds."""


class Way(StrEnum):
    """How a change shows in readings."""

    APPEARED = "appeared"  # the entity was not there; with a slot: it held no reading, and holds `true`
    LEFT = "left"  # its source says that the entity is gone
    CRASHED = "crashed"  # its source says that it is gone, and that it did not go of its own accord
    LEFT_BEHIND = (
        "left behind"  # it has been gone for some time, known before or not, and its source says that something of it is still there
    )
    LOST = "lost"  # the process of the entity is gone
    GREW = "grew"
    COUNTED = "counted"  # grew, from 0 where it held no reading: a counter that begins with its entity
    SHRANK = "shrank"
    EMPTIED = "emptied"  # became 0; a slot that has this way shrinks only as long as something is left
    BECAME_TRUE = "became true"
    BECAME_FALSE = "became false"
    ALTERED = "altered"  # holds another value
    FELL_SILENT = "fell silent"  # has not been confirmed for `SILENCE`
    SPOKE_AGAIN = "spoke again"  # has been confirmed after it fell silent


class ChangeSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One kind of change.

    `name` is what stands behind `on:`; `kind` that of the entity that changed, which a rule's `each:` must be. `slot` is the reading that
    moves, told as it was and as it is; empty where the entity as a whole comes or goes.
    """

    name: str
    kind: Kind
    way: Way
    doc: str
    slot: str = ""
    source: Source = Source.REDIS

    @property
    def leaves(self) -> bool:
        """The entity is no longer there afterwards: a rule sees it as it was last."""
        return self.way in (Way.LEFT, Way.CRASHED, Way.LEFT_BEHIND, Way.LOST)

    @property
    def field(self) -> FieldSpec | None:
        """The field whose values are told; None where the name of the change says it all."""
        if self.way in (Way.APPEARED, Way.BECAME_TRUE, Way.BECAME_FALSE):
            return None
        spec = next((spec for spec in BY_KIND[self.kind].values() if self.slot and spec.slot == self.slot), None)
        # Of a growing field the slot holds a moment, which means nothing to people; a silence is told as the time that it lasts.
        return spec if spec is None or spec.clock is None or self.way in (Way.FELL_SILENT, Way.SPOKE_AGAIN) else None


class Change(msgspec.Struct, frozen=True, tag="change"):
    """
    Something that changed: `name` is that of its spec, `id` the entity's, `reason` why it left, empty for other changes.

    `before` and `after` are what its reading was and is, None where there is none to tell.
    """

    name: str
    kind: Kind
    id: str
    reason: str = ""
    before: Told | None = None
    after: Told | None = None


def _change(name: str, kind: Kind, way: Way, doc: str, slot: str = "", source: Source = Source.REDIS) -> ChangeSpec:
    return ChangeSpec(name=name, kind=kind, way=way, doc=doc, slot=slot, source=source)


_unit = partial(_change, kind=Kind.UNIT, source=Source.SYSTEMD)


CHANGES: Final[tuple[ChangeSpec, ...]] = (
    _change(
        "ProcessAppeared",
        Kind.PROCESS,
        Way.APPEARED,
        "A process came that was not known before. Not those found when the agent starts.",
        "listed",
    ),
    _change("ProcessVanished", Kind.PROCESS, Way.LEFT, "A process is gone: the kernel says so, or, of another host, Redis no longer lists it."),
    _change(
        "ProcessCrashed",
        Kind.PROCESS,
        Way.CRASHED,
        "A process of this host ended without having given its jobs back, and not by this agent: killed, for want of memory perhaps, or crashed. Told beside "
        "`ProcessVanished`; its `JobLost` say what is lost.",
    ),
    _change(
        "JobsLeftBehind",
        Kind.PROCESS,
        Way.LEFT_BEHIND,
        "A process that is gone has jobs in Redis, where its probe has put them: it ended while nobody watched, or nobody has put them back. Of it is known `process.id`, `host`, `pid`, `local`, `queues`, "
        "`probe` and `left_behind`. Told again every 10 minutes for as long as they lie there.",
    ),
    _change(
        "ProcessUnlisted",
        Kind.PROCESS,
        Way.BECAME_FALSE,
        "Redis no longer lists a process that the kernel says is alive: it is ending, frozen, or cut off from Redis.",
        "listed",
    ),
    _change("ProcessListed", Kind.PROCESS, Way.BECAME_TRUE, "Redis lists a process again that it no longer did.", "listed"),
    _change("ProcessQuiet", Kind.PROCESS, Way.BECAME_TRUE, "A process has been told to fetch no more jobs.", "quiet"),
    _change(
        "ProcessSilent",
        Kind.PROCESS,
        Way.FELL_SILENT,
        f"A process has not beaten for {SILENCE // 1000} seconds in which Redis could be read.",
        "confirmed_at",
    ),
    _change("ProcessBeatsAgain", Kind.PROCESS, Way.SPOKE_AGAIN, "A process that had fallen silent has beaten again.", "confirmed_at"),
    _change("ThreadsChanged", Kind.PROCESS, Way.ALTERED, "A process can run more or fewer jobs at a time than at the beat before.", "threads"),
    _change("JobStarted", Kind.JOB, Way.APPEARED, "A process was found running a job that it was not running at the beat before."),
    _change(
        "JobFinished",
        Kind.JOB,
        Way.LEFT,
        "A process no longer runs a job that it ran at the beat before; whether it failed Redis does not say here.",
    ),
    _change("JobLost", Kind.JOB, Way.LOST, "The process of a job is gone, and the job was still running at its last beat."),
    _change("QueueAppeared", Kind.QUEUE, Way.APPEARED, "A queue came that was not known before. Not those found when the agent starts."),
    _change("QueueVanished", Kind.QUEUE, Way.LEFT, "A queue was removed by hand; an empty queue stays."),
    _change("QueueGrew", Kind.QUEUE, Way.GREW, "More jobs wait in a queue than at the reading before.", "size"),
    _change("QueueEmptied", Kind.QUEUE, Way.EMPTIED, "No job waits any more in a queue in which some waited.", "size"),
    _change("QueueShrank", Kind.QUEUE, Way.SHRANK, "Fewer jobs wait in a queue than at the reading before, and some still do.", "size"),
    _change("QueuePaused", Kind.QUEUE, Way.BECAME_TRUE, "Somebody paused a queue, which only Sidekiq Pro obeys.", "paused"),
    _change("QueueResumed", Kind.QUEUE, Way.BECAME_FALSE, "A queue is paused no longer.", "paused"),
    _change("ClassFailed", Kind.JOB_CLASS, Way.COUNTED, "More runs of a class of jobs have failed than at the reading before.", "failed"),
    _change("RetryAdded", Kind.RETRY_GROUP, Way.COUNTED, "A job failed for this reason and waits for another try.", "added"),
    _change("RetryGroupGrew", Kind.RETRY_GROUP, Way.GREW, "More jobs wait for another try for this reason than before.", "size"),
    _change("RetryGroupShrank", Kind.RETRY_GROUP, Way.SHRANK, "Fewer jobs wait for another try for this reason than before.", "size"),
    _change("DomainRetryAdded", Kind.DOMAIN, Way.COUNTED, "A job to a domain failed and waits for another try.", "added"),
    _change("DomainRejected", Kind.DOMAIN, Way.COUNTED, "A domain has answered a job with 401, 403 or 410.", "added_rejected"),
    _change("DomainRetriesGrew", Kind.DOMAIN, Way.GREW, "More jobs to a domain wait for another try than before.", "retries"),
    _change("DomainRetriesShrank", Kind.DOMAIN, Way.SHRANK, "Fewer jobs to a domain wait for another try than before.", "retries"),
    _change("ScheduleAppeared", Kind.SCHEDULE, Way.APPEARED, "sidekiq-scheduler has an entry that it did not have before."),
    _change("ScheduleVanished", Kind.SCHEDULE, Way.LEFT, "sidekiq-scheduler no longer has an entry."),
    _change("SchedulePushed", Kind.SCHEDULE, Way.GREW, "An entry of sidekiq-scheduler has been pushed.", "pushed_at"),
    _change("ScheduleOverdue", Kind.SCHEDULE, Way.BECAME_TRUE, "An entry of sidekiq-scheduler should have been pushed and was not.", "overdue"),
    _change("ScheduleOnTime", Kind.SCHEDULE, Way.BECAME_FALSE, "An entry of sidekiq-scheduler is overdue no longer.", "overdue"),
    _change("ScheduleEnabled", Kind.SCHEDULE, Way.BECAME_TRUE, "An entry of sidekiq-scheduler was switched on.", "enabled"),
    _change("ScheduleDisabled", Kind.SCHEDULE, Way.BECAME_FALSE, "An entry of sidekiq-scheduler was switched off.", "enabled"),
    _unit("UnitStarted", way=Way.BECAME_TRUE, doc="A unit is active that was not.", slot="running"),
    _unit(
        "UnitStopped",
        way=Way.BECAME_FALSE,
        doc="A unit is active no longer: it is being stopped, its process has ended, or systemd is about to start it again.",
        slot="running",
    ),
    _unit("UnitFailed", way=Way.BECAME_TRUE, doc="A unit has failed, and systemd does not start it again by itself.", slot="failed"),
    _unit("UnitRestarted", way=Way.GREW, doc="systemd has started a unit again by itself.", slot="restarts"),
    _unit(
        "UnitReloadNeeded",
        way=Way.BECAME_TRUE,
        doc="The files of a unit have become newer than what systemd has read.",
        slot="reload_needed",
    ),
    _change("RetriesGrew", Kind.SIDEKIQ, Way.GREW, "More jobs wait for another try than at the reading before.", "retries"),
    _change("RetriesShrank", Kind.SIDEKIQ, Way.SHRANK, "Fewer jobs wait for another try than at the reading before.", "retries"),
    _change("ScheduledGrew", Kind.SIDEKIQ, Way.GREW, "More jobs wait for their time than at the reading before.", "scheduled"),
    _change("ScheduledShrank", Kind.SIDEKIQ, Way.SHRANK, "Fewer jobs wait for their time than at the reading before.", "scheduled"),
    _change("DeadGrew", Kind.SIDEKIQ, Way.GREW, "More jobs have been given up than at the reading before.", "dead"),
    _change("DeadShrank", Kind.SIDEKIQ, Way.SHRANK, "Dead jobs were deleted, tried again, or trimmed.", "dead"),
    _change("FailedGrew", Kind.SIDEKIQ, Way.GREW, "More runs have failed than at the reading before.", "failed"),
    _change("CountersReset", Kind.SIDEKIQ, Way.SHRANK, "Sidekiq's counter of jobs run since ever went back: it was reset, or Redis lost data.", "processed"),
    _change("RoleChanged", Kind.REDIS, Way.ALTERED, "The server became a master or a replica.", "role"),
    _change("VersionChanged", Kind.REDIS, Way.ALTERED, "The server is of another version than before.", "version"),
    _change("RedisRestarted", Kind.REDIS, Way.SHRANK, "The server has begun anew, or another one answers in its place.", "uptime"),
    _change("MaxmemoryChanged", Kind.REDIS, Way.ALTERED, "The server may use more or less memory than before.", "maxmemory"),
    _change("MemoryPolicyChanged", Kind.REDIS, Way.ALTERED, "The server does something else at its memory limit than before.", "policy"),
    _change("KeysEvicted", Kind.REDIS, Way.GREW, "The server removed keys for want of memory: jobs may be among them.", "evicted"),
    _change("SnapshotFailed", Kind.REDIS, Way.BECAME_FALSE, "The server could not write its last snapshot.", "save_ok"),
    _change("SnapshotWritten", Kind.REDIS, Way.BECAME_TRUE, "The server could write a snapshot again.", "save_ok"),
    _change("MasterLinkDown", Kind.REDIS, Way.BECAME_FALSE, "The server is a replica and has lost its master.", "link_up"),
    _change("MasterLinkUp", Kind.REDIS, Way.BECAME_TRUE, "The server is a replica and has its master again.", "link_up"),
)  # fmt: skip

BY_NAME: Final[dict[str, ChangeSpec]] = {spec.name: spec for spec in CHANGES}
"""Name → spec."""
