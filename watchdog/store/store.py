"""
The store as the daemon uses it: one object, one writer, one transaction an event.

The counterpart of `reading.py`, which only looks. Nothing here judges: what is committed was decided by the engine.
"""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from watchdog.clock import Clock
from watchdog.model.findings import Finding
from watchdog.model.records import AuditRow, IncidentRow
from watchdog.store import audit, cards, evidence, flight, outbox, quarantine
from watchdog.store.encoding import encode
from watchdog.store.failures import StoreError
from watchdog.store.lock import StateLock
from watchdog.store.opening import DATABASE, connect_or_set_aside, prepare
from watchdog.store.outbox import Handed
from watchdog.store.post import Post
from watchdog.store.shelf import Shelf
from watchdog.store.standing import OutboxCounts
from watchdog.store.writer import Writer


class Commit(msgspec.Struct, frozen=True):
    """
    Everything that one event leaves behind.

    `seq` is the event's; `ledger` None leaves the kept one as it is; `landed` are incidents whose
    flight records are no longer needed, `tried` receivers for which everything that waits is due at once.
    """

    seq: int
    ledger: bytes | None = None
    audit: tuple[AuditRow, ...] = ()
    notices: tuple[Handed, ...] = ()
    incidents: tuple[IncidentRow, ...] = ()
    landed: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()


