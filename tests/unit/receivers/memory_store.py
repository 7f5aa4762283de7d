"""
The outbox of a store that lives in memory and answers at once: the real tables and the real statements, for virtual time.

A store that has a thread of its own would have the loop's time run on while it works.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from watchdog.clock import Clock
from watchdog.model.notices import Notice
from watchdog.store import outbox
from watchdog.store.outbox import Handed
from watchdog.store.post import Post
from watchdog.store.schema import migrate

EPOCH = 1_700_000_000_000


class LoopClock(Clock):
    """Wall time that goes with the loop's, and can be set."""

    def __init__(self) -> None:
        self.offset = EPOCH

    def wall(self) -> int:
        return self.at() + self.offset


class Direct:
    """A writer without a thread."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.connection)
        self.reads = 0

    async def write(self, work: Callable[[sqlite3.Connection], Any], *, then: Callable[[], None] | None = None) -> Any:
        self.connection.execute("BEGIN")
        try:
            result = work(self.connection)
            self.connection.execute("COMMIT")
        finally:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        if then is not None:
            then()
        return result

    async def read(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        self.reads += 1
        return work(self.connection)


class MemoryStore:
    """As much of a store as a deliverer needs. `through` makes the writer that the deliverer has out of the one that there is."""

    name = "m"

    def __init__(self, clock: Clock, through: Callable[[Direct], Any] = lambda writer: writer) -> None:
        self.writer = Direct()
        self.post = Post(through(self.writer))
        self._clock = clock

    async def hand(self, *notices: Notice, receiver: str = "ops", not_before: int = 0) -> None:
        """Puts these into the outbox, in one transaction."""
        handed = tuple(Handed(receiver, notice, not_before) for notice in notices)
        wall = self._clock.wall()
        await self.writer.write(lambda connection: outbox.add(connection, handed, wall=wall), then=self.post.tell)

    def rows(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the tables say."""
        return self.writer.connection.execute(question, values).fetchall()

    def close(self) -> None:
        """Forgets everything."""
        self.writer.connection.close()
