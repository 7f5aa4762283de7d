"""Fields of `queue`."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import FieldSpec, field
from watchdog.model.kinds import Kind, Type

_field = partial(field, Kind.QUEUE)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field("name", Type.STRING, "The name of the queue.", 'queue.name == "push"'),
    _field("size", Type.COUNT, "How many jobs wait in it.", "queue.size > 1000"),
    _field("latency", Type.DURATION, "How long the job that is next has been waiting; 0 where none waits.", "queue.latency > 5m"),
)
