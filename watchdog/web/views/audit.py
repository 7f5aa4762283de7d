"""The audit log, the newest row first, and whether anybody has changed the end of it."""

from functools import partial
from typing import Any, Final

import msgspec

from watchdog.model.records import AuditRow
from watchdog.store.asked import AuditAsked
from watchdog.store.audit import verify_end
from watchdog.store.chain import BrokenRow
from watchdog.store.moments import wall_of
from watchdog.store.reading import ask, read_audit_before
from watchdog.web.aside import aside
from watchdog.web.failures import NotUnderstoodError
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Slice

CHECKED: Final = 5_000
"""Rows of the end of the chain that are looked at."""
Asked = AuditAsked
"""Which rows are wanted."""
_DIGITS: Final = 15
EVERYTHING: Final = Asked()


class Row(AuditRow, frozen=True, kw_only=True, omit_defaults=False):
    """A row, with the number and the hash that the chain has given it."""

    seq: int
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


async def audit(inside: Inside, asked: Asked = EVERYTHING, *, after: str = "", limit: int = USUAL) -> Slice[Row]:
    """The newest first; `total` is None. Raises `NotUnderstoodError`, `StoreError`."""
    if after and not (after.isascii() and after.isdigit() and len(after) <= _DIGITS):
        raise NotUnderstoodError(f"`after` is the number of a row, not {after[:40]!r}")
    # One more than is shown says whether any are left.
    rows = await aside(partial(read_audit_before, inside.folder, asked, before=int(after or 0), limit=limit + 1))
    shown = tuple(map(row_of, rows[:limit]))
    return Slice(shown, None, str(shown[-1].seq) if len(rows) > limit else "")


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
