"""The engine's histories in the store: found again by a successor, replaced, and no hindrance to anything else."""

import sqlite3

from watchdog.store.opening import DATABASE
from watchdog.store.schema import STEPS
from watchdog.store.store import Store


async def test_histories_are_found_again(state, store, clock):
    """What was kept last is there at the next opening; at the very first there is nothing."""
    assert store.history is None
    await store.keep_history(b"one")
    await store.keep_history(b"two" * 1_000_000)
    await store.close()

    again = await Store.open(state, clock=clock)
    assert again.history == b"two" * 1_000_000
    await again.close()


async def test_keeping_them_leaves_commits_synced(store):
    """They don't wait for the disk; the commits after them do."""
    await store.keep_history(b"x")

    assert await store._writer.read(lambda connection: connection.execute("PRAGMA synchronous").fetchone()[0]) == 2


async def test_a_database_of_before_gets_the_table(state, clock):
    """A folder written by an early version, which kept neither histories nor jobs, is taken over with everything in it."""
    state.mkdir(mode=0o700)
    connection = sqlite3.connect(state / DATABASE)
    for statement in STEPS[0]:
        connection.execute(statement)
    connection.execute("UPDATE position SET event_seq = 3")
    connection.execute("INSERT INTO ledger VALUES (1, ?)", (b"ledger",))
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()

    again = await Store.open(state, clock=clock)
    assert (again.set_aside, again.last_seq, again.ledger, again.history) == (None, 3, b"ledger", None)
    await again.keep_history(b"x")
    assert await again.quarantine.entries() == []
    assert await again.kept_evidence() == []
    assert await again._writer.read(lambda connection: connection.execute("PRAGMA user_version").fetchone()[0]) == len(STEPS)
    await again.close()
