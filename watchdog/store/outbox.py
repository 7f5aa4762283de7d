"""
Messages to people on their way: written in the transaction of the event that caused them, gone through by the deliverer.

The rows themselves; how a group of them stands with its receiver is in `cards.py`. What ended is kept until it is pruned, so that "was anybody told?" has an answer. What waits is
bounded: of what a receiver has no room for, the middle of each story goes first, then what is over.
"""

import logging
import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from watchdog.model.notices import Notice, NoticeKind
from watchdog.store.encoding import encode, whole

_log: Final = logging.getLogger(__name__)

ROOM: Final = 10_000
"""So many messages to one receiver may wait."""
ROOM_MADE: Final = 7_500
"""So many wait at most once there was no room: making some for each new message would cost too much."""

# What stands in a dispatch that is on its way stays, whatever happens: it may have arrived.
_FREE: Final = """receiver = :receiver AND ended IS NULL
    AND id > coalesce((SELECT upto FROM cards WHERE cards.receiver = outbox.receiver AND cards.grp = outbox.grp AND dispatch != ''), 0)"""
_HEADS: Final = "SELECT min(id) FROM outbox WHERE receiver = :receiver AND ended IS NULL GROUP BY thread"
_TAILS: Final = "SELECT max(id) FROM outbox WHERE receiver = :receiver AND ended IS NULL GROUP BY thread"
_OF_KIND: Final = "SELECT thread FROM outbox WHERE receiver = :receiver AND ended IS NULL AND kind ="
_UNTOLD: Final = (
    f"{_FREE} AND id NOT IN ({_HEADS}) AND id NOT IN ({_TAILS})",
    # Begun and over, and nobody has heard of either. An end alone is kept: its beginning stands somewhere as if it went on.
    f"{_FREE} AND thread IN ({_OF_KIND} '{NoticeKind.FIRING}') AND thread IN ({_OF_KIND} '{NoticeKind.RESOLVED}')",
    f"{_FREE} AND id NOT IN ({_TAILS})",
    _FREE,
)
"""What goes first, and what after it, where there is no room."""


_COUNTED: Final = {
    "given_up": (
        "UPDATE cards SET missed = missed + ? WHERE receiver = ? AND grp = ?",
        "UPDATE receivers SET given_up = given_up + ? WHERE receiver = ?",
    ),
    "left_out": (
        "UPDATE cards SET left_out = left_out + ? WHERE receiver = ? AND grp = ?",
        "UPDATE receivers SET left_out = left_out + ? WHERE receiver = ?",
    ),
}


class Outgoing(msgspec.Struct, frozen=True):
    """A message that waits; `written` (wall) is when it entered the outbox."""

    id: int
    written: int
    notice: Notice


class Handed(msgspec.Struct, frozen=True):
    """
    A notice for one receiver; `not_before` (wall) is when he may hear of it at the earliest, 0 at once.

    What waits of its thread in the group `takes` comes along into its own, whoever's it is.
    """

    receiver: str
    notice: Notice
    not_before: int = 0
    takes: str = ""


def add(connection: sqlite3.Connection, notices: Sequence[Handed], *, wall: int) -> None:
    """Puts each notice into the box of its receiver, and makes room where there is none."""
    for handed in notices:
        receiver, notice = handed.receiver, handed.notice
        group = _home(connection, receiver, whole(notice.group or notice.thread))
        # A test is asked for by somebody who waits for it.
        ready = 0 if notice.kind is NoticeKind.TEST else max(wall, handed.not_before)
        connection.execute(
            "INSERT INTO outbox (receiver, thread, grp, kind, notice, written, ready) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (receiver, whole(notice.thread), group, notice.kind.value, encode(msgspec.to_builtins(notice)), wall, ready),
        )
        connection.execute(
            """INSERT INTO cards (receiver, grp, waiting, ready, held) VALUES (?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET
            ready = CASE WHEN waiting THEN min(ready, excluded.ready) ELSE excluded.ready END,
            held = CASE WHEN waiting THEN min(held, excluded.held) ELSE excluded.held END, waiting = waiting + 1, ended = NULL""",
            (receiver, group, ready, ready > wall),
        )
        if handed.takes:
            _take_along(connection, notice, handed.takes, wall=wall)
    for receiver in dict.fromkeys(handed.receiver for handed in notices):
        connection.execute("INSERT INTO receivers (receiver) VALUES (?) ON CONFLICT DO NOTHING", (receiver,))
        if (waiting := _waiting(connection, receiver)) > ROOM:
            _make_room(connection, receiver, waiting, wall=wall)


