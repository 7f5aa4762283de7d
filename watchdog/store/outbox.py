"""
Messages to people on their way: written in the transaction of the event that caused them, gone through by the deliverer.

Messages of one thread go out in order: only the oldest that still waits (its head) is ever due. Delivery is at
least once; what ended is kept until it is pruned, so that "was anybody told?" has an answer.
"""

import logging
import sqlite3
from typing import Final

import msgspec
import orjson

from watchdog.model.notices import Notice
from watchdog.store.encoding import encode, whole

_log: Final = logging.getLogger(__name__)

LONGEST_WAIT: Final = 60 * 60 * 1000
"""No attempt is put off further than this (milliseconds). One that is was put off before the clock was set back, and is due."""
_AT_ONCE: Final = 8
_ERROR_WIDTH: Final = 300

# The head of a thread is the oldest of its messages that waits.
_DUE: Final = """SELECT id, attempts, written, notice FROM outbox
    WHERE id IN (SELECT min(id) FROM outbox WHERE receiver = ? AND ended IS NULL GROUP BY thread)
    AND (next_try <= ? OR next_try > ?) ORDER BY attempts, id LIMIT ?"""
_NEXT_DUE: Final = """SELECT min(next_try) FROM outbox
    WHERE id IN (SELECT min(id) FROM outbox WHERE receiver = ? AND ended IS NULL GROUP BY thread)"""
_COUNTS: Final = """SELECT receiver, sum(ended IS NULL), sum(outcome = 'delivered'), sum(outcome = 'given_up'),
    min(CASE WHEN ended IS NULL THEN written END) FROM outbox GROUP BY receiver ORDER BY receiver"""


class Outgoing(msgspec.Struct, frozen=True):
    """A message that is due. `attempts` failed so far; `written` (wall) is when it entered the outbox."""

    id: int
    receiver: str
    attempts: int
    written: int
    notice: Notice


class OutboxCounts(msgspec.Struct, frozen=True):
    """
    How one receiver stands. `oldest` (wall) is when the oldest that waits was written; `last_error` what became of the last
    failed attempt on a message that waits or was given up.
    """

    waiting: int
    delivered: int
    given_up: int
    oldest: int | None
    last_error: str


def add(connection: sqlite3.Connection, notices: tuple[tuple[str, Notice], ...], *, wall: int) -> None:
    """Puts each notice into the box of its receiver."""
    connection.executemany(
        "INSERT INTO outbox (receiver, thread, notice, written) VALUES (?, ?, ?, ?)",
        [(receiver, whole(notice.thread), encode(msgspec.to_builtins(notice)), wall) for receiver, notice in notices],
    )


def due(connection: sqlite3.Connection, receiver: str, *, now: int) -> list[Outgoing]:
    """
    The heads that may be tried now: at most one a thread, at most 8.

    Those that failed least come first, so that news does not wait behind old trouble.
    """
    found = []
    for id_, attempts, written, data in connection.execute(_DUE, (receiver, now, now + LONGEST_WAIT, _AT_ONCE)).fetchall():
        try:
            notice = msgspec.convert(orjson.loads(data), Notice)
        except (orjson.JSONDecodeError, msgspec.ValidationError):
            # Written by another version, perhaps. It would stand in the way of its thread for ever.
            _log.error("Message %d to %s can't be read any more and is given up", id_, receiver)
            end(connection, id_, receiver, outcome="given_up", wall=now, error="it can't be read any more")
        else:
            found.append(Outgoing(id_, receiver, attempts, written, notice))
    return found


def next_due(connection: sqlite3.Connection, receiver: str) -> int | None:
    """The wall time at which the next head may be tried (0: at once); None if nothing waits."""
    found: int | None = connection.execute(_NEXT_DUE, (receiver,)).fetchone()[0]
    return found


def fail(connection: sqlite3.Connection, id_: int, receiver: str, *, error: str, next_try: int) -> None:
    """One more attempt failed; it is due again at `next_try`."""
    connection.execute(
        "UPDATE outbox SET attempts = attempts + 1, error = ?, next_try = ? WHERE id = ? AND receiver = ? AND ended IS NULL",
        (whole(error)[:_ERROR_WIDTH], next_try, id_, receiver),
    )


def end(connection: sqlite3.Connection, id_: int, receiver: str, *, outcome: str, wall: int, error: str = "") -> None:
    """It was `delivered`, or `given_up` because of `error`; the next of its thread becomes the head."""
    connection.execute(
        "UPDATE outbox SET attempts = attempts + 1, error = ?, outcome = ?, ended = ? WHERE id = ? AND receiver = ? AND ended IS NULL",
        (whole(error)[:_ERROR_WIDTH], outcome, wall, id_, receiver),
    )


def counts(connection: sqlite3.Connection) -> dict[str, OutboxCounts]:
    """Receiver → how it stands, for every receiver that ever had a message which is still kept."""
    rows = connection.execute(_COUNTS).fetchall()
    return {
        receiver: OutboxCounts(waiting, delivered, given_up, oldest, _last_error(connection, receiver))
        for receiver, waiting, delivered, given_up, oldest in rows
    }


def prune(connection: sqlite3.Connection, *, before: int) -> None:
    """Forgets what ended before that wall time; what waits stays, however old."""
    connection.execute("DELETE FROM outbox WHERE ended < ?", (before,))


def _last_error(connection: sqlite3.Connection, receiver: str) -> str:
    row = connection.execute("SELECT error FROM outbox WHERE receiver = ? AND error != '' ORDER BY id DESC LIMIT 1", (receiver,)).fetchone()
    return row[0] if row else ""
