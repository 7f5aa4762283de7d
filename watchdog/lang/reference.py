"""
An expression that names another entity: `job.process`, or `process` for the entity itself.

The counterpart of a condition, which says whether; a reference says which. It finds an id, never a row.
"""

from typing import Any, final

import msgspec

from watchdog.errors import Problem
from watchdog.lang.check import Checker
from watchdog.lang.checked import Reading
from watchdog.lang.complaint import Complaints, quoted
from watchdog.lang.parser import parse
from watchdog.lang.printer import show
from watchdog.lang.syntax import Node, Path
from watchdog.lang.text import Text
from watchdog.lang.vocabulary import fields_of
from watchdog.model.fields import FieldSpec
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row


@final
class Reference(msgspec.Struct, frozen=True):
    """
    Which entity of kind `to` is meant, seen from an entity of `kind`.

    `slot` is the attribute of the row that holds its id.
    """

    text: str
    kind: Kind
    to: Kind
    slot: str

    def find(self, row: Row) -> str | None:
        """The id of the entity, None where no source has told it."""
        found: Any = getattr(row, self.slot)
        return None if found is MISSING else str(found)


def read_reference(text: Text, kind: Kind, to: Kind) -> tuple[Reference | None, tuple[Problem, ...]]:
    """
    The reference that the text is, for rules that look at `kind`, and all problems with it.

    The reference is None exactly if there is a problem. Never raises, whatever the text.
    """
    complaints = Complaints(text)
    node = parse(complaints)
    slot = None if node is None else _slot(complaints, node, kind, to)
    if node is None or slot is None or complaints.any:
        return None, complaints.found
    return Reference(show(node), kind, to, slot), ()


def _slot(complaints: Complaints, node: Node, kind: Kind, to: Kind) -> str | None:
    """The attribute that holds the id, None after a complaint."""
    match node:
        case Path(names=(name,)) if name == to == kind:
            return "id"
        case Path(names=(name,)) if name in tuple(Kind):
            pass
        case _:
            tree = Checker(complaints, kind).value(node)
            if tree is None:
                return None
            if isinstance(tree, Reading) and _refers(tree.spec, to):
                return tree.spec.slot
    message = f"{quoted(show(node))} doesn't say which {to} is meant"
    complaints.add("E216", node.offset, node.width, message, hint=_hint(kind, to))
    return None


def _refers(spec: FieldSpec, to: Kind) -> bool:
    return spec.refers == to or (spec.kind == to and spec.name == "id")


def _hint(kind: Kind, to: Kind) -> str:
    ways = [str(to)] if kind == to else []
    ways += [spec.path for spec in fields_of(kind).values() if spec.refers == to]
    return f"write {' or '.join(ways)}" if ways else f"a {kind} has to do with no single {to}"
