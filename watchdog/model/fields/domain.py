"""Fields of `domain`: one remote host, with all its subdomains."""

from typing import Final

from watchdog.model.fields.spec import FieldSpec

FIELDS: Final[tuple[FieldSpec, ...]] = ()
