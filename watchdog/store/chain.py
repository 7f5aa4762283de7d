"""
The chain of the audit log, without a database: how a row is hashed, and how a sequence of rows is checked.

`hash = sha256(prev + body)`, where `prev` is the hash of the row before in hex and `body` the row as canonical
JSON (keys sorted, no blanks, UTF-8) without `prev` and `hash`. Anybody can do the sum again from `audit --json`.

Pruning removes rows from the old end and leaves a row of kind `head` with the number of the last row that was removed and, as its
`prev`, the hash of that row. The row after a head continues from there. A head stands only at the very beginning.

What the chain proves: no row was altered, taken out, put in or moved by accident or by an edit of single rows. It has
no key. Whoever can write the file can write all of it anew from some row on, or cut off its end and adjust the count
kept beside it; only a hash that was kept somewhere else shows that.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final

import msgspec
import orjson

from watchdog.model.records import AuditRow
from watchdog.store.encoding import encode
from watchdog.store.moments import rfc3339

GENESIS: Final = "0" * 64
"""What stands for the hash before the first row."""
HEAD: Final = "head"
"""Kind of the row that pruning leaves; the engine never writes it."""

_SHOWN_FIRST: Final = ("seq", "at", "kind", "rule", "entity", "target", "mode", "decision", "guard", "reason", "action", "stage", "outcome")


class Link(msgspec.Struct, frozen=True):
    """One audit row as it is kept. `wall` (UTC milliseconds) and `rule` repeat what `body` says, to be searched by."""

    seq: int
    wall: int
    rule: str
    body: str
    prev: str
    hash: str

    def public(self) -> dict[str, Any]:
        """The row as it is shown: what `body` says, with `prev` and `hash`, in the order in which people read it."""
        row: dict[str, Any] = orjson.loads(self.body)
        first: dict[str, Any] = {name: row[name] for name in _SHOWN_FIRST if name in row}
        return {**first, **row, "prev": self.prev, "hash": self.hash}


class Verified(msgspec.Struct, frozen=True):
    """The chain is whole. `rows` counts a head, too."""

    rows: int


class BrokenRow(msgspec.Struct, frozen=True):
    """The first row that is not as it was written, and `what` is wrong with it."""

    seq: int
    what: str


def link(seq: int, row: AuditRow, *, prev: str) -> Link:
    """The next link: row number `seq` after the row with hash `prev`."""
    shown = {
        "seq": seq,
        "at": rfc3339(row.wall),
        "kind": row.kind,
        "rule": row.rule,
        "entity": row.entity,
        "target": row.target,
        "mode": row.mode,
        "decision": row.decision,
        "guard": row.guard,
        "reason": row.reason,
        "action": row.action,
        "stage": row.stage,
        "outcome": row.outcome,
        "incident": row.incident,
        "would_at": None if row.would_at is None else rfc3339(row.would_at),
        "detail": row.detail,
    }
    body = encode(shown).decode()
    return Link(seq, row.wall, orjson.loads(body)["rule"], body, prev, digest(prev, body))


def head(last: Link, *, wall: int, removed: int) -> Link:
    """
    What stands in place of the rows up to and including `last`.

    `wall` is the time before which rows were removed, `removed` how many are gone altogether.
    """
    carried = last.prev if kind_of(last) == HEAD else last.hash
    reason = f"{removed} rows from before {rfc3339(wall)} were removed"
    return link(last.seq, AuditRow(HEAD, wall, reason=reason, detail={"removed": removed}), prev=carried)


def digest(prev: str, body: str) -> str:
    """The hash of a row in hex."""
    return sha256(f"{prev}{body}".encode()).hexdigest()


def kind_of(row: Link) -> str:
    """Kind of a row; empty if its body says none."""
    kind: str = orjson.loads(row.body).get("kind", "")
    return kind


def check(rows: Iterable[Link], *, last_seq: int, last_hash: str, begin: int = 0, before: str = GENESIS) -> Verified | BrokenRow:
    """
    Looks at all rows, oldest first, and names the first that is broken; with `begin` and `before`, which are number and hash of a row, at those that follow on that one.

    `last_seq` and `last_hash` are what was written down beside the rows about the newest one, so that a missing end shows.
    """
    count, seq, prev = 0, begin, before
    for row in rows:
        try:
            shown = orjson.loads(row.body)
        except orjson.JSONDecodeError:
            return BrokenRow(row.seq, "its text is not JSON any more")
        begins = count == 0
        is_head = shown.get("kind") == HEAD if isinstance(shown, dict) else False
        if is_head and begins:
            seq, prev = row.seq - 1, row.prev
        fault = _fault(row, shown, seq=seq + 1, prev=prev)
        if fault:
            return fault
        if is_head and not begins:
            return BrokenRow(row.seq, "a head in the middle: rows before it were not removed by pruning")
        count, seq, prev = count + 1, row.seq, row.prev if is_head else row.hash
    if seq < last_seq:
        return BrokenRow(seq + 1, f"{_rows(seq + 1, last_seq)} missing at the end")
    if (seq, prev) != (last_seq, last_hash):
        return BrokenRow(seq, "it is not the row that was written last")
    return Verified(count)


def _fault(row: Link, shown: Any, *, seq: int, prev: str) -> BrokenRow | None:
    """What is wrong with one row that should have number `seq` and follow the hash `prev`."""
    if row.seq != seq:
        return BrokenRow(seq, f"{_rows(seq, row.seq - 1)} missing")
    if digest(row.prev, row.body) != row.hash:
        return BrokenRow(seq, "its content does not match its hash")
    if not isinstance(shown, dict) or shown.get("seq") != seq:
        return BrokenRow(seq, "it carries the number of another row")
    if not _searchable(row, shown):
        return BrokenRow(seq, "the columns it is searched by do not match its content")
    if row.prev != prev:
        return BrokenRow(seq, "it does not follow the row before it")
    return None


def _searchable(row: Link, shown: dict[str, Any]) -> bool:
    try:
        return shown.get("at") == rfc3339(row.wall) and shown.get("rule") == row.rule
    except OverflowError:  # a time that no calendar has
        return False


def _rows(first: int, last: int) -> str:
    return f"row {first} is" if first >= last else f"rows {first} to {last} are"
