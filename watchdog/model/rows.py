"""
The present picture of one entity: a row of readings, one slot a field.

Rows are made from the field table, so a condition compiles to a plain attribute access.
They belong to the engine, which changes them in place as deltas arrive; everything outside the
engine sees copies (`as_plain`). A slot that no source has filled holds `MISSING`.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final, cast

import msgspec

from watchdog.model.fields import BY_KIND, FieldSpec
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING


class Row(msgspec.Struct, eq=False, gc=False):
    """
    One entity. `id` names it within its kind.

    A job's `home` is the row of its process, because its elapsed time grows with that process' beats; so rows never lie in a circle,
    and the garbage collector need not look at them.
    """

    kind: ClassVar[Kind]
    slots: ClassVar[tuple[str, ...]] = ()

    id: str
    home: Any = MISSING

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"

    def as_plain(self) -> dict[str, Any]:
        """The readings as plain data by slot, those that are missing left out."""
        values = ((slot, getattr(self, slot)) for slot in self.slots)
        return {slot: value for slot, value in values if value is not MISSING}


def row_type(kind: Kind, specs: Iterable[FieldSpec]) -> type[Row]:
    """The class of the rows of a kind with these fields."""
    slots = tuple(spec.slot for spec in specs if spec.slot != "id" and not spec.stands_for)
    fields = [(slot, Any, MISSING) for slot in slots]
    made = msgspec.defstruct(f"{kind.title()}Row", fields, bases=(Row,), namespace={"kind": kind, "slots": slots}, eq=False, gc=False)
    return cast("type[Row]", made)


ROW_TYPES: Final[dict[Kind, type[Row]]] = {kind: row_type(kind, specs.values()) for kind, specs in BY_KIND.items()}
"""Kind → the class of its rows, for the kinds that have fields."""
