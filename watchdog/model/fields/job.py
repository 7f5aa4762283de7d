"""Fields of `job`: one run of a job in a thread."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field, internal
from watchdog.model.kinds import Kind, Type

_field = partial(field, Kind.JOB)
_internal = partial(internal, Kind.JOB)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field("id", Type.STRING, "The run: identity, thread, job id and start, so that a rerun is another entity.", 'job.id like "*"'),
    _field("jid", Type.STRING, "Sidekiq's job id; it stays the same over retries.", 'job.jid == "4caa72fe18d4b6a0d19e77c3"'),
    _field(
        "class",
        Type.STRING,
        "The job class; for ActiveJob the wrapped class.",
        'job.class == "ActivityPub::DeliveryWorker"',
        attr="job_class",
    ),
    _field("queue", Type.STRING, "The queue that the job was taken from.", 'job.queue in ["push", "pull"]'),
    _field(
        "process", Type.STRING, "The process that runs the job (the id of that process).", "job.process == job.process", refers=Kind.PROCESS
    ),
    _field("host", Type.STRING, "The host name of that process.", 'job.host == "web1"'),
    _field("thread", Type.STRING, "The thread id as Sidekiq logs it (`tid`).", 'job.thread == "oxr1"'),
    _field(
        "domain",
        Type.STRING,
        "The domain that the job goes to, where its class is one that goes to another server.",
        'job.domain == "example.social"',
    ),
    _field("retries", Type.COUNT, "How often the job has failed before this run.", "job.retries > 3"),
    _field(
        "elapsed",
        Type.DURATION,
        "How long the job had been running when its process last confirmed it: last beat minus start.",
        "job.elapsed > 10m",
        attr="started_at",
        clock=Clock.BEAT,
    ),
    _internal("once", Type.BOOL, "Sidekiq does not run it again after a failure: its `retry` is 0 or false. Told only where that is so."),
)
