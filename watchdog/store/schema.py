"""
The tables, as the list of steps that lead to them.

`PRAGMA user_version` counts the steps a database has taken. A step that was released is never changed; a new
format is a new step at the end.
"""

import sqlite3
from pathlib import Path
from typing import Final

from watchdog.store.failures import StateTooNewError

_FIRST: Final = (
    # `name` tells this memory from every other one, for those who must: event numbers begin anew with each.
    """CREATE TABLE memory (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        name TEXT NOT NULL
    ) STRICT""",
    "INSERT INTO memory VALUES (1, lower(hex(randomblob(6))))",
    # The sequence numbers stand apart from the ledger: they change with each event, and SQLite writes a row as a whole.
    """CREATE TABLE position (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        event_seq INTEGER NOT NULL,
        audit_seq INTEGER NOT NULL,
        audit_hash TEXT NOT NULL
    ) STRICT""",
    "INSERT INTO position VALUES (1, 0, 0, '0000000000000000000000000000000000000000000000000000000000000000')",  # GENESIS
    "CREATE TABLE ledger (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL) STRICT",
    "CREATE TABLE status (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL) STRICT",
    # No index but the number: searching is a scan of a tenth of a second, and each index would cost every event.
    """CREATE TABLE audit (
        seq INTEGER PRIMARY KEY,
        wall INTEGER NOT NULL,
        rule TEXT NOT NULL,
        body TEXT NOT NULL,
        prev TEXT NOT NULL,
        hash TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE incidents (
        id TEXT PRIMARY KEY,
        opened INTEGER NOT NULL,
        closed INTEGER,
        body BLOB NOT NULL
    ) STRICT""",
    "CREATE INDEX incidents_by_opening ON incidents (opened)",
    # `ended` is null while the message waits; `outcome` is then empty, later `delivered` or `given_up`.
    """CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        receiver TEXT NOT NULL,
        thread TEXT NOT NULL,
        notice BLOB NOT NULL,
        written INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_try INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT '',
        outcome TEXT NOT NULL DEFAULT '',
        ended INTEGER
    ) STRICT""",
    "CREATE INDEX outbox_waiting ON outbox (receiver, thread, id) WHERE ended IS NULL",
)

_SECOND: Final = (
    # The engine's histories, some of them hours old: not in the event's transaction, because they are big and may be lost.
    "CREATE TABLE history (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL) STRICT",
)

_THIRD: Final = (
    # `body` is all that may be shown; `payload` the job itself, null once it is here no longer. It comes last: a list of entries reads none of it.
    """CREATE TABLE quarantine (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        token TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL,
        until INTEGER NOT NULL,
        ended INTEGER,
        body BLOB NOT NULL,
        payload BLOB
    ) STRICT""",
)

_FOURTH: Final = (
    # What a process under recovery holds. Its payloads are private posts: they go with the end of the incident.
    """CREATE TABLE flight (
        incident TEXT NOT NULL,
        jid TEXT NOT NULL,
        body BLOB NOT NULL,
        payload BLOB,
        PRIMARY KEY (incident, jid)
    ) STRICT, WITHOUT ROWID""",
)

_FIFTH: Final = (
    # What was seen of a process before it was touched. Lines of logs are in it: it goes at its time, and leaves this table only for whoever asks for it.
    """CREATE TABLE evidence (
        incident TEXT NOT NULL,
        process TEXT NOT NULL,
        taken INTEGER NOT NULL,
        until INTEGER NOT NULL,
        summary BLOB NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (incident, process)
    ) STRICT""",
)

