"""What has become of one thing that receivers were to be told: for whoever waits for it."""

import sqlite3
from typing import Final

import msgspec

_OF_THREAD: Final = """SELECT outbox.receiver, written, outcome, answer, coalesce(nullif(outbox.error, ''), cards.error, ''), coalesce(cards.attempts, 0), outbox.ended
    FROM outbox LEFT JOIN cards ON cards.receiver = outbox.receiver AND cards.grp = outbox.grp WHERE outbox.thread = ? ORDER BY outbox.id"""


class Arrival(msgspec.Struct, frozen=True):
    """
    One message to one receiver: `written` and `ended` (None while it waits) are wall milliseconds, `outcome` is `delivered`, `given_up` or `left_out`.

    `answer` is what its server said, `error` why the last of the `attempts` that failed did.
    """

    receiver: str
    written: int
    outcome: str
    answer: str
    error: str
    attempts: int
    ended: int | None


def arrivals(connection: sqlite3.Connection, thread: str) -> list[Arrival]:
    """All messages of that thread, in the order in which they were written."""
    return [Arrival(*row) for row in connection.execute(_OF_THREAD, (thread,)).fetchall()]
