"""Fields of `retry_group`: the jobs that wait for another try for the same reason."""

from typing import Final

from watchdog.model.fields.spec import FieldSpec

FIELDS: Final[tuple[FieldSpec, ...]] = ()