_SIXTH: Final = (
    # Messages are shown by group. `ready` is when one may go (wall; 0: at once, whatever the receiver's own wait), `kind` is that of the notice; `answer` is what the server said to it.
    "ALTER TABLE outbox ADD COLUMN grp TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE outbox ADD COLUMN ready INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE outbox ADD COLUMN answer TEXT NOT NULL DEFAULT ''",
    "UPDATE outbox SET grp = thread, ready = written",
    "DROP INDEX outbox_waiting",
    "CREATE INDEX outbox_waiting ON outbox (receiver, grp, id) WHERE ended IS NULL",
    "CREATE INDEX outbox_given_up ON outbox (receiver, id) WHERE outcome = 'given_up'",
    # A group as a receiver was shown it last, and the dispatch that is on its way: all up to the message `upto`, as it is in `body`; `unknown` says that it may have arrived. `home` is the group that it was gathered into. `waiting` and `ready` are of its messages
    # that wait, `held` says that all of them are held back, `missed` and `left_out` count those that ended untold since it was shown; `crowded` says that by then more had come than was told one by one. `ended` is since when nothing in it goes on.
    """CREATE TABLE cards (
        receiver TEXT NOT NULL,
        grp TEXT NOT NULL,
        home TEXT NOT NULL DEFAULT '',
        waiting INTEGER NOT NULL DEFAULT 0,
        ready INTEGER NOT NULL DEFAULT 0,
        held INTEGER NOT NULL DEFAULT 0,
        missed INTEGER NOT NULL DEFAULT 0,
        left_out INTEGER NOT NULL DEFAULT 0,
        shown INTEGER NOT NULL DEFAULT 0,
        crowded INTEGER NOT NULL DEFAULT 0,
        ended INTEGER,
        dispatch TEXT NOT NULL DEFAULT '',
        upto INTEGER NOT NULL DEFAULT 0,
        unknown INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_try INTEGER NOT NULL DEFAULT 0,
        refused INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT '',
        failed INTEGER NOT NULL DEFAULT 0,
        card BLOB,
        body BLOB,
        PRIMARY KEY (receiver, grp)
    ) STRICT""",
    "CREATE INDEX cards_waiting ON cards (receiver) WHERE waiting > 0",
    "CREATE INDEX cards_open ON cards (receiver) WHERE ended IS NULL AND shown > 0",
    "CREATE INDEX cards_failed ON cards (receiver, failed) WHERE error != ''",
    """INSERT INTO cards (receiver, grp, waiting, ready, attempts, next_try, error)
        SELECT receiver, grp, count(*), min(ready), max(attempts), min(next_try), max(error) FROM outbox WHERE ended IS NULL GROUP BY receiver, grp""",
    # What a receiver calls the messages that it has of a group.
    """CREATE TABLE posted (
        receiver TEXT NOT NULL,
        grp TEXT NOT NULL,
        name TEXT NOT NULL,
        ref TEXT NOT NULL,
        PRIMARY KEY (receiver, grp, name)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX posted_by_ref ON posted (receiver, ref)",
    # What a listener has put away: how far it has read.
    """CREATE TABLE noted (
        receiver TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (receiver, name)
    ) STRICT, WITHOUT ROWID""",
    # How a receiver stands: what it was told, and its circuit: `failures` in a row since `failing`, left alone until `next_try`. `full` is since when more waited than there is room for.
    """CREATE TABLE receivers (
        receiver TEXT PRIMARY KEY,
        delivered INTEGER NOT NULL DEFAULT 0,
        given_up INTEGER NOT NULL DEFAULT 0,
        left_out INTEGER NOT NULL DEFAULT 0,
        dispatches INTEGER NOT NULL DEFAULT 0,
        again INTEGER NOT NULL DEFAULT 0,
        failures INTEGER NOT NULL DEFAULT 0,
        failing INTEGER,
        next_try INTEGER NOT NULL DEFAULT 0,
        full INTEGER
    ) STRICT, WITHOUT ROWID""",
    """INSERT INTO receivers (receiver, delivered, given_up)
        SELECT receiver, sum(outcome = 'delivered'), sum(outcome = 'given_up') FROM outbox GROUP BY receiver""",
)

STEPS: Final = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH)
"""All steps, oldest first."""
WITH_QUARANTINE: Final = 3
WITH_EVIDENCE: Final = 5
WITH_CARDS: Final = 6
"""Since which format there is such a thing."""


def version_of(connection: sqlite3.Connection) -> int:
    """How many steps this database has taken; 0 for one that was just created."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


def refuse_later_format(connection: sqlite3.Connection, path: Path) -> None:
    """Raises `StateTooNewError` if a later version has written this database. Looks at nothing but its header."""
    if (found := version_of(connection)) > len(STEPS):
        raise StateTooNewError(path, found, len(STEPS))


def migrate(connection: sqlite3.Connection) -> None:
    """Takes the steps that are missing, each as one transaction."""
    found = version_of(connection)
    for number, statements in enumerate(STEPS[found:], start=found + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
