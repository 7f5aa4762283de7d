"""
Whatever was written down about one incident, found among a million rows: for whoever tells its story.

The audit log has no index but its numbers (each would cost every event), and what is asked for lies close together in it: so the place is found by halving, and a stretch around it is read. Where the clock was set back meanwhile
that can miss it; then the whole log is searched, for as long as a reader would wait.
"""

import sqlite3
import time
from typing import Any, Final

import msgspec
import orjson

from watchdog.model.records import IncidentRow
from watchdog.store import audit
from watchdog.store.chain import Link
from watchdog.store.encoding import encode, whole
from watchdog.store.evidence import Summary, summary_of
from watchdog.store.failures import StoreError
from watchdog.store.schema import WITH_EVIDENCE, version_of

STRETCH: Final = 100_000
"""So many rows before and after are looked at."""
SEARCHED: Final = 100_000
"""So many rows, the newest, are searched for an alert."""
MARGIN: Final = 2_000
"""So many rows more on either side, for what was written by a clock that was set."""
MOST: Final = 5_000
"""So many rows of one incident are read; of one that has more, the last."""
_SEARCH_S: Final = 2.0
_COLUMNS: Final = "seq, wall, rule, body, prev, hash"


class Message(msgspec.Struct, frozen=True):
    """A message of a thread to one receiver. Times are wall milliseconds; `ended` is None while it waits, `outcome` as in `outbox.py`; `notice` is what he was told, as plain data."""

    receiver: str
    written: int
    outcome: str
    ended: int | None
    error: str
    notice: dict[str, Any]


def incident_row(connection: sqlite3.Connection, id_: str) -> IncidentRow | None:
    """The incident as it stands; None if there is none of that id."""
    row = connection.execute("SELECT body FROM incidents WHERE id = ?", (whole(id_),)).fetchone()
    return None if row is None else read_incident(row[0])


def read_incident(body: bytes) -> IncidentRow:
    """From the bytes of its row. Raises `StoreError`."""
    try:
        return msgspec.convert(orjson.loads(body), IncidentRow)
    except (orjson.JSONDecodeError, msgspec.ValidationError) as error:
        raise StoreError(f"an incident in the database can't be read any more: {type(error).__name__}") from error


def place_of(connection: sqlite3.Connection, wall: int) -> int:
    """The number of the first row that was written then or later, one more than the last where there is none; by a clock that was never set back."""
    # Asked for together they would be looked for in all rows.
    low, high = connection.execute(
        "SELECT coalesce((SELECT min(seq) FROM audit), 1), coalesce((SELECT max(seq) FROM audit), 0) + 1"
    ).fetchone()
    while low < high:
        middle = (low + high) // 2
        (there,) = connection.execute("SELECT wall FROM audit WHERE seq >= ? ORDER BY seq LIMIT 1", (middle,)).fetchone()
        low, high = (middle + 1, high) if there < wall else (low, middle)
    found: int = low
    return found


def of_incident(connection: sqlite3.Connection, incident: IncidentRow) -> list[Link]:
    """Its own rows, in their order."""
    return _with_id(connection, incident.id, *stretch_of(connection, incident)) or _anywhere(connection, incident.id)


def stretch_of(connection: sqlite3.Connection, incident: IncidentRow) -> tuple[int, int | None]:
    """The numbers between which its rows should lie, both included; the second is None while it goes on."""
    last = None if incident.closed is None else place_of(connection, incident.closed + 1) + MARGIN
    return place_of(connection, incident.opened) - MARGIN, last


def of_rule(connection: sqlite3.Connection, rule: str, *, first: int, last: int) -> list[Link]:
    """The rows of that rule with numbers from `first` to `last`, in their order; at most `MOST`, the last of them."""
    statement = f"SELECT {_COLUMNS} FROM audit WHERE seq BETWEEN ? AND ? AND rule = ? ORDER BY seq DESC LIMIT ?"  # noqa: S608  (of constants)
    return [Link(*row) for row in reversed(connection.execute(statement, (first, last, whole(rule), MOST)).fetchall())]


def row_of(connection: sqlite3.Connection, seq: int) -> Link | None:
    """The row with that number."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM audit WHERE seq = ?", (seq,)).fetchone()  # noqa: S608  (of constants)
    return None if row is None else Link(*row)


def of_thread(connection: sqlite3.Connection, thread: str) -> Link | None:
    """The row that says that the alert fires of which people are told in that thread, among the newest."""
    words = encode({"thread": thread})[1:-1].decode()
    statement = f"SELECT {_COLUMNS} FROM audit WHERE seq > ? AND instr(body, ?) ORDER BY seq DESC LIMIT 1"  # noqa: S608  (of constants)
    row = connection.execute(statement, (audit.last(connection)[0] - SEARCHED, words)).fetchone()
    return None if row is None else Link(*row)


def messages(connection: sqlite3.Connection, *, thread: str, rule: str, first: int, last: int) -> list[Message]:
    """
    What people were told in that thread, in the order in which it was written.

    Where it is not known (empty): in every thread in which that rule was told of between the wall times `first` and `last`.
    """
    which, values = (
        ("thread = ?", (whole(thread),))
        if thread
        else ("written BETWEEN ? AND ? AND instr(notice, ?)", (first, last, encode({"rule": rule})[1:-1].decode()))
    )
    statement = f"SELECT receiver, written, outcome, ended, error, notice FROM outbox WHERE {which} ORDER BY id LIMIT {MOST}"  # noqa: S608  (of constants)
    return [
        Message(receiver, written, outcome, ended, error, _plain(notice))
        for receiver, written, outcome, ended, error, notice in connection.execute(statement, values).fetchall()
    ]


def kept_of(connection: sqlite3.Connection, incident: str) -> list[Summary]:
    """What is kept of which process under that incident, the oldest first, without the data; nothing where an earlier version has written."""
    if version_of(connection) < WITH_EVIDENCE:
        return []
    rows = connection.execute("SELECT summary FROM evidence WHERE incident = ? ORDER BY taken, rowid", (whole(incident),)).fetchall()
    return [summary_of(data) for (data,) in rows]


def _plain(notice: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(notice)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _with_id(connection: sqlite3.Connection, id_: str, first: int, last: int | None) -> list[Link]:
    statement = f"SELECT {_COLUMNS} FROM audit WHERE seq BETWEEN ? AND ? AND instr(body, ?) ORDER BY seq DESC LIMIT ?"  # noqa: S608  (of constants)
    words = encode({"incident": id_})[1:-1].decode()
    return [
        Link(*row)
        for row in reversed(connection.execute(statement, (first, audit.BEYOND if last is None else last, words, MOST)).fetchall())
    ]


def _anywhere(connection: sqlite3.Connection, id_: str) -> list[Link]:
    """In the whole log, unless that takes too long; then none."""
    end = time.monotonic() + _SEARCH_S
    connection.set_progress_handler(lambda: int(time.monotonic() > end), 10_000)
    try:
        return _with_id(connection, id_, 0, None)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname != "SQLITE_INTERRUPT":
            raise
        return []
    finally:
        connection.set_progress_handler(None, 0)
