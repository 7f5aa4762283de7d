"""Fields of `job_class`: all runs of one class of jobs, as Sidekiq 7 and later count them."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import FieldSpec, field
from watchdog.model.kinds import Kind, Type

_field = partial(field, Kind.JOB_CLASS)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field("name", Type.STRING, "The class; for ActiveJob the wrapped class.", 'job_class.name like "ActivityPub::*"'),
    _field(
        "processed",
        Type.COUNT,
        "Runs since the agent began, the failed ones included. Of more than 500 classes only those that ran most are there.",
        "rate(job_class.processed, 5m) > 100/s",
    ),
    _field(
        "failed",
        Type.COUNT,
        "Failed runs since the agent began.",
        "increase(job_class.failed, 10m) / increase(job_class.processed, 10m) > 50%",
    ),
    _field(
        "took",
        Type.DURATION,
        "How long the runs that did not fail took together, since the agent began.",
        "increase(job_class.took, 10m) > 1h",
    ),
    _field(
        "average",
        Type.DURATION,
        "How long a run that did not fail took on average, in the last five complete minutes; only where there was one.",
        "job_class.average > 30s",
    ),
)
