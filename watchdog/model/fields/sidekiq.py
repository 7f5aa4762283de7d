"""Fields of `sidekiq`: all of it together."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import FieldSpec, field
from watchdog.model.kinds import Kind, Type

_field = partial(field, Kind.SIDEKIQ)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field("processed", Type.COUNT, "Jobs run since ever, the failed ones included.", "sidekiq.processed > 0"),
    _field("failed", Type.COUNT, "Failed runs since ever.", "sidekiq.failed > 1000"),
    _field("retries", Type.COUNT, "Jobs that wait for another try.", "sidekiq.retries > 10000"),
    _field("scheduled", Type.COUNT, "Jobs that wait for their time.", "sidekiq.scheduled > 10000"),
    _field("dead", Type.COUNT, "Jobs that have been given up.", "sidekiq.dead > 0"),
    _field("enqueued", Type.COUNT, "Jobs that wait in all queues together.", "sidekiq.enqueued > 10000"),
    _field("processes", Type.COUNT, "Processes that Redis has heard from within a minute.", "sidekiq.processes < 2"),
)
