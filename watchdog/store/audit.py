"""The audit log in the database: appending to the chain, pruning its old end, reading it. The rules of the chain are in `chain.py`."""

import sqlite3
from typing import Final

import msgspec

from watchdog.model.records import AuditRow
from watchdog.store.asked import AuditAsked
from watchdog.store.chain import GENESIS, HEAD, BrokenRow, Link, Verified, check, head, kind_of, link

_INSERT: Final = "INSERT INTO audit (seq, wall, rule, body, prev, hash) VALUES (?, ?, ?, ?, ?, ?)"
_ALL: Final = "SELECT seq, wall, rule, body, prev, hash FROM audit ORDER BY seq"
_LAST_BEFORE: Final = "SELECT seq, wall, rule, body, prev, hash FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT 1"
_COLUMNS: Final = "seq, wall, rule, body, prev, hash"
_SEARCHED: Final = 20_000
BEYOND: Final = 2**62
"""Greater than any number of a row."""


def append(connection: sqlite3.Connection, rows: tuple[AuditRow, ...]) -> None:
    """Writes the rows in this order behind the last one."""
    if not rows:
        return
    seq, last = connection.execute("SELECT audit_seq, audit_hash FROM position").fetchone()
    for row in rows:
        seq += 1
        new = link(seq, row, prev=last)
        _insert(connection, new)
        last = new.hash
    connection.execute("UPDATE position SET audit_seq = ?, audit_hash = ?", (seq, last))


def prune(connection: sqlite3.Connection, *, before: int) -> int:
    """
    Removes rows older than that wall time from the old end and puts a head there; answers how many.

    It stops at the first row that is young enough: the clock may have been set back, and a chain has no holes.
    """
    young = connection.execute("SELECT seq FROM audit WHERE wall >= ? ORDER BY seq LIMIT 1", (before,)).fetchone()
    found = connection.execute(_LAST_BEFORE, young or (BEYOND,)).fetchone()
    if found is None or kind_of(Link(*found)) == HEAD:
        return 0
    last = Link(*found)
    oldest = Link(*connection.execute(_ALL).fetchone())
    deleted = connection.execute("DELETE FROM audit WHERE seq <= ?", (last.seq,)).rowcount
    # Numbers count from 1 without gaps, so the number of the last removed row is how many are gone altogether.
    _insert(connection, head(last, wall=before, removed=last.seq))
    return deleted - (kind_of(oldest) == HEAD)


def verify(connection: sqlite3.Connection) -> Verified | BrokenRow:
    """Checks the whole chain as it stood at one moment."""
    connection.execute("BEGIN")
    try:
        last_seq, last_hash = connection.execute("SELECT audit_seq, audit_hash FROM position").fetchone()
        rows = (Link(*row) for row in connection.execute(_ALL))
        return check(rows, last_seq=last_seq, last_hash=last_hash)
    finally:
        connection.execute("ROLLBACK")


def verify_end(connection: sqlite3.Connection, *, rows: int) -> tuple[Verified | BrokenRow, int, str]:
    """Checks so many rows at the end of the chain as it stood at one moment, and gives number and hash of the last, as they were written down beside it."""
    connection.execute("BEGIN")
    try:
        last_seq, last_hash = connection.execute("SELECT audit_seq, audit_hash FROM position").fetchone()
        end = [Link(*row) for row in connection.execute(f"{_ALL} DESC LIMIT ?", (rows,))][::-1]
    finally:
        connection.execute("ROLLBACK")
    begin, before = (end[0].seq - 1, end[0].prev) if end else (0, GENESIS)
    return check(end, last_seq=last_seq, last_hash=last_hash, begin=begin, before=before), last_seq, last_hash


def last(connection: sqlite3.Connection) -> tuple[int, str]:
    """Number and hash of the row that was written last; 0 and the hash of none in an empty log."""
    seq, digest = connection.execute("SELECT audit_seq, audit_hash FROM position").fetchone()
    return seq, digest


def newest(connection: sqlite3.Connection, asked: AuditAsked, *, limit: int, size: int) -> int:
    """The number before the first of the newest `limit` rows that fit; a number beyond all where none does."""
    first, before = BEYOND, BEYOND
    while limit and (rows := page_before(connection, asked, before=before, size=size)):
        before = rows[-1].seq
        for row in (row for row in rows if asked.fits(row)):
            first, limit = row.seq - 1, limit - 1
            if not limit:
                break
    return first


def page(connection: sqlite3.Connection, asked: AuditAsked, *, after: int, size: int) -> list[Link]:
    """At most `size` rows with numbers greater than `after`, oldest first: all that fit are among them, and others may be."""
    return _read(connection, asked, after + 1, BEYOND, f"ORDER BY seq LIMIT {size}")


def page_before(connection: sqlite3.Connection, asked: AuditAsked, *, before: int, size: int) -> list[Link]:
    """The same with numbers smaller than `before`, newest first."""
    return _read(connection, asked, 0, before - 1, f"ORDER BY seq DESC LIMIT {size}")


def answer_to(connection: sqlite3.Connection, told: str) -> tuple[str, str] | None:
    """Outcome and reason of the row that answers the command with that id, if it is among the newest."""
    newest = "SELECT body FROM audit WHERE seq > (SELECT audit_seq FROM position) - ? AND instr(body, ?) ORDER BY seq DESC LIMIT 1"
    row = connection.execute(newest, (_SEARCHED, f'"told":"{told}"')).fetchone()
    if row is None:
        return None
    body = msgspec.json.decode(row[0], type=_Answer)
    return body.outcome, body.reason


class _Answer(msgspec.Struct, frozen=True):
    outcome: str = ""
    reason: str = ""


def _insert(connection: sqlite3.Connection, row: Link) -> None:
    connection.execute(_INSERT, (row.seq, row.wall, row.rule, row.body, row.prev, row.hash))


def _read(connection: sqlite3.Connection, asked: AuditAsked, first: int, last: int, order: str) -> list[Link]:
    condition, values = asked.where
    # One bound on either side, and plain: SQLite begins at it only then, and not at an end of the table.
    first = first if asked.first is None else max(first, asked.first)
    last = last if asked.last is None else min(last, asked.last)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM audit WHERE seq BETWEEN ? AND ? AND {condition} {order}",  # noqa: S608  (of constants)
        (first, last, *values),
    )
    return [Link(*row) for row in rows.fetchall()]
