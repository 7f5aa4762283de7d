"""
Evidence: what was seen of a process before it was touched, by incident and process.

The data is compressed, and may hold what a job wrote into its log: it is never listed, and leaves this table only by `of`. All of it together has a bound, beyond which what was
taken first goes first.
"""

import sqlite3
import zlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import orjson

from watchdog.model.evidence import Piece, Suspect
from watchdog.store.encoding import encode, whole
from watchdog.store.failures import StoreError

MOST: Final = 64 * 1024 * 1024
"""Compressed bytes of everything that is kept."""
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of one, before it is compressed; who collects keeps well below it."""
_QUICK: Final = 1  # of zlib's levels: the thread that writes has other things to do


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """
    What may be shown of it to everybody.

    `process` is the identity, `target` its lasting name. `taken` and `until` (when it goes) are UTC milliseconds; the rest is as in `EvidenceCollected`.
    """

    incident: str
    process: str
    target: str
    taken: int
    until: int
    pieces: tuple[Piece, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    note: str = ""


def keep(connection: sqlite3.Connection, summary: Summary, bodies: Mapping[str, Any], *, most: int = MOST) -> None:
    """Write it in place of what was kept of that process under that incident. Raises `StoreError` where it is too large."""
    data = encode(dict(bodies))
    if len(data) > LARGEST:
        raise StoreError(f"the evidence is too large to be kept: {len(data)} bytes")
    connection.execute(
        "INSERT OR REPLACE INTO evidence VALUES (?, ?, ?, ?, ?, ?)",
        (
            whole(summary.incident), whole(summary.process), summary.taken, summary.until, encode(msgspec.to_builtins(summary)),
            zlib.compress(data, _QUICK),
        ),
    )  # fmt: skip
    sizes = connection.execute("SELECT rowid, length(body) FROM evidence ORDER BY taken, rowid").fetchall()
    total = sum(size for _, size in sizes)
    for row, size in sizes[:-1]:
        if total <= most:
            break
        connection.execute("DELETE FROM evidence WHERE rowid = ?", (row,))
        total -= size


def summaries(connection: sqlite3.Connection) -> list[Summary]:
    """What is kept, the oldest first."""
    return [summary_of(data) for (data,) in connection.execute("SELECT summary FROM evidence ORDER BY taken, rowid")]


def of(connection: sqlite3.Connection, incident: str) -> list[tuple[Summary, dict[str, Any]]]:
    """What is kept under an incident, and the data by kind."""
    rows = connection.execute("SELECT summary, body FROM evidence WHERE incident = ? ORDER BY taken, rowid", (incident,))
    return [(summary_of(summary), _body(body)) for summary, body in rows]


def expire(connection: sqlite3.Connection, *, wall: int) -> int:
    """Remove what is kept until that wall time or less; how many."""
    return connection.execute("DELETE FROM evidence WHERE until <= ?", (wall,)).rowcount


def summary_of(data: bytes) -> Summary:
    """From the bytes of its row. Raises `StoreError`."""
    try:
        return msgspec.convert(orjson.loads(data), Summary)
    except (orjson.JSONDecodeError, msgspec.ValidationError) as error:
        raise StoreError(f"an entry of the evidence can't be read any more: {type(error).__name__}") from error


def _body(data: bytes) -> dict[str, Any]:
    try:
        body: dict[str, Any] = orjson.loads(zlib.decompress(data))
    except (orjson.JSONDecodeError, zlib.error) as error:
        raise StoreError(f"the evidence of an incident can't be read any more: {type(error).__name__}") from error
    return body
