"""Fields of `job_class`: all runs of one class of jobs, as Sidekiq 7 and later count them."""

from typing import Final

from watchdog.model.fields.spec import FieldSpec

FIELDS: Final[tuple[FieldSpec, ...]] = ()
