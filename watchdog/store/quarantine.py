"""
Jobs in quarantine, in the database: the one table that holds what jobs were told to do.

Their bytes are compressed, leave it only by `payload_of`, and are gone with the entry's end. What became of an entry is kept beside them until it is
pruned. Each change of state is made only from the state before: of two who want the same one, one gets it.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import orjson

from watchdog.model.quarantine import Kept, Quarantined
from watchdog.store.encoding import encode
from watchdog.store.failures import StoreError

_QUICK: Final = 1  # of zlib's levels: the thread that writes has other things to do
_SELECT: Final = "SELECT id, state, ended, body FROM quarantine"
OPEN: Final = (Kept.TAKING, Kept.RELEASING, Kept.DROPPING)
"""States in which Redis has been asked, or was about to be."""


class Entry(msgspec.Struct, frozen=True):
    """An entry by its number. `ended` (UTC milliseconds) is when it left the quarantine."""

    id: int
    state: Kept
    job: Quarantined
    ended: int | None = None


def begin(connection: sqlite3.Connection, jobs: Iterable[tuple[Quarantined, bytes]]) -> list[tuple[int, bool]]:
    """Writes entries in the state `TAKING`, each with the bytes of its job; their numbers, and whether they are new: one whose token is known is left as it is."""
    return [_begin(connection, job, payload) for job, payload in jobs]


def _begin(connection: sqlite3.Connection, job: Quarantined, payload: bytes) -> tuple[int, bool]:
    body = encode(msgspec.to_builtins(job))
    new = connection.execute(
        "INSERT INTO quarantine (token, state, until, body, payload) VALUES (?, ?, ?, ?, ?) ON CONFLICT (token) DO NOTHING",
        (job.token, Kept.TAKING, job.until, body, zlib.compress(payload, _QUICK)),
    ).rowcount
    return connection.execute("SELECT id FROM quarantine WHERE token = ?", (job.token,)).fetchone()[0], new > 0


def move(connection: sqlite3.Connection, ids: Sequence[int], *, before: Kept, after: Kept, wall: int) -> list[int]:
    """Those of these entries that were in the one state are in the other; which. At an end the bytes go."""
    moved = [
        id_
        for id_ in ids
        if connection.execute("UPDATE quarantine SET state = ? WHERE id = ? AND state = ?", (after, id_, before)).rowcount
    ]
    if after in (Kept.RELEASED, Kept.DROPPED):
        connection.executemany("UPDATE quarantine SET payload = NULL, ended = ? WHERE id = ?", [(wall, id_) for id_ in moved])
    return moved


def describe(connection: sqlite3.Connection, id_: int, job: Quarantined) -> None:
    """Writes down what has been learned of an entry."""
    connection.execute("UPDATE quarantine SET body = ? WHERE id = ?", (encode(msgspec.to_builtins(job)), id_))


def forget(connection: sqlite3.Connection, id_: int) -> bool:
    """Removes the entry of a job that was not there to be taken; False if it is no such entry (any more)."""
    return connection.execute("DELETE FROM quarantine WHERE id = ? AND state = ?", (id_, Kept.TAKING)).rowcount > 0


def entries(connection: sqlite3.Connection, states: Sequence[Kept] = tuple(Kept)) -> list[Entry]:
    """Entries in these states, oldest first."""
    places = ", ".join("?" * len(states))
    return [_entry(row) for row in connection.execute(f"{_SELECT} WHERE state IN ({places}) ORDER BY id", tuple(states)).fetchall()]


def count(connection: sqlite3.Connection) -> int:
    """How many jobs are kept."""
    found: int = connection.execute("SELECT count(*) FROM quarantine WHERE state = ?", (Kept.KEPT,)).fetchone()[0]
    return found


def entry(connection: sqlite3.Connection, id_: int) -> Entry | None:
    """The entry with that number."""
    row = connection.execute(f"{_SELECT} WHERE id = ?", (id_,)).fetchone()
    return None if row is None else _entry(row)


def ordered(connection: sqlite3.Connection, order: str) -> list[Entry]:
    """Entries whose token begins with that order and a '-', oldest first."""
    between = (f"{order}-", f"{order}.")  # the character that follows '-' is '.'
    return [_entry(row) for row in connection.execute(f"{_SELECT} WHERE token >= ? AND token < ? ORDER BY id", between).fetchall()]


def payload_of(connection: sqlite3.Connection, id_: int) -> bytes | None:
    """The exact bytes of the job; None if they are here no longer."""
    row = connection.execute("SELECT payload FROM quarantine WHERE id = ?", (id_,)).fetchone()
    if row is None or row[0] is None:
        return None
    try:
        return zlib.decompress(row[0])
    except zlib.error:
        raise StoreError(f"the job of entry {id_} of the quarantine can't be read any more") from None


def expire(connection: sqlite3.Connection, *, wall: int) -> list[Entry]:
    """Deletes the bytes of jobs whose time is over; what they were is still told."""
    due = [_entry(row) for row in connection.execute(f"{_SELECT} WHERE state = ? AND until <= ? ORDER BY id", (Kept.KEPT, wall)).fetchall()]
    move(connection, [one.id for one in due], before=Kept.KEPT, after=Kept.DROPPED, wall=wall)
    return due


def prune(connection: sqlite3.Connection, *, before: int) -> None:
    """Forgets what left the quarantine before that wall time."""
    connection.execute("DELETE FROM quarantine WHERE ended < ?", (before,))


def _entry(row: tuple[int, str, int | None, bytes]) -> Entry:
    id_, state, ended, body = row
    try:
        return Entry(id_, Kept(state), msgspec.convert(orjson.loads(body), Quarantined), ended)
    except (orjson.JSONDecodeError, msgspec.ValidationError, ValueError) as error:
        raise StoreError(f"entry {id_} of the quarantine can't be read any more: {type(error).__name__}") from error
