"""A rule on an entity in few words: value, margin, and for how long. For `why` and for `top`."""

from typing import Any, Final

from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.web.views.cells import Cell, CellState

STYLES: Final = {
    CellState.FIRING: "bad",
    CellState.PENDING: "warn",
    CellState.TRUE: "warn",
    CellState.FALSE: "dim",
    CellState.UNKNOWN: "bad",
}
_TYPES: Final = frozenset(type_.value for type_ in Type)


def value_of(cell: Cell) -> str:
    """What is, and what it is compared with."""
    if cell.value is None:
        return f"? ({', '.join(cell.blind)})" if cell.blind else "?"
    limit = "" if cell.limit is None else f" of {_shown(cell.limit, cell.type)}"
    return f"{_shown(cell.value, cell.type)}{limit}"


def margin_of(cell: Cell) -> str:
    """How far it is from being otherwise; empty where that is no number."""
    if cell.margin is None:
        return ""
    return f"{'' if cell.margin < 0 else '+'}{_shown(cell.margin, cell.type)}"


def held_of(cell: Cell, now: int) -> str:
    """How much has passed of what must, until it fires or is over; for how long it has fired by that wall time where nothing speaks for an end; empty without an alert."""
    if cell.state not in (CellState.PENDING, CellState.FIRING):
        return ""
    if not cell.enough_ms and cell.since_wall is not None:
        return display(max(0, now - cell.since_wall), Type.DURATION)
    return f"{display(cell.held_ms, Type.DURATION)} of {display(cell.enough_ms, Type.DURATION)}"


def _shown(value: Any, type_: str) -> str:
    return display(value, Type(type_)) if type_ in _TYPES else str(value)
