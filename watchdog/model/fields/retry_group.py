"""Fields of `retry_group`: the jobs that wait for another try for the same reason."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field
from watchdog.model.kinds import Kind, Type

_field = partial(field, Kind.RETRY_GROUP)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field(
        "id",
        Type.STRING,
        "Queue, class, kind and status as one text; `(others)` stands for all groups beyond the first 2000.",
        'retry_group.id like "push *"',
    ),
    _field("queue", Type.STRING, "The queue that they go back to.", 'retry_group.queue == "push"'),
    _field(
        "class",
        Type.STRING,
        "The job class; for ActiveJob the wrapped class.",
        'retry_group.class == "ActivityPub::DeliveryWorker"',
        attr="job_class",
    ),
    _field(
        "kind",
        Type.STRING,
        "Why they failed: `status` (another server answered with an HTTP status), `timeout`, `dns`, `tls`, `refused` (nothing listens there), "
        "`unreachable`, `circuit_open`, `local_database`, `local_redis`, `lock` (another job held what it needed), `storage` (where files are kept), `search`, `mail`, `code` (a name or a table that is not there) "
        "or `other`.",
        'retry_group.kind in ["dns", "timeout"]',
        attr="failure",
    ),
    _field("status", Type.COUNT, "The HTTP status, where the kind is `status`; not known otherwise.", "retry_group.status in [403, 410]"),
    _field(
        "size",
        Type.COUNT,
        "How many wait; not known before the first census. Exact then, and kept current: see `sidekiq.retries_unaccounted`.",
        "retry_group.size > 1000",
    ),
    _field(
        "added",
        Type.COUNT,
        "How many were added since the agent began to look. A first failure is counted within 15 s, a later one when half its pause is over at the latest.",
        "increase(retry_group.added, 30m) > 500",
    ),
    _field(
        "oldest",
        Type.DURATION,
        "How long ago the first failure was of the one that has failed for longest, as far as was seen since the last census.",
        "retry_group.oldest > 1d",
        attr="failed_first_at",
        clock=Clock.ENGINE,
    ),
)
