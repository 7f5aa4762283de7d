"""Fields of `schedule`: one entry of sidekiq-scheduler."""

from typing import Final

from watchdog.model.fields.spec import FieldSpec

FIELDS: Final[tuple[FieldSpec, ...]] = ()