class Store:
    """
    The open state folder of a running agent.

    `ledger` (None at the very first start), `last_seq` (0 then) and `history` (None if none was kept) are as they were found at `open`;
    `name` is that of this memory and of no other. `quarantine` are the jobs that are kept here, `post` the messages to people. `set_aside` is where a
    damaged database was put, if there was one; the state begins anew then.
    """

    ledger: bytes | None
    history: bytes | None
    last_seq: int
    name: str
    quarantine: Shelf
    post: Post
    set_aside: Path | None

    def __init__(self, writer: Writer, lock: StateLock, clock: Clock) -> None:
        self._writer = writer
        self._lock = lock
        self._clock = clock
        self.quarantine = Shelf(writer, wall=clock.wall)
        self.post = Post(writer)
        self._closing: asyncio.Future[None] | None = None
        self.ledger, self.history, self.last_seq, self.name, self.set_aside = None, None, 0, "", None

    @classmethod
    async def open(cls, folder: Path, *, clock: Clock | None = None) -> "Store":
        """
        Takes the folder, and makes it if need be (0700, files 0600).

        Raises `StateInUseError` if another agent has it, `StateTooNewError` if a later version wrote it, `StoreError` if it
        can't be used.
        """
        clock = clock or Clock()
        prepare(folder)
        try:
            lock = StateLock.take(folder)
        except OSError as error:
            raise StoreError(f"the state folder {folder} can't be used: {error.strerror}") from error
        aside: Path | None = None

        def connect() -> sqlite3.Connection:
            nonlocal aside
            connection, aside = connect_or_set_aside(folder / DATABASE, wall=clock.wall())
            return connection

        try:
            writer = await Writer.start(connect)
        except BaseException:
            lock.release()
            raise
        store = cls(writer, lock, clock)
        store.set_aside = aside
        try:
            store.last_seq, store.ledger, store.history, store.name = await writer.read(_load)
        except BaseException:
            await store.close()
            raise
        return store

    async def commit(self, commit: Commit) -> None:
        """
        One transaction, on the disk when this returns.

        Raises `StoreError` if it failed (disk full, I/O, another process writes), and then nothing of it is left; also if an
        event with this `seq` or a later one has been committed before. Cancelling the caller does not cancel the transaction.
        """
        wall = self._clock.wall()

        def work(connection: sqlite3.Connection) -> None:
            _advance(connection, commit.seq)
            if commit.ledger is not None:
                connection.execute("INSERT OR REPLACE INTO ledger VALUES (1, ?)", (commit.ledger,))
            audit.append(connection, commit.audit)
            connection.executemany("INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?)", map(_columns, commit.incidents))
            outbox.add(connection, commit.notices, wall=wall)
            flight.drop(connection, commit.landed)
            for receiver in commit.tried:
                cards.retry(connection, receiver)

        await self._writer.write(work, then=self.post.tell if commit.notices or commit.tried else None)

    async def keep_flight(self, incident: str, findings: Sequence[Finding]) -> None:
        """What a process under recovery holds, with payloads, in place of what was kept of that incident before; on the disk when this returns. Raises `StoreError`."""
        await self._writer.write(lambda connection: flight.keep(connection, incident, findings))

    async def flight(self, incident: str) -> list[Finding]:
        """What was kept of that incident. Raises `StoreError`."""
        return await self._writer.read(lambda connection: flight.read(connection, incident))

    async def keep_evidence(self, summary: evidence.Summary, bodies: Mapping[str, Any]) -> None:
        """What was collected of a process (kind → plain data), in place of what was kept of it under that incident before; on the disk when this returns. Raises `StoreError`."""
        await self._writer.write(lambda connection: evidence.keep(connection, summary, bodies))

    async def evidence_of(self, incident: str) -> list[tuple[evidence.Summary, dict[str, Any]]]:
        """What is kept under an incident, and the data by kind."""
        return await self._writer.read(lambda connection: evidence.of(connection, incident))

    async def expire_evidence(self, wall: int) -> int:
        """Removes what is kept no longer than until then; of how many processes. Raises `StoreError`."""
        return await self._writer.write(lambda connection: evidence.expire(connection, wall=wall))

    async def kept_evidence(self) -> list[evidence.Summary]:
        """What is kept, the oldest first. Raises `StoreError`."""
        return await self._writer.read(evidence.summaries)

    async def answer_to(self, told: str) -> tuple[str, str] | None:
        """Outcome and reason of what the audit log answers to the command with that id; None where it says nothing. Raises `StoreError`."""
        return await self._writer.read(lambda connection: audit.answer_to(connection, told))

    async def keep_status(self, data: bytes) -> None:
        """
        What `status` shows when asked, in place of what was kept before.

        The one write that does not wait for the disk: it may come each second, and losing the last one in a power failure loses nothing.
        """
        await self._writer.write_unsynced(lambda connection: _keep_status(connection, data))

    async def keep_history(self, data: bytes) -> None:
        """
        The engine's histories, in place of those kept before; found in `history` at the next `open`.

        Like the status it does not wait for the disk: what a power failure takes is a stretch without coverage.
        """
        await self._writer.write_unsynced(lambda connection: _keep_history(connection, data))

    async def prune(self, before_wall: int) -> int:
        """
        Removes what is older than that: audit rows (a head row keeps the chain whole), closed incidents, messages that ended, what is told of jobs that left the quarantine.

        Answers how many audit rows were removed.
        """

        def work(connection: sqlite3.Connection) -> int:
            connection.execute("DELETE FROM incidents WHERE closed < ?", (before_wall,))
            outbox.prune(connection, before=before_wall)
            cards.prune(connection, before=before_wall)
            quarantine.prune(connection, before=before_wall)
            return audit.prune(connection, before=before_wall)

        return await self._writer.write(work)

    async def outbox_counts(self) -> dict[str, OutboxCounts]:
        """Receiver → how it stands: how many messages wait, were delivered, were given up."""
        return await self.post.counts()

    async def close(self) -> None:
        """Writes everything asked for before, tidies the files, gives the folder back. Later calls raise `StoreClosedError`."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._end())
        # A shutdown that is itself cancelled must not give the folder away while the writer still writes.
        await asyncio.shield(self._closing)

    async def _end(self) -> None:
        try:
            await self._writer.stop(_checkpoint)
        finally:
            self._lock.release()


def _load(connection: sqlite3.Connection) -> tuple[int, bytes | None, bytes | None, str]:
    seq: int = connection.execute("SELECT event_seq FROM position").fetchone()[0]
    row = connection.execute("SELECT body FROM ledger").fetchone()
    history = connection.execute("SELECT body FROM history").fetchone()
    name: str = connection.execute("SELECT name FROM memory").fetchone()[0]
    return seq, row[0] if row else None, history[0] if history else None, name


def _advance(connection: sqlite3.Connection, seq: int) -> None:
    if not connection.execute("UPDATE position SET event_seq = ? WHERE event_seq < ?", (seq, seq)).rowcount:
        raise StoreError(f"event {seq} or a later one has been committed before")


def _columns(row: IncidentRow) -> tuple[str, int, int | None, bytes]:
    return row.id, row.opened, row.closed, encode(msgspec.to_builtins(row))


def _keep_status(connection: sqlite3.Connection, data: bytes) -> None:
    connection.execute("INSERT OR REPLACE INTO status VALUES (1, ?)", (data,))


def _keep_history(connection: sqlite3.Connection, data: bytes) -> None:
    connection.execute("INSERT OR REPLACE INTO history VALUES (1, ?)", (data,))


def _checkpoint(connection: sqlite3.Connection) -> None:
    # Closing does it as well, unless a reader looks on at this moment. We wait for him, but not until systemd loses patience.
    connection.execute("PRAGMA busy_timeout = 500")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
