"""
The one thread that writes, and the way into it from asyncio.

Work is a function of the connection. It is done in the order in which it was asked for, each piece as one transaction;
whatever it raises is raised to the one who asked. A caller that is cancelled leaves the writer
undisturbed: his transaction is carried out, he only does not learn of it.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from watchdog.store.failures import StoreClosedError, StoreDamagedError, StoreError

_T = TypeVar("_T")
Work = Callable[[sqlite3.Connection], _T]
_PRIMARY: Final = 0xFF  # the upper bytes of a result code only say more precisely where (sqlite.org/rescode.html)
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_Turn = Callable[[sqlite3.Connection], None]


class Writer:
    """A connection and its thread. Made by `start`; ended by `stop`."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._turns: Final[SimpleQueue[_Turn | None]] = SimpleQueue()
        self._opened: Final[asyncio.Future[None]] = self._loop.create_future()
        self._gone: Final[asyncio.Future[None]] = self._loop.create_future()
        # A daemon thread: an interpreter that goes down in disorder must not wait for it. A transaction cut off by that never was.
        self._thread: Final = threading.Thread(target=self._live, args=(connect,), name="store-writer", daemon=True)
        self._closed = False

    @classmethod
    async def start(cls, connect: Callable[[], sqlite3.Connection]) -> "Writer":
        """Begins the thread, which opens its connection itself; raises what `connect` raises."""
        writer = cls(connect)
        writer._thread.start()
        try:
            await writer._opened
        except BaseException:
            # If it was only we who were cancelled the thread has opened, or still opens, the database: the lock must outlast that.
            writer._turns.put(None)
            await writer._ended()
            raise
        return writer

    async def write(self, work: Work[_T], *, then: Callable[[], None] | None = None) -> _T:
        """
        One transaction. Raises `StoreError` if it failed, and then nothing of it is left.

        `then` is called in the event loop once it has succeeded, also when nobody waits for it any more.
        """
        return await self._ask(lambda connection: _transaction(connection, work), then)

    async def write_unsynced(self, work: Work[_T]) -> _T:
        """One transaction that a power failure may take back as a whole; the next synced one makes it last. Raises `StoreError`."""

        def relaxed(connection: sqlite3.Connection) -> _T:
            connection.execute("PRAGMA synchronous = NORMAL")
            try:
                return _transaction(connection, work)
            finally:
                connection.execute("PRAGMA synchronous = FULL")

        return await self._ask(lambda connection: _translated(connection, relaxed), None)

    async def read(self, work: Work[_T]) -> _T:
        """A look at the data between two transactions. Raises `StoreError`."""
        return await self._ask(lambda connection: _translated(connection, work), None)

    async def stop(self, farewell: Work[None]) -> None:
        """
        Finishes everything asked for before, then `farewell`, and returns when the connection is closed and the thread at its end.

        What is asked for later gets `StoreClosedError`. To be called once.
        """
        last = self._ask(lambda connection: _translated(connection, farewell), None)
        self._closed = True
        self._turns.put(None)
        await self._ended()
        await last

    async def _ended(self) -> None:
        await self._gone
        self._thread.join()  # it has said its last word: a matter of microseconds

    def _ask(self, work: Work[_T], then: Callable[[], None] | None) -> asyncio.Future[_T]:
        answer: asyncio.Future[_T] = self._loop.create_future()
        if self._closed:
            answer.set_exception(StoreClosedError())
            return answer

        def turn(connection: sqlite3.Connection) -> None:
            try:
                result = work(connection)
            except BaseException as error:  # noqa: BLE001  (handed to the caller: this thread has nobody to raise to)
                self._report(_fail, answer, error)
            else:
                self._report(_succeed, answer, result, then)

        self._turns.put(turn)
        return answer

    def _live(self, connect: Callable[[], sqlite3.Connection]) -> None:
        try:
            connection = connect()
        except BaseException as error:  # noqa: BLE001  (handed to the caller of `start`)
            self._report(_fail, self._opened, error)
            self._report(_succeed, self._gone, None, None)
            return
        self._report(_succeed, self._opened, None, None)
        try:
            while (turn := self._turns.get()) is not None:
                turn(connection)
            connection.close()
        except BaseException as error:  # noqa: BLE001  (handed to whoever waits in `stop`)
            self._report(_fail, self._gone, error)
        else:
            self._report(_succeed, self._gone, None, None)

    def _report(self, settle: Callable[..., None], *arguments: Any) -> None:
        if not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(settle, *arguments)
            except RuntimeError:
                # Closed between the two lines: then nobody is left to be told.
                return


def _succeed(answer: asyncio.Future[_T], result: _T, then: Callable[[], None] | None) -> None:
    if not answer.done():
        answer.set_result(result)
    if then is not None:
        then()


def _fail(answer: asyncio.Future[Any], error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(error)


def _transaction(connection: sqlite3.Connection, work: Work[_T]) -> _T:
    def whole(connection: sqlite3.Connection) -> _T:
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        finally:
            # SQLite has already rolled back by itself after some errors (disk full, I/O).
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return result

    return _translated(connection, whole)


def _translated(connection: sqlite3.Connection, work: Work[_T]) -> _T:
    try:
        return work(connection)
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
        failure = StoreDamagedError if code in _DAMAGED else StoreError
        raise failure(f"the state database failed: {error} ({getattr(error, 'sqlite_errorname', type(error).__name__)})") from error
    except StoreError:
        raise
    except Exception as error:
        # Something in a row that can't be written; the text of the error could repeat it, so only its type is named.
        raise StoreError(f"a row can't be written or read: {type(error).__name__}") from error
