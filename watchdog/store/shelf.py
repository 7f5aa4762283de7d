"""The quarantine from asyncio: each call one transaction, with the rows of the audit log that belong to it."""

import sqlite3
from collections.abc import Callable, Sequence

from watchdog.model.quarantine import Kept, Quarantined
from watchdog.model.records import AuditRow
from watchdog.store import audit, quarantine
from watchdog.store.quarantine import Entry
from watchdog.store.writer import Writer


class Shelf:
    """The jobs in quarantine. What is written is on the disk when a call returns; every call raises `StoreError` where that fails."""

    def __init__(self, writer: Writer, *, wall: Callable[[], int]) -> None:
        self._writer = writer
        self._wall = wall

    async def begin(self, jobs: Sequence[tuple[Quarantined, bytes]], *, rows: Sequence[AuditRow] = ()) -> list[int]:
        """
        Entries in the state `TAKING`, each with the bytes of its job and its row of the audit log, if there are rows; their numbers.

        A token that is known stands for the entry that it has, and its row is not written again.
        """

        def work(connection: sqlite3.Connection) -> list[int]:
            begun = quarantine.begin(connection, jobs)
            audit.append(connection, tuple(row for row, (_, new) in zip(rows, begun, strict=False) if new))
            return [id_ for id_, _ in begun]

        return await self._writer.write(work)

    async def settle(self, *, taken: Sequence[tuple[int, Quarantined, AuditRow | None]], absent: Sequence[tuple[int, AuditRow]]) -> None:
        """
        Those that were taken are kept from now on, as they are described here; those that were not there are forgotten.

        Of two who finish the same ones, the rows of the first are written.
        """

        def work(connection: sqlite3.Connection) -> None:
            rows: list[AuditRow] = []
            for id_, job, row in taken:
                if quarantine.move(connection, [id_], before=Kept.TAKING, after=Kept.KEPT, wall=self._wall()):
                    quarantine.describe(connection, id_, job)
                    rows += [] if row is None else [row]
            rows += [row for id_, row in absent if quarantine.forget(connection, id_)]
            audit.append(connection, tuple(rows))

        await self._writer.write(work)

    async def move(self, entry: Entry, after: Kept, *, job: Quarantined | None = None, rows: tuple[AuditRow, ...] = ()) -> bool:
        """The entry, if it is still in the state that it was seen in, is in another, described as `job`; False, and nothing is written, if it is not."""

        def work(connection: sqlite3.Connection) -> bool:
            if not quarantine.move(connection, [entry.id], before=entry.state, after=after, wall=self._wall()):
                return False
            if job is not None:
                quarantine.describe(connection, entry.id, job)
            audit.append(connection, rows)
            return True

        return await self._writer.write(work)

    async def entries(self, states: Sequence[Kept] = tuple(Kept)) -> list[Entry]:
        """Entries in these states, oldest first."""
        return await self._writer.read(lambda connection: quarantine.entries(connection, states))

    async def count(self) -> int:
        """How many jobs are kept. Reads none of them."""
        return await self._writer.read(quarantine.count)

    async def ordered(self, order: str) -> list[Entry]:
        """Entries whose token begins with that order and a '-', oldest first."""
        return await self._writer.read(lambda connection: quarantine.ordered(connection, order))

    async def entry(self, id_: int) -> Entry | None:
        """The entry with that number, if there is one."""
        return await self._writer.read(lambda connection: quarantine.entry(connection, id_))

    async def payload(self, id_: int) -> bytes | None:
        """The exact bytes of its job; None if they are here no longer."""
        return await self._writer.read(lambda connection: quarantine.payload_of(connection, id_))

    async def expire(self) -> list[Entry]:
        """Deletes the bytes of jobs whose time is over; which these were."""
        return await self._writer.write(lambda connection: quarantine.expire(connection, wall=self._wall()))
