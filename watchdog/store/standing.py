"""How receivers stand: what waits for each, what each was told and was not, and since when one can't be told anything."""

import sqlite3
from typing import Final

import msgspec

_COUNTS: Final = """SELECT receiver, coalesce(waiting, 0), delivered, given_up, oldest, left_out, dispatches, again, failures, failing, next_try, full, held,
    coalesce((SELECT error FROM cards WHERE cards.receiver = receivers.receiver AND error != '' ORDER BY failed DESC LIMIT 1),
        (SELECT error FROM outbox WHERE outbox.receiver = receivers.receiver AND outcome = 'given_up' ORDER BY id DESC LIMIT 1))
    FROM receivers LEFT JOIN (
        SELECT receiver AS whose, count(*) AS waiting, min(id) AS first, CASE WHEN min(ready) > min(written) THEN min(ready) END AS held FROM outbox WHERE ended IS NULL GROUP BY receiver
    ) ON whose = receiver LEFT JOIN (SELECT id, written AS oldest FROM outbox) ON id = first ORDER BY receiver"""


class OutboxCounts(msgspec.Struct, frozen=True):
    """
    How one receiver stands.

    Messages that are `waiting`, and were `delivered`, `given_up` after days, or `left_out` because too many waited, which is so since `full`; in how many `dispatches`, of which so many were sent `again` though nobody knew
    whether they had arrived, and they can be seen twice. `oldest` (wall) is when the oldest that waits was written; `last_error` what became of the last failed attempt on one that waits or was given up. After `failures` in a row, the first at
    `failing`, the receiver is left alone until `next_try`. None of those that wait may be told before `held`, where there is such a time, as there is in quiet hours.
    """

    waiting: int
    delivered: int
    given_up: int
    oldest: int | None
    last_error: str
    left_out: int = 0
    dispatches: int = 0
    again: int = 0
    failures: int = 0
    failing: int | None = None
    next_try: int = 0
    full: int | None = None
    held: int | None = None


def counts(connection: sqlite3.Connection) -> dict[str, OutboxCounts]:
    """Receiver → how it stands, for every receiver that ever had a message."""
    return {
        receiver: OutboxCounts(
            waiting, delivered, given_up, oldest, error or "", left_out, dispatches, again, failures, failing, next_try, full, held
        )
        for receiver, waiting, delivered, given_up, oldest, left_out, dispatches, again, failures, failing, next_try, full, held, error in (
            connection.execute(_COUNTS).fetchall()
        )
    }


def noted(connection: sqlite3.Connection, receiver: str, name: str) -> str:
    """What was put away for that receiver under the name; empty if nothing was."""
    row = connection.execute("SELECT value FROM noted WHERE receiver = ? AND name = ?", (receiver, name)).fetchone()
    return row[0] if row else ""


def note(connection: sqlite3.Connection, receiver: str, name: str, value: str) -> None:
    """Puts it away."""
    connection.execute("INSERT OR REPLACE INTO noted VALUES (?, ?, ?)", (receiver, name, value))
