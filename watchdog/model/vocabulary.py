"""
The fields that conditions can name, with the rows that hold them, as one value.

What the program delivers is `BUILT`, made from the field table. The tests of a pack may declare fields that no source delivers yet, and are
then run with a wider vocabulary; nothing else ever is.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, final

from watchdog.model.fields import FIELDS, FieldSpec
from watchdog.model.kinds import Kind
from watchdog.model.rows import ROW_TYPES, Row, row_type


@final
class Vocabulary:
    """`fields`: kind → name → spec, the internal ones included; `rows`: kind → the class of its rows. Only kinds that have fields are there."""

    __slots__ = ("fields", "rows")

    def __init__(self, fields: Mapping[Kind, Mapping[str, FieldSpec]], rows: Mapping[Kind, type[Row]]) -> None:
        self.fields: Final = fields
        self.rows: Final = rows

    def field(self, kind: Kind, name: str) -> FieldSpec | None:
        """The field of that name that a condition can read, if there is one."""
        spec = self.fields.get(kind, {}).get(name)
        return None if spec is None or spec.internal else spec


def _by_kind(specs: Sequence[FieldSpec]) -> dict[Kind, dict[str, FieldSpec]]:
    fields = {kind: {spec.name: spec for spec in specs if spec.kind is kind} for kind in Kind}
    return {kind: named for kind, named in fields.items() if named}


BUILT: Final = Vocabulary(_by_kind(FIELDS), ROW_TYPES)
"""What the sources of this version deliver."""


def widened(more: Iterable[FieldSpec]) -> Vocabulary:
    """`BUILT` with more fields; one of the same name and kind takes the place of that of `BUILT`."""
    specs = tuple(more)
    fields = _by_kind((*FIELDS, *specs))
    touched = {spec.kind for spec in specs}
    return Vocabulary(
        fields, {kind: row_type(kind, named.values()) if kind in touched else ROW_TYPES[kind] for kind, named in fields.items()}
    )
