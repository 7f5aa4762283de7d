"""
A value that an action is given: a literal, or a field of the entity that the rule looks at, as in `domain: domain.name`.

The counterpart of a reference, which names an entity. A text, a count or a duration; nothing is calculated, so that whoever reads a rule sees at once
where a value comes from. A string is quoted, as in a condition: a bare word is a slip of the pen.
"""

from typing import Any, Final, final

import msgspec

from watchdog.errors import Problem
from watchdog.lang.check import Checker
from watchdog.lang.checked import Constant, Reading
from watchdog.lang.complaint import Complaints, quoted
from watchdog.lang.parser import parse
from watchdog.lang.printer import show
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind, Type
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row

TYPES: Final = (Type.STRING, Type.COUNT, Type.DURATION)
"""Of which type one can be."""


@final
class Given(msgspec.Struct, frozen=True):
    """
    One value: the `literal`, or what stands in the `slot` of the row.

    `text` is as it was written, `type` one of `TYPES`.
    """

    text: str
    type: Type
    literal: str | int = ""
    slot: str = ""

    def of(self, row: Row | None) -> str | int | None:
        """The value, held as its type says; None where no source has told it."""
        if not self.slot:
            return self.literal
        value: Any = getattr(row, self.slot, MISSING)
        return value if isinstance(value, str | int) else None


def read_given(text: Text, kind: Kind) -> tuple[Given | None, tuple[Problem, ...]]:
    """
    The value that the text is, for rules that look at `kind`, and all problems with it.

    It is None exactly if there is a problem. Never raises, whatever the text.
    """
    complaints = Complaints(text)
    node = parse(complaints)
    tree = None if node is None or complaints.any else Checker(complaints, kind).value(node)
    if node is None or tree is None or complaints.any:
        return None, complaints.found
    match tree:
        case Constant(type=Type.STRING | Type.COUNT | Type.DURATION as type_, value=str() | int() as value):
            return Given(show(node), type_, value), ()
        case Reading(spec=spec) if spec.type in TYPES and spec.clock is None:
            return Given(show(node), spec.type, "", spec.slot), ()
        case _:
            message = f"{quoted(show(node))} is no value that can be given"
            hint = 'a field that is a text, a count or a duration that does not grow by itself; or a literal: "example.social", 5, 90s'
            complaints.add("E228", node.offset, node.width, message, hint=hint)
            return None, complaints.found
