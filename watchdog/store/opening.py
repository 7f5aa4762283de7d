"""
From a folder to a connection: create, check, migrate; and set aside what is broken.

A broken database is renamed, never deleted: it may hold the only account of a night. The agent starts with a new one
rather than not at all, because a server without its watchdog is the worse loss.
"""

import os
import sqlite3
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

from watchdog.store.failures import StoreDamagedError, StoreError
from watchdog.store.schema import migrate, refuse_later_format

DATABASE: Final = "watchdog.db"
ASIDE: Final = ".broken-"
"""What follows in the name of a database that was set aside, before the time."""
COMPANIONS: Final = ("", "-wal", "-shm")
"""The files of one database: its own, the log of what is newer, and the index of that log."""

_BUSY_MS: Final = 5_000
_CHECK_BUDGET_S: Final = 0.5
_WAL_KEPT: Final = 16 * 1024 * 1024
_ONE_ROW_EACH: Final = (
    "SELECT body FROM ledger LIMIT 1",
    "SELECT body FROM status LIMIT 1",
    "SELECT id FROM history LIMIT 1",
    "SELECT body FROM audit LIMIT 1",
    "SELECT body FROM incidents LIMIT 1",
    "SELECT notice FROM outbox LIMIT 1",
    "SELECT id FROM quarantine LIMIT 1",
    "SELECT jid FROM flight LIMIT 1",
    "SELECT incident FROM evidence LIMIT 1",
    "SELECT card FROM cards LIMIT 1",
    "SELECT ref FROM posted LIMIT 1",
    "SELECT value FROM noted LIMIT 1",
    "SELECT receiver FROM receivers LIMIT 1",
)
_BROKEN: Final = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CORRUPT_INDEX", "SQLITE_CORRUPT_SEQUENCE", "SQLITE_CORRUPT_VTAB"})


class _BrokenError(Exception):
    """The database is damaged."""


def prepare(folder: Path) -> None:
    """Makes the folder (0700) if it is not there. Raises `StoreError`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the state folder {folder} can't be made: {error.strerror}") from error


def connect(path: Path) -> sqlite3.Connection:
    """
    The writer's connection: checked, migrated, WAL, every commit synced.

    Raises `StateTooNewError`, or `StoreError` where the files can't be used; `sqlite3.DatabaseError` never gets out.
    """
    try:
        return _opened(path)
    except _BrokenError as error:
        raise StoreError(f"{path} is damaged: {error}") from error
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path} can't be opened: {error}") from error


def connect_or_set_aside(path: Path, *, wall: int) -> tuple[sqlite3.Connection, Path | None]:
    """Like `connect`; a damaged database is renamed after the time `wall` and a new one begun. The path is the new name of the damaged one."""
    try:
        return _opened(path), None
    except _BrokenError:
        try:
            aside = _set_aside(path, wall)
        except OSError as error:
            raise StoreError(f"{path} is damaged and can't be renamed: {error.strerror}") from error
        return connect(path), aside
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path} can't be opened: {error}") from error


def examine(path: Path) -> None:
    """Look at a database as a start would, and change nothing. Raises `StoreDamagedError`, `StateTooNewError`, or `StoreError` where it can't be read."""
    try:
        _examine(path)
    except _BrokenError as error:
        raise StoreDamagedError(f"{path} is damaged: {error}") from error
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, sqlite3.Error) and _damaged(error):
            raise StoreDamagedError(f"{path} is damaged: {error}") from error
        raise StoreError(f"{path} can't be read: {error}") from error


def _opened(path: Path) -> sqlite3.Connection:
    # SQLite would create it by the umask; its companions take over the mode of this file.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    try:
        _examine(path)
        return _made_ready(path)
    except sqlite3.Error as error:
        if _damaged(error):
            raise _BrokenError(str(error)) from error
        raise


def _examine(path: Path) -> None:
    """
    A look with a connection that can't write.

    One that can would clear away a log it makes no sense of when it is closed again, and move the other ones into the damaged file:
    what is set aside shall be what was found.
    """
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_BUSY_MS / 1000, isolation_level=None)
    try:
        refuse_later_format(connection, path)  # first of all: what a later version wrote may look like damage to us
        _check(connection)
    finally:
        connection.close()


def _made_ready(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_MS / 1000, isolation_level=None)
    try:
        _set_up(connection)
        migrate(connection)
        _look(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StoreError(f"the file system of the state folder does not carry SQLite's WAL (journal mode stays {mode}); use a local disk")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT}")


def _check(connection: sqlite3.Connection) -> None:
    """Looks for damage as far as half a second reaches: a start must not wait for a database of gigabytes."""
    end = time.monotonic() + _CHECK_BUDGET_S
    connection.set_progress_handler(lambda: int(time.monotonic() > end), 10_000)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname != "SQLITE_INTERRUPT":
            raise
    else:
        if found != "ok":
            raise _BrokenError(found)
    finally:
        connection.set_progress_handler(None, 0)


def _look(connection: sqlite3.Connection) -> None:
    """Reads one row of each table: one that is missing, or was emptied though it never is, is damage, too."""
    try:
        for statement in _ONE_ROW_EACH:
            connection.execute(statement).fetchone()
        position = connection.execute("SELECT event_seq, audit_seq, audit_hash FROM position").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname == "SQLITE_ERROR":
            raise _BrokenError(str(error)) from error
        raise
    if position is None:
        raise _BrokenError("it has lost its position")


def _damaged(error: sqlite3.Error) -> bool:
    # A file of somebody else has tables of its own, or the names of ours: "table … already exists".
    name = getattr(error, "sqlite_errorname", "")
    return name in _BROKEN or (name == "SQLITE_ERROR" and "already exists" in str(error))


def _set_aside(path: Path, wall: int) -> Path:
    aside = path.with_name(f"{path.name}{ASIDE}{wall}")
    for suffix in COMPANIONS:
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside
