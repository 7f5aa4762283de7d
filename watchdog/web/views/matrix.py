"""Rule × entity: what each rule says of what it looks at, what fires first, then what is nearest to it."""

from enum import StrEnum

import msgspec

from watchdog.web.inside import Inside

FEW = 10
"""Entities of each rule that are shown where nobody says how many."""


class CellState(StrEnum):
    """What a rule says of an entity; the value of `true` is one that was just read and will be an alert."""

    FIRING = "firing"
    PENDING = "pending"
    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """
    One rule on one entity. `part` is the text of that part of the condition that decides, `value` what its left side is now and `limit` what it is compared with, `type` how both are written (`model.kinds.Type`); `margin` is how far it is from
    flipping in the same unit: positive while it is true, negative while it is false. None where it is no comparison of numbers.

    `held_ms` of `enough_ms` have passed until a pending alert fires, or one that fires is over; both are 0 without an alert. `blind` are the sources that it rests on and that can't be read.
    """

    entity: str
    state: CellState
    part: str
    type: str
    value: float | str | bool | None
    limit: float | str | bool | None
    margin: float | None
    held_ms: int = 0
    enough_ms: int = 0
    since_wall: int | None = None
    title: str = ""
    incident: str = ""
    blind: tuple[str, ...] = ()


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: `entities` counts what it looks at, `unknown` those of which it can't be said, `cells` are the first of them; `next` is what to give as `after`, with its name as `rule`, for those that follow."""

    rule: str
    kind: str
    on: str | None
    condition: str
    severity: str
    mode: str
    entities: int
    firing: int
    pending: int
    unknown: int
    cells: tuple[Cell, ...]
    next: str = ""


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """All rules in the order of their files, those first that fire. `wall` is when it was drawn; `looked_ms` how long ago everything was looked at to find what is nearest."""

    wall: int
    seq: int
    looked_ms: int
    lines: tuple[Line, ...]


async def matrix(inside: Inside, *, rule: str = "", entity: str = "", after: str = "", limit: int = FEW) -> Matrix:
    """The whole of it, or one rule, or what all rules of its kind say of that entity. Raises `NotThereError` where no such rule is in force."""
    raise NotImplementedError
