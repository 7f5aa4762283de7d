"""Fields of `sidekiq`: all of it together."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field
from watchdog.model.kinds import Kind, Type

_field = partial(field, Kind.SIDEKIQ)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field("processed", Type.COUNT, "Jobs run since ever, the failed ones included.", "sidekiq.processed > 0"),
    _field("failed", Type.COUNT, "Failed runs since ever.", "sidekiq.failed > 1000"),
    _field("retries", Type.COUNT, "Jobs that wait for another try.", "sidekiq.retries > 10000"),
    _field(
        "retries_late",
        Type.DURATION,
        "How long the first of them should have been tried; 0 up to 15 s, which is usual.",
        "sidekiq.retries_late > 1m",
    ),
    _field(
        "retries_unaccounted",
        Type.COUNT,
        "How far the sum of all groups is from `sidekiq.retries`: deleted since the census, not counted yet, or broken.",
        "sidekiq.retries_unaccounted > 1000",
    ),
    _field(
        "retry_census_age",
        Type.DURATION,
        "How long ago all retries were counted; not known before that.",
        "sidekiq.retry_census_age > 1d",
        attr="retry_census_at",
        clock=Clock.ENGINE,
    ),
    _field("scheduled", Type.COUNT, "Jobs that wait for their time.", "sidekiq.scheduled > 10000"),
    _field("dead", Type.COUNT, "Jobs that have been given up.", "sidekiq.dead > 0"),
    _field("enqueued", Type.COUNT, "Jobs that wait in all queues together.", "sidekiq.enqueued > 10000"),
    _field("processes", Type.COUNT, "Processes that Redis has heard from within a minute.", "sidekiq.processes < 2"),
    _field(
        "stale",
        Type.COUNT,
        "Members of the set of processes that have no hash: left by a crash, frozen, or cut off. They slow down the polling for due jobs.",
        "sidekiq.stale > 3",
    ),
    _field(
        "versions", Type.COUNT, "How many versions of Sidekiq beat; all that tell none (before 7.0.2) count as one.", "sidekiq.versions > 1"
    ),
    _field("threads", Type.COUNT, "Threads of all processes that beat, quiet ones included.", "sidekiq.busy / sidekiq.threads > 90%"),
    _field("busy", Type.COUNT, "Jobs that they ran at their last beats.", "sidekiq.busy == 0 and sidekiq.enqueued > 0"),
    _field(
        "arrived",
        Type.COUNT,
        "Jobs that arrived in queues since the agent began, retries and scheduled ones included. Estimated: those that were run, run and wait, "
        "counted together; good over minutes, not over seconds, because Sidekiq counts at beats.",
        "rate(sidekiq.arrived, 10m) > rate(sidekiq.processed, 10m)",
    ),
    _field(
        "next_retry_overdue",
        Type.DURATION,
        "How long the first of the retries should have been pushed by now; 0 where none is due. A lone process may be 15 s late.",
        "sidekiq.next_retry_overdue > 1m",
    ),
    _field(
        "schedule_overdue",
        Type.DURATION,
        "The same of the jobs that wait for their time.",
        "sidekiq.schedule_overdue > 1m",
    ),
    _field("classes", Type.COUNT, "Classes of jobs that have run since the agent began (Sidekiq 7 and later).", "sidekiq.classes > 500"),
    _field("unique_locks", Type.COUNT, "Locks that sidekiq-unique-jobs holds.", "sidekiq.unique_locks > 100000"),
    _field(
        "reaper",
        Type.BOOL,
        "A process says that it clears away orphaned locks of sidekiq-unique-jobs. After it was killed that still stands for ten minutes.",
        "not sidekiq.reaper and sidekiq.unique_locks > 0",
    ),
    _field(
        "reaper_age",
        Type.DURATION,
        "How long ago that process last gave a sign of life; only where there is one.",
        "sidekiq.reaper_age > 11m",
        attr="reaper_at",
        clock=Clock.ENGINE,
    ),
)