def page(connection: sqlite3.Connection, receiver: str, group: str, *, after: int, upto: int, limit: int, now: int) -> list[Outgoing]:
    """The messages of the group that wait, with numbers above `after` and up to `upto`, the oldest first."""
    rows = connection.execute(
        "SELECT id, written, notice FROM outbox WHERE receiver = ? AND grp = ? AND ended IS NULL AND id > ? AND id <= ? ORDER BY id LIMIT ?",
        (receiver, group, after, upto, limit),
    ).fetchall()
    found = []
    for id_, written, data in rows:
        try:
            notice = msgspec.json.decode(data, type=Notice)
        except msgspec.DecodeError:
            # Written by another version, perhaps. It would stand in the way of its group for ever.
            _log.error("Message %d to %s can't be read any more and is given up", id_, receiver)
            end(connection, receiver, [id_], outcome="given_up", wall=now, error="it can't be read any more")
        else:
            found.append(Outgoing(id_, written, notice))
    if rows and not found:
        return page(connection, receiver, group, after=rows[-1][0], upto=upto, limit=limit, now=now)
    return found


def end(connection: sqlite3.Connection, receiver: str, ids: Sequence[int], *, outcome: str, wall: int, error: str = "") -> None:
    """These ended untold, `given_up` or `left_out`; their groups count them as missed or left out."""
    groups: dict[str, int] = {}
    for id_ in ids:
        row = connection.execute(
            "UPDATE outbox SET outcome = ?, error = ?, ended = ? WHERE id = ? AND receiver = ? AND ended IS NULL RETURNING grp",
            (outcome, error, wall, id_, receiver),
        ).fetchone()
        if row is not None:
            groups[row[0]] = groups.get(row[0], 0) + 1
    of_cards, of_receivers = _COUNTED[outcome]
    for group, number in groups.items():
        connection.execute(of_cards, (number, receiver, group))
        recount(connection, receiver, group)
    connection.execute(of_receivers, (sum(groups.values()), receiver))


def recount(connection: sqlite3.Connection, receiver: str, group: str) -> None:
    """How many messages of the group wait, and when the first may go, as the rows say."""
    connection.execute(
        """UPDATE cards SET (waiting, ready, held) = (SELECT count(*), coalesce(min(outbox.ready), 0), coalesce(min(outbox.ready > written), 0) FROM outbox
        WHERE outbox.receiver = cards.receiver AND outbox.grp = cards.grp AND outbox.ended IS NULL) WHERE receiver = ? AND grp = ?""",
        (receiver, group),
    )


def prune(connection: sqlite3.Connection, *, before: int) -> None:
    """Forgets what ended before that wall time; what waits stays, however old."""
    connection.execute("DELETE FROM outbox WHERE ended < ?", (before,))


def _take_along(connection: sqlite3.Connection, notice: Notice, group: str, *, wall: int) -> None:
    """What waits of the notice's story in that group is told in the notice's own, and before it, as it was written before. What is on its way is left there."""
    thread = whole(notice.thread)
    waits = "thread = :thread AND grp = :group AND ended IS NULL"
    found = connection.execute(f"SELECT DISTINCT receiver FROM outbox WHERE {waits}", {"thread": thread, "group": group}).fetchall()  # noqa: S608  (of constants)
    for (receiver,) in found:
        into = _home(connection, receiver, whole(notice.group))
        connection.execute("INSERT INTO cards (receiver, grp) VALUES (?, ?) ON CONFLICT DO NOTHING", (receiver, into))
        connection.execute(
            f"UPDATE outbox SET grp = :into WHERE {_FREE} AND {waits}",  # noqa: S608  (of constants)
            {"into": into, "receiver": receiver, "thread": thread, "group": group},
        )
        recount(connection, receiver, into)
        recount(connection, receiver, group)
        # Of what nobody was shown and nothing waits in there is nothing left.
        connection.execute(
            "UPDATE cards SET ended = ? WHERE receiver = ? AND grp = ? AND waiting = 0 AND card IS NULL", (wall, receiver, group)
        )


def _home(connection: sqlite3.Connection, receiver: str, group: str) -> str:
    row = connection.execute("SELECT home FROM cards WHERE receiver = ? AND grp = ?", (receiver, group)).fetchone()
    return (row[0] or group) if row else group


def _waiting(connection: sqlite3.Connection, receiver: str) -> int:
    found: int = connection.execute("SELECT count(*) FROM outbox WHERE receiver = ? AND ended IS NULL", (receiver,)).fetchone()[0]
    return found


def _make_room(connection: sqlite3.Connection, receiver: str, waiting: int, *, wall: int) -> None:
    dropped = 0
    for which in _UNTOLD:
        if (surplus := waiting - dropped - ROOM_MADE) <= 0:
            break
        statement = f"SELECT id FROM outbox WHERE {which} ORDER BY id LIMIT :surplus"  # noqa: S608  (of constants)
        ids = [id_ for (id_,) in connection.execute(statement, {"receiver": receiver, "surplus": surplus}).fetchall()]
        end(connection, receiver, ids, outcome="left_out", wall=wall, error="there was no room for it")
        dropped += len(ids)
    (full,) = connection.execute("SELECT full FROM receivers WHERE receiver = ?", (receiver,)).fetchone()
    if full is None:
        connection.execute("UPDATE receivers SET full = ? WHERE receiver = ?", (wall, receiver))
        _log.error("%d messages wait for receiver %s, more than there is room for: %d are left out", waiting, receiver, dropped)
