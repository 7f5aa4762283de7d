"""
Writing into the quarantine beside a running agent, or without one: what a person orders on the command line.

The counterpart of `store.py`, which has the folder to itself. It takes no lock, because an operator needs it just when the agent is at work: SQLite lets one write at a time, every
transaction here is short, and each change is made only from the state that was seen. The ledger, the events and the format of the database are not touched.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from watchdog.store.failures import NoStateError, StoreError
from watchdog.store.opening import DATABASE
from watchdog.store.schema import STEPS, refuse_later_format, version_of
from watchdog.store.shelf import Shelf
from watchdog.store.writer import Writer

_BUSY_S: Final = 5.0


@asynccontextmanager
async def open_beside(folder: Path, *, wall: Callable[[], int]) -> AsyncIterator[Shelf]:
    """The quarantine in that state folder; raises `NoStateError`, `StateTooNewError` or `StoreError`."""
    writer = await Writer.start(lambda: _connect(folder))
    try:
        yield Shelf(writer, wall=wall)
    finally:
        await writer.stop(_nothing)


def _connect(folder: Path) -> sqlite3.Connection:
    path = folder / DATABASE
    try:
        if not path.exists():
            raise NoStateError(folder)
        connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path} can't be opened: {error}; ask as the agent's user or as root") from error
    try:
        _expect_own_format(connection, path)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(f"{path} can't be opened: {error}; ask as the agent's user or as root") from error
    except BaseException:
        connection.close()
        raise
    return connection


def _expect_own_format(connection: sqlite3.Connection, path: Path) -> None:
    # To change it is for the agent alone, which has the folder to itself.
    refuse_later_format(connection, path)
    if (found := version_of(connection)) == 0:
        raise NoStateError(path.parent)
    if found < len(STEPS):
        raise StoreError(f"{path} was written by an earlier version; start the agent of this version once")


def _nothing(_connection: sqlite3.Connection) -> None:
    """Nothing is left to be done before it is closed."""
