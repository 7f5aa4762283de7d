"""The audit log, the newest row first, and whether anybody has changed the end of it."""

from typing import Final

import msgspec

from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Piece


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row: see `model.records.AuditRow`, of which it has every field; `seq` and `hash` are the chain's."""

    seq: int
    wall: int
    kind: str
    rule: str = ""
    entity: str = ""
    target: str = ""
    mode: str = ""
    decision: str = ""
    guard: str = ""
    reason: str = ""
    action: str = ""
    stage: str = ""
    outcome: str = ""
    incident: str = ""
    would_at: int | None = None
    detail: dict[str, str | int | bool] = {}
    hash: str = ""


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """
    The end of the chain, as far as it was looked at: the newest `checked` rows up to `seq`, whose hash is `hash`. `broken` is the number of the first row that is not as it was written, and `what` is wrong with it.

    `audit --verify` looks at all of it. What a whole chain proves, and what not: `store/chain.py`.
    """

    seq: int
    hash: str
    checked: int
    broken: int | None = None
    what: str = ""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are wanted; empty and None ask for all. `since` and `until` are UTC milliseconds."""

    since: int | None = None
    until: int | None = None
    kind: str = ""
    rule: str = ""
    entity: str = ""
    target: str = ""
    decision: str = ""
    guard: str = ""
    incident: str = ""


EVERYTHING: Final = Asked()


async def audit(inside: Inside, asked: Asked = EVERYTHING, *, after: str = "", limit: int = USUAL) -> Piece[Row]:
    """
    The newest first; `total` is None. A piece can hold fewer than `limit` rows, or none, and still have a `next`: so far it was searched.

    Raises `StoreError`.
    """
    raise NotImplementedError


async def chain(inside: Inside) -> Chain:
    """How the end of the chain stands. Raises `StoreError`."""
    raise NotImplementedError
