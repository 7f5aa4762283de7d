"""
Every field that a condition can name, and every reading that a source can deliver: one table, a file for each kind of entity.

The row classes of `rows.py`, the type checker, the documentation and the JSON Schema are made from
it. To add a field, add a line to the file of its entity and let its source deliver it.
"""

from typing import Final

from watchdog.model.fields import (
    check,
    domain,
    federation,
    host,
    job,
    job_class,
    peer,
    process,
    queue,
    redis,
    retry_group,
    schedule,
    setting,
    sidekiq,
    unit,
)
from watchdog.model.fields.spec import Clock, FieldSpec
from watchdog.model.kinds import Kind

__all__ = ["BY_KIND", "FIELDS", "Clock", "FieldSpec"]

FIELDS: Final[tuple[FieldSpec, ...]] = (
    *job.FIELDS,
    *process.FIELDS,
    *queue.FIELDS,
    *job_class.FIELDS,
    *retry_group.FIELDS,
    *domain.FIELDS,
    *peer.FIELDS,
    *federation.FIELDS,
    *schedule.FIELDS,
    *unit.FIELDS,
    *host.FIELDS,
    *check.FIELDS,
    *setting.FIELDS,
    *sidekiq.FIELDS,
    *redis.FIELDS,
)

BY_KIND: Final[dict[Kind, dict[str, FieldSpec]]] = {
    kind: {spec.name: spec for spec in FIELDS if spec.kind == kind} for kind in Kind if any(spec.kind == kind for spec in FIELDS)
}
"""Kind → name → spec, for the kinds that have fields."""
