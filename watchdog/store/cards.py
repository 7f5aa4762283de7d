"""
How each group of messages stands with a receiver: what he was shown last, and what is on its way to him.

The counterpart of `outbox.py`, which holds the messages. A dispatch is put together once and stands here, whole, until it is known what came of it: whoever goes on after a restart sends the very same.
Times are wall milliseconds. A time further ahead than anything is ever put off was written before the clock was set back, and is past.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from watchdog.store.encoding import whole
from watchdog.store.outbox import recount

LONGEST_WAIT: Final = 60 * 60 * 1000
"""No attempt is put off further than this (milliseconds)."""
LONGEST_HELD: Final = 8 * 24 * 60 * 60 * 1000
"""No message is held back for longer than this (milliseconds): a weekend that begins with a holiday."""
AT_ONCE: Final = 1_000
"""So many groups are looked at together."""
_ERROR_WIDTH: Final = 300

_MAY_GO: Final = "(ready + :wait <= :now OR ready > CASE WHEN held THEN :now + :longest_held ELSE :now END OR ready = 0)"
_PAUSE: Final = "CASE WHEN crowded THEN :crowded ELSE :interval END"
_DUE: Final = f"""waiting > 0 AND {_MAY_GO}
    AND (shown + {_PAUSE} <= :now OR shown > :now OR ready = 0) AND (next_try <= :now OR next_try > :now + :longest)"""
_MOMENT: Final = f"max(CASE WHEN ready THEN max(ready + :wait, shown + {_PAUSE}) ELSE 0 END, next_try)"


_KIND: Final = """(SELECT kind FROM outbox WHERE outbox.receiver = cards.receiver AND outbox.grp = cards.grp AND outbox.ended IS NULL
    ORDER BY id LIMIT 1)"""
_ORDER: Final = f"ORDER BY attempts, ready, shown, rowid LIMIT {AT_ONCE}"
_LOOK: Final = f"SELECT grp, waiting, attempts, card IS NULL, {_KIND} FROM cards WHERE receiver = :receiver AND {_DUE} {_ORDER}"  # noqa: S608  (of constants)
_NEXT: Final = f"SELECT min({_MOMENT}) FROM cards WHERE receiver = :receiver AND waiting > 0"  # noqa: S608  (of constants)
_NEW: Final = f"""SELECT grp, waiting, {_KIND} FROM cards WHERE receiver = :receiver AND waiting > 0 AND card IS NULL AND dispatch = '' AND NOT held AND NOT refused
    LIMIT {AT_ONCE}"""  # noqa: S608  (of constants)
_OPEN: Final = "receiver = :receiver AND waiting = 0 AND ended IS NULL AND shown > 0"
_AGAIN: Final = f"""SELECT grp, 0, attempts, 0, '' FROM cards WHERE {_OPEN} AND (shown + :repeat <= :now OR shown < :began OR shown > :now)
    AND (next_try <= :now OR next_try > :now + :longest) {_ORDER}"""  # noqa: S608  (of constants)
_NEXT_AGAIN: Final = f"SELECT min(max(shown + :repeat, next_try)) FROM cards WHERE {_OPEN}"  # noqa: S608  (of constants)


class Terms(msgspec.Struct, frozen=True):
    """
    How soon a receiver is told, in milliseconds: `wait` after the first message of a group, `interval` after what the group was shown last, `crowded` where that was more than could be told one by one. A group that goes on is shown again after `repeat`, with nothing new, and
    where it was not shown since `began` (wall).
    """

    wait: int = 0
    interval: int = 0
    crowded: int = 0
    repeat: int | None = None
    began: int = 0


class Group(msgspec.Struct, frozen=True):
    """
    A group that is due. `is_new` says that the receiver was never shown any of it; without anything `waiting` it is only shown again.

    `attempts` failed so far on what waits now, the oldest of which tells of `kind`.
    """

    name: str
    waiting: int
    attempts: int
    is_new: bool
    kind: str = ""


class Look(msgspec.Struct, frozen=True):
    """
    What there is to do for one receiver: the groups that are due, those that failed least first, and when the next one is (None: nothing waits).

    The circuit: `failures` in a row, and the time until which the receiver is left alone (0: it is not); nothing is due until then.
    """

    due: tuple[Group, ...]
    next: int | None
    failures: int
    alone_until: int


class Prepared(msgspec.Struct, frozen=True):
    """The dispatch of a group that is on its way: `id`, `body` as it was handed in, all messages up to `upto` in it."""

    id: str
    body: bytes
    upto: int


class Shown(msgspec.Struct, frozen=True):
    """
    A group as it stands with its receiver: the card that he was shown last (None: never any), what he remembers of it, how many messages ended untold since; and the dispatch that is on its way.

    `upto` is the newest message that may go now, `oldest` when the oldest that waits was written.
    """

    card: bytes | None
    posted: dict[str, str]
    missed: int
    left_out: int
    upto: int
    oldest: int
    prepared: Prepared | None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """
    What came of an attempt that failed: the group is due again at `next_try`, the receiver left alone until `alone_until`.

    `untouched` says that by this attempt nothing has arrived: if by none before either, the dispatch is taken apart. `refused` says that a person has to mend it. It `counts` for the receiver, unless it is about this group alone.
    """

    error: str
    wall: int
    next_try: int
    alone_until: int
    untouched: bool
    refused: bool
    counts: bool = True


def look(connection: sqlite3.Connection, receiver: str, terms: Terms, *, now: int) -> Look:
    """What is due now, and when the next is."""
    row = connection.execute("SELECT failures, next_try FROM receivers WHERE receiver = ?", (receiver,)).fetchone()
    failures, alone = row or (0, 0)
    if now < alone <= now + LONGEST_WAIT:
        return Look((), alone, failures, alone)
    times = {"receiver": receiver, "now": now, "longest_held": LONGEST_HELD, "longest": LONGEST_WAIT} | msgspec.structs.asdict(terms)
    rows = connection.execute(_LOOK, times).fetchall()
    moments = connection.execute(_NEXT, times).fetchone()
    if terms.repeat is not None:
        rows += connection.execute(_AGAIN, times).fetchall()
        moments += connection.execute(_NEXT_AGAIN, times).fetchone()
    moment = min((one for one in moments if one is not None), default=None)
    due = tuple(Group(name, waiting, attempts, bool(is_new), kind or "") for name, waiting, attempts, is_new, kind in rows)
    return Look(due, moment, failures, 0)


def new_groups(connection: sqlite3.Connection, receiver: str) -> list[Group]:
    """Those of which the receiver has seen nothing and nothing is on its way, due or not, however often one was tried; none that is held back, and none that the receiver has said no to."""
    rows = connection.execute(_NEW, {"receiver": receiver}).fetchall()
    return [Group(name, waiting, 0, is_new=True, kind=kind or "") for name, waiting, kind in rows]


def shown(connection: sqlite3.Connection, receiver: str, group: str, *, now: int) -> Shown:
    """How it stands."""
    card, missed, left_out, dispatch, upto, body = connection.execute(
        "SELECT card, missed, left_out, dispatch, upto, body FROM cards WHERE receiver = ? AND grp = ?", (receiver, group)
    ).fetchone()
    # What may go takes along what came before it and was held back: a story is told in its order.
    newest, oldest = connection.execute(
        """SELECT coalesce(max(CASE WHEN ready <= :now OR ready <= written OR ready > :now + :longest_held THEN id END), max(id), 0), coalesce(min(written), :now) FROM outbox
        WHERE receiver = :receiver AND grp = :group AND ended IS NULL""",
        {"receiver": receiver, "group": group, "now": now, "longest_held": LONGEST_HELD},
    ).fetchone()
    prepared = Prepared(dispatch, body, upto) if dispatch else None
    return Shown(card, posted(connection, receiver, group), missed, left_out, newest, oldest, prepared)


def prepare(connection: sqlite3.Connection, receiver: str, group: str, *, id_: str, body: bytes, upto: int) -> None:
    """A dispatch is on its way from now on."""
    connection.execute(
        "UPDATE cards SET dispatch = ?, body = ?, upto = ? WHERE receiver = ? AND grp = ?", (id_, body, upto, receiver, group)
    )


def take_apart(connection: sqlite3.Connection, receiver: str, group: str) -> None:
    """Nothing of the group is on its way any more."""
    connection.execute(
        "UPDATE cards SET dispatch = '', body = NULL, upto = 0, unknown = 0 WHERE receiver = ? AND grp = ?", (receiver, group)
    )


def arrived(
    connection: sqlite3.Connection,
    receiver: str,
    group: str,
    *,
    card: bytes,
    is_over: bool,
    crowded: bool = False,
    upto: int,
    wall: int,
    answer: str,
    missed: int = 0,
    left_out: int = 0,
) -> None:
    """The receiver has it all, up to that message, and was told how many ended untold before; he is well, and so are the groups that only waited for him."""
    ended = connection.execute(
        "UPDATE outbox SET outcome = 'delivered', answer = ?, error = '', ended = ? WHERE receiver = ? AND grp = ? AND ended IS NULL AND id <= ?",
        (whole(answer)[:_ERROR_WIDTH], wall, receiver, group, upto),
    ).rowcount
    connection.execute(
        """UPDATE cards SET card = ?, ended = ?, shown = ?, crowded = ?, missed = max(missed - ?, 0), left_out = max(left_out - ?, 0),
        attempts = 0, next_try = 0, refused = 0, error = '' WHERE receiver = ? AND grp = ?""",
        (card, wall if is_over else None, wall, crowded, missed, left_out, receiver, group),
    )
    take_apart(connection, receiver, group)
    recount(connection, receiver, group)
    _is_well(connection, receiver)
    connection.execute(
        """UPDATE receivers SET delivered = delivered + ?, dispatches = dispatches + 1,
        full = CASE WHEN full AND (SELECT sum(waiting) FROM cards WHERE cards.receiver = receivers.receiver AND waiting > 0) THEN full END WHERE receiver = ?""",
        (ended, receiver),
    )


def shown_again(connection: sqlite3.Connection, receiver: str, group: str, *, wall: int) -> None:
    """The receiver was shown once more what he has."""
    connection.execute(
        "UPDATE cards SET shown = ?, attempts = 0, next_try = 0, refused = 0, error = '' WHERE receiver = ? AND grp = ?",
        (wall, receiver, group),
    )
    _is_well(connection, receiver)


def sent_again(connection: sqlite3.Connection, receiver: str, group: str, *, may_double: bool) -> None:
    """The dispatch of the group, of which nobody knows whether it arrived, is sent once more; it is counted where it can be seen twice."""
    connection.execute("UPDATE cards SET unknown = 1 WHERE receiver = ? AND grp = ?", (receiver, group))
    connection.execute("UPDATE receivers SET again = again + ? WHERE receiver = ?", (may_double, receiver))


def failed(connection: sqlite3.Connection, receiver: str, group: str, failure: Failure) -> None:
    """An attempt failed."""
    connection.execute(
        "UPDATE cards SET attempts = attempts + 1, next_try = ?, refused = ?, error = ?, failed = ? WHERE receiver = ? AND grp = ?",
        (failure.next_try, failure.refused, whole(failure.error)[:_ERROR_WIDTH], failure.wall, receiver, group),
    )
    (unknown,) = connection.execute("SELECT unknown FROM cards WHERE receiver = ? AND grp = ?", (receiver, group)).fetchone()
    if failure.untouched and not unknown:
        take_apart(connection, receiver, group)
    elif not unknown:
        connection.execute("UPDATE cards SET unknown = 1 WHERE receiver = ? AND grp = ? AND dispatch != ''", (receiver, group))
    if failure.counts:
        connection.execute(
            "UPDATE receivers SET failures = failures + 1, failing = coalesce(failing, ?), next_try = ? WHERE receiver = ?",
            (failure.wall, failure.alone_until, receiver),
        )


def kept(connection: sqlite3.Connection, receiver: str, group: str, *, card: bytes, ended: int | None) -> None:
    """The card that the next dispatch goes on from, though the receiver was not shown it: what was given up is in it. Nothing is on its way any more."""
    connection.execute("UPDATE cards SET card = ?, ended = ? WHERE receiver = ? AND grp = ?", (card, ended, receiver, group))
    take_apart(connection, receiver, group)


def gather(connection: sqlite3.Connection, receiver: str, groups: Sequence[str], into: str) -> None:
    """From now on these groups, of which the receiver has seen nothing yet, are one with another."""
    connection.execute("INSERT INTO cards (receiver, grp) VALUES (?, ?) ON CONFLICT DO NOTHING", (receiver, into))
    for group in groups:
        connection.execute("UPDATE outbox SET grp = ? WHERE receiver = ? AND grp = ? AND ended IS NULL", (into, receiver, group))
        (missed, left_out) = connection.execute(
            "UPDATE cards SET home = ?, waiting = 0, ready = 0, attempts = 0, error = '' WHERE receiver = ? AND grp = ? RETURNING missed, left_out",
            (into, receiver, group),
        ).fetchone()
        connection.execute(
            "UPDATE cards SET missed = missed + ?, left_out = left_out + ?, ended = NULL WHERE receiver = ? AND grp = ?",
            (missed, left_out, receiver, into),
        )
    recount(connection, receiver, into)


def open_group(connection: sqlite3.Connection, receiver: str, prefix: str, *, since: int) -> str:
    """The newest group whose name begins so, which goes on and was shown since then; empty if there is none."""
    row = connection.execute(
        "SELECT grp FROM cards WHERE receiver = ? AND ended IS NULL AND grp >= ? AND grp < ? AND (shown >= ? OR waiting > 0) ORDER BY rowid DESC LIMIT 1",
        (receiver, prefix, prefix + "\U0010ffff", since),
    ).fetchone()
    return row[0] if row else ""


def retry(connection: sqlite3.Connection, receiver: str) -> None:
    """Everything that waits for the receiver is due now, whatever failed before."""
    connection.execute("UPDATE cards SET next_try = 0 WHERE receiver = ?", (receiver,))
    connection.execute("UPDATE receivers SET next_try = 0 WHERE receiver = ?", (receiver,))


def remember(connection: sqlite3.Connection, receiver: str, group: str, lines: Mapping[str, str]) -> None:
    """Writes these lines into what the receiver remembers of the group; an empty value removes its line."""
    for name, ref in lines.items():
        if ref:
            connection.execute("INSERT OR REPLACE INTO posted VALUES (?, ?, ?, ?)", (receiver, group, whole(name), whole(ref)))
        else:
            connection.execute("DELETE FROM posted WHERE receiver = ? AND grp = ? AND name = ?", (receiver, group, whole(name)))


def posted(connection: sqlite3.Connection, receiver: str, group: str) -> dict[str, str]:
    """All those lines."""
    return dict(
        connection.execute("SELECT name, ref FROM posted WHERE receiver = ? AND grp = ? ORDER BY name", (receiver, group)).fetchall()
    )


def about(connection: sqlite3.Connection, receiver: str, ref: str) -> tuple[str, str] | None:
    """Which group, and which name in it, the receiver remembers as `ref`."""
    row = connection.execute(
        "SELECT grp, name FROM posted WHERE receiver = ? AND ref = ? ORDER BY grp DESC LIMIT 1", (receiver, ref)
    ).fetchone()
    return (row[0], row[1]) if row else None


def card_of(connection: sqlite3.Connection, receiver: str, group: str) -> bytes | None:
    """The card that the receiver was shown last."""
    row = connection.execute("SELECT card FROM cards WHERE receiver = ? AND grp = ?", (receiver, group)).fetchone()
    return row[0] if row else None


def prune(connection: sqlite3.Connection, *, before: int) -> None:
    """Forgets groups that ended before that, with what was remembered of them."""
    connection.execute("DELETE FROM cards WHERE ended < ? AND waiting = 0", (before,))
    connection.execute("DELETE FROM cards WHERE home != '' AND waiting = 0 AND (receiver, home) NOT IN (SELECT receiver, grp FROM cards)")
    connection.execute("DELETE FROM posted WHERE (receiver, grp) NOT IN (SELECT receiver, grp FROM cards)")


def _is_well(connection: sqlite3.Connection, receiver: str) -> None:
    connection.execute(
        """UPDATE cards SET next_try = 0 WHERE receiver = :receiver AND waiting > 0 AND NOT refused
        AND (SELECT failures FROM receivers WHERE receiver = :receiver) > 1""",
        {"receiver": receiver},
    )
    connection.execute("UPDATE receivers SET failures = 0, failing = NULL, next_try = 0 WHERE receiver = ?", (receiver,))
