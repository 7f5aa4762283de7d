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
    _field(
        "threads",
        Type.COUNT,
        "How many threads fetch from it: those of processes that beat and are not quiet; of capsules, where they are told, only their own.",
        "queue.threads == 0 and queue.size > 0",
    ),
    _field("listeners", Type.COUNT, "How many processes fetch from it: those that beat and are not quiet.", "queue.listeners < 2"),
    _field(
        "busy", Type.COUNT, "How many jobs from it were running at the last beats of processes that beat.", "queue.busy == queue.threads"
    ),
    _field(
        "processed",
        Type.COUNT,
        "Jobs of it that were run since the agent began. Estimated, because Sidekiq (7 and later) counts runs by class: each class counts for the queue in "
        "which a job of it was last seen. Not known before Sidekiq 7, of a queue of which no job was seen, and while a tenth of all runs are of classes that were never seen.",
        "rate(queue.processed, 10m) < 1/s and queue.size > 1000",
    ),
    _field(
        "arrived",
        Type.COUNT,
        "Jobs that arrived in it since the agent began, retries included. Estimated: those that were run (`queue.processed`), run and wait, counted together; over "
        "minutes, not over seconds. `slope(queue.size, 10m)` is exact: what was pushed less what was taken.",
        "rate(queue.arrived, 10m) > 2 * rate(queue.processed, 10m)",
    ),
    _field("paused", Type.BOOL, "Somebody paused it, which only Sidekiq Pro obeys.", "queue.paused"),
)
