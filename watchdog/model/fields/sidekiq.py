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
)
