"""The audit log, the newest row first, and whether anybody has changed the end of it."""

from functools import partial
from typing import Any, Final

import msgspec

from watchdog.store.asked import AuditAsked
from watchdog.store.audit import verify_end
from watchdog.store.chain import BrokenRow
from watchdog.store.moments import wall_of
from watchdog.store.reading import ask, read_audit_before
from watchdog.web.aside import aside
from watchdog.web.failures import NotUnderstoodError
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Piece

CHECKED: Final = 5_000
"""Rows of the end of the chain that are looked at."""
Asked = AuditAsked
"""Which rows are wanted."""
_DIGITS: Final = 15
EVERYTHING: Final = Asked()


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


async def audit(inside: Inside, asked: Asked = EVERYTHING, *, after: str = "", limit: int = USUAL) -> Piece[Row]:
    """The newest first; `total` is None. Raises `NotUnderstoodError`, `StoreError`."""
    if after and not (after.isascii() and after.isdigit() and len(after) <= _DIGITS):
        raise NotUnderstoodError(f"`after` is the number of a row, not {after[:40]!r}")
    # One more than is shown says whether any are left.
    rows = await aside(partial(read_audit_before, inside.folder, asked, before=int(after or 0), limit=limit + 1))
    shown = tuple(map(row_of, rows[:limit]))
    return Piece(shown, None, str(shown[-1].seq) if len(rows) > limit else "")


async def chain(inside: Inside) -> Chain:
    """How the end of the chain stands. Raises `StoreError`."""
    found, seq, hash_ = await aside(ask, inside.folder, partial(verify_end, rows=CHECKED))
    if isinstance(found, BrokenRow):
        return Chain(seq=seq, hash=hash_, checked=CHECKED, broken=found.seq, what=found.what)
    return Chain(seq=seq, hash=hash_, checked=found.rows)


def row_of(row: dict[str, Any]) -> Row:
    """A row as the store shows it (`chain.Link.public`), with its times as numbers."""
    would_at = row.get("would_at")
    times = {"wall": wall_of(row["at"]), "would_at": None if would_at is None else wall_of(would_at)}
    return msgspec.convert({**row, **times}, Row)
