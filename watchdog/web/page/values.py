"""Words for what views hold as numbers: the value of a rule's deciding part, and what is wrong with a process."""

from typing import Any

import msgspec
from markupsafe import Markup, escape

from watchdog.lang.display import UNKNOWN, display
from watchdog.model.changes import BY_NAME, SILENCE
from watchdog.model.kinds import Type
from watchdog.web.page.words import plain
from watchdog.web.views.cells import Cell
from watchdog.web.views.changes import ChangeSeen
from watchdog.web.views.processes import ProcessSeen


class CellWords(msgspec.Struct, frozen=True):
    """`margin` is how far it is from flipping, empty where that is no number."""

    value: str
    limit: str
    margin: str


def cell_values(cell: Cell) -> CellWords:
    """The numbers of a cell as people read them."""
    return CellWords(
        _said(cell.value, cell.type),
        "" if cell.limit is None else _said(cell.limit, cell.type),
        "" if cell.margin is None else _said(abs(cell.margin), cell.type),
    )


def change_values(change: ChangeSeen) -> str:
    """From what to what it went; empty where it is no change of a value."""
    spec = BY_NAME.get(change.change)
    if spec is None or spec.field is None:
        return ""
    return " → ".join(plain(display(value, spec.field.type)) for value in (change.before, change.after) if value is not None)


def _said(value: Any, type_: str) -> str:
    if value is None:
        return UNKNOWN
    try:
        return plain(display(value, Type(type_)))
    except (ValueError, TypeError):
        return plain(str(value))


def process_state(one: ProcessSeen) -> Markup:
    """What is out of the ordinary with it, as small words behind its name."""
    found = []
    if one.stopped:
        found.append(("bad", "stopped"))
    if one.traced:
        found.append(("bad", "traced"))
    if one.alive is False:
        found.append(("bad", "gone"))
    if one.quiet:
        found.append(("warn", "quiet"))
    if one.beat_age is not None and one.beat_age > SILENCE:
        found.append(("warn", "silent"))
    words = Markup("").join(Markup(' <span class="tag {}">{}</span>').format(tone, word) for tone, word in found)
    if one.mismatch:
        words += Markup(' <span class="tag warn" title="{}">not this pid</span>').format(escape(plain(one.mismatch, 200)))
    return words
