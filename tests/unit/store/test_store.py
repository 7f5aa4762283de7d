"""Committing: all or nothing, in order, on the disk."""

import asyncio
import stat
import threading

import pytest

from watchdog.model.cards import Card
from watchdog.model.records import AuditRow, IncidentRow
from watchdog.store import opening, reading
from watchdog.store import store as store_module
from watchdog.store.chain import Verified
from watchdog.store.failures import StateInUseError, StoreClosedError, StoreError
from watchdog.store.lock import is_running
from watchdog.store.outbox import Handed
from watchdog.store.store import Commit, Store


async def test_what_was_committed_is_found_again(state, store, notice):
    """Ledger, position, audit rows, incidents and messages of a commit are there when the folder is opened again."""
    incident = IncidentRow("3.0", "stuck-job", "job-1", "host/unit", "terminate_process", 5, None, "open", ("TERM sent",))
    await store.commit(
        Commit(
            seq=3,
            ledger=b"ledger",
            audit=(AuditRow("alert", 4), AuditRow("intent", 5)),
            notices=(Handed("ops", notice("3.1")),),
            incidents=(incident,),
        )
    )
    await store.close()
    again = await Store.open(state)
    try:
        assert (again.ledger, again.last_seq, again.set_aside) == (b"ledger", 3, None)
        assert [row.notice for row in await again.post.page("ops", "3.1", after=0, upto=9, limit=9, now=0)] == [notice("3.1")]
        assert [(row["seq"], row["kind"]) for row in reading.read_audit(state)] == [(1, "alert"), (2, "intent")]
        assert reading.read_incidents(state) == [incident]
    finally:
        await again.close()


async def test_a_new_folder_is_empty(store):
    """At the very first start there is no ledger and no event."""
    assert (store.ledger, store.last_seq) == (None, 0)


async def test_no_ledger_leaves_the_old_one(state, store):
    """A commit without a ledger moves the position and leaves the ledger."""
    await store.commit(Commit(seq=1, ledger=b"one"))
    await store.commit(Commit(seq=2))
    await store.close()
    again = await Store.open(state)
    assert (again.ledger, again.last_seq) == (b"one", 2)
    await again.close()


async def test_an_incident_is_written_over(state, store):
    """An incident that is kept again replaces what was kept of it."""
    row = IncidentRow("1", "r", "e", "t", "a", 5, None, "open")
    closed = IncidentRow("1", "r", "e", "t", "a", 5, 9, "ended", ("TERM", "gone"))
    await store.commit(Commit(seq=1, incidents=(row, IncidentRow("2", "r", "e", "t", "a", 4, None, "held"))))
    await store.commit(Commit(seq=2, incidents=(closed,)))
    assert [row.id for row in reading.read_incidents(state)] == ["2", "1"]
    assert reading.read_incidents(state)[1] == closed
    assert [row.id for row in reading.read_incidents(state, open_only=True)] == ["2"]


async def test_an_event_is_committed_once(state, store):
    """A second commit of the same event, or one of an earlier event, is refused and leaves nothing."""
    await store.commit(Commit(seq=5, audit=(AuditRow("alert", 1),)))
    for seq in (5, 4):
        with pytest.raises(StoreError, match="committed before"):
            await store.commit(Commit(seq=seq, ledger=b"again", audit=(AuditRow("alert", 2),)))
    assert len(list(reading.read_audit(state))) == 1


@pytest.mark.parametrize(
    "rows",
    [
        {"audit": (AuditRow("alert", 1), AuditRow("alert", 2, detail={"x": 2**80}))},
        {"audit": (AuditRow("alert", 1),), "incidents": (IncidentRow("1", "r", "e", "t", "a", 2**80, None, "open"),)},
    ],
)
async def test_a_row_that_cannot_be_written_leaves_nothing_of_its_commit(state, store, rows):
    """A commit that fails half-way is undone as a whole, and the next one goes on where the last good one ended."""
    await store.commit(Commit(seq=1, ledger=b"good", audit=(AuditRow("alert", 1),)))
    with pytest.raises(StoreError):
        await store.commit(Commit(seq=2, ledger=b"bad", **rows))
    await store.commit(Commit(seq=2, audit=(AuditRow("outcome", 3),)))
    assert [row["kind"] for row in reading.read_audit(state)] == ["alert", "outcome"]
    assert reading.verify(state) == Verified(2)
    await store.close()
    again = await Store.open(state)
    assert again.ledger == b"good"
    await again.close()


async def test_an_error_tells_nothing_of_the_row(store):
    """The text of a failure never repeats what was to be written."""
    with pytest.raises(StoreError) as caught:
        await store.commit(Commit(seq=1, audit=(AuditRow("alert", 1, reason="hunter2", detail={"hunter2": 2**80}),)))
    assert "hunter2" not in str(caught.value)


async def test_every_commit_is_synced(store):
    """WAL with synchronous=FULL: a commit that was acknowledged survives a power failure; also after a status was kept, which is not synced."""
    pragmas = ("journal_mode", "synchronous")

    def ask(connection):
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]

    assert await store._writer.read(ask) == ["wal", 2]
    await store.keep_status(b"{}")
    assert await store._writer.read(ask) == ["wal", 2]


async def test_status_is_replaced(state, store):
    """There is one status: the last."""
    assert reading.read_status(state) is None
    await store.keep_status(b'{"a":1}')
    await store.keep_status(b'{"a":2}')
    assert reading.read_status(state) == b'{"a":2}'


async def test_a_cancelled_caller_leaves_the_writer_undisturbed(state, store, notice):
    """A commit whose caller is cancelled is carried out as a whole, wakes the deliverer, and the next one follows it."""
    gate, told = threading.Event(), asyncio.Event()
    store.post.on_news = told.set
    blocked = asyncio.ensure_future(store._writer.read(lambda _: gate.wait(5)))
    task = asyncio.create_task(store.commit(Commit(seq=1, audit=(AuditRow("alert", 1),), notices=(Handed("ops", notice("1.0")),))))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.set()
    await blocked
    await store.commit(Commit(seq=2, audit=(AuditRow("alert", 2),)))
    assert told.is_set()
    assert len(list(reading.read_audit(state))) == 2


async def test_commits_keep_their_order(state, store):
    """Commits that are asked for at once are written in the order in which they were asked for."""
    await asyncio.gather(*(store.commit(Commit(seq=seq, audit=(AuditRow("alert", seq),))) for seq in range(1, 51)))
    assert [row["at"][-4:-1] for row in reading.read_audit(state)] == [f"{seq:03}" for seq in range(1, 51)]
    assert reading.verify(state) == Verified(50)


async def test_messages_wake_the_deliverer(store, notice):
    """`on_news` is called after a commit with messages, and not after one without, nor after one that failed."""
    calls = []
    store.post.on_news = lambda: calls.append(1)
    await store.commit(Commit(seq=1))
    with pytest.raises(StoreError):
        await store.commit(Commit(seq=1, notices=(Handed("ops", notice("1.0")),)))
    assert calls == []
    await store.commit(Commit(seq=2, notices=(Handed("ops", notice("2.0")),)))
    assert calls == [1]


async def test_closing_finishes_what_was_asked_for(state, store):
    """Commits that were asked for before `close` are carried out; later ones are told that they are late. Closing twice is fine."""
    last = asyncio.gather(*(store.commit(Commit(seq=seq, audit=(AuditRow("alert", seq),))) for seq in range(1, 11)))
    await asyncio.sleep(0)
    await store.close()
    await last
    assert "store-writer" not in {thread.name for thread in threading.enumerate()}
    await store.close()
    with pytest.raises(StoreClosedError):
        await store.commit(Commit(seq=11))
    assert len(list(reading.read_audit(state))) == 10
    assert not [path.name for path in state.iterdir() if path.name.endswith("-wal") and path.stat().st_size]


async def test_a_cancelled_close_keeps_the_folder_until_all_is_written(state, store):
    """A shutdown that is itself cut short does not give the folder away while the writer still writes."""
    gate = threading.Event()
    blocked = asyncio.ensure_future(store._writer.read(lambda _: gate.wait(5)))
    closing = asyncio.create_task(store.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    with pytest.raises(StateInUseError):
        await Store.open(state)
    gate.set()
    await store.close()
    await blocked
    await (await Store.open(state)).close()


async def test_the_state_is_private(state, store):
    """The folder is 0700 and every file in it 0600, whatever the umask."""
    await store.commit(Commit(seq=1, ledger=b"x"))
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in state.iterdir()}
    assert {"watchdog.db", "watchdog.db-wal", "agent.lock"} <= set(modes)
    assert set(modes.values()) == {0o600}


async def test_pruning_keeps_the_chain_whole(state, store, clock, notice):
    """Old rows go, a head carries the chain on, also when pruned again, when nothing is left, and when there is nothing to do."""
    for seq in range(1, 11):
        await store.commit(Commit(seq=seq, audit=(AuditRow("alert", 1000 * seq),)))
    assert await store.prune(4_000) == 3
    assert reading.verify(state) == Verified(8)
    first = next(reading.read_audit(state))
    assert (first["seq"], first["kind"], first["detail"]) == (3, "head", {"removed": 3})
    assert await store.prune(4_000) == 0
    assert await store.prune(6_000) == 2
    assert reading.verify(state) == Verified(6)
    assert await store.prune(60_000) == 5
    assert reading.verify(state) == Verified(1)
    (head,) = reading.read_audit(state)
    assert await store.prune(65_000) == 0
    assert list(reading.read_audit(state)) == [head]
    await store.commit(Commit(seq=11, audit=(AuditRow("alert", 70_000),)))
    assert [row["seq"] for row in reading.read_audit(state)] == [10, 11]
    assert reading.verify(state) == Verified(2)


async def test_pruning_stops_at_a_young_row(state, store):
    """Where the clock was set back, old rows behind a young one stay: a chain has no holes."""
    await store.commit(Commit(seq=1, audit=tuple(AuditRow("alert", wall) for wall in (1_000, 9_000, 2_000))))
    assert await store.prune(5_000) == 1
    assert [row["seq"] for row in reading.read_audit(state)] == [1, 2, 3]
    assert reading.verify(state) == Verified(3)


async def test_pruning_forgets_what_ended_and_nothing_else(state, store, clock, notice):
    """Closed incidents and messages that ended go with their time; what is open or waits stays, however old."""
    old = IncidentRow("1", "r", "e", "t", "a", 1, 2, "ended")
    still = IncidentRow("2", "r", "e", "t", "a", 1, None, "open")
    await store.commit(Commit(seq=1, incidents=(old, still), notices=(Handed("ops", notice("1.0")), Handed("ops", notice("1.1")))))
    await store.post.arrived("ops", "1.0", card=Card(group="1.0"), is_over=True, upto=1, wall=clock.now, answer="")
    await store.prune(clock.now + 1)
    assert [row.id for row in reading.read_incidents(state)] == ["2"]
    counts = reading.read_outbox_counts(state)["ops"]
    assert (counts.waiting, counts.delivered) == (1, 1)
    assert (await store.post.card_of("ops", "1.0"), await store.post.card_of("ops", "1.1")) == (None, None)


async def test_a_cancelled_opening_leaves_nothing_behind(state, monkeypatch):
    """An agent that is told to end while it opens its state leaves neither a thread nor a lock, and keeps the lock as long as the thread."""
    gate, really = threading.Event(), opening.connect_or_set_aside

    def slow(path, *, wall):
        gate.wait(1.5)
        return really(path, wall=wall)

    monkeypatch.setattr(store_module, "connect_or_set_aside", slow)
    task = asyncio.create_task(Store.open(state))
    await asyncio.sleep(0)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "store-writer"]
    task.cancel()
    await asyncio.sleep(0)
    assert is_running(state)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_running(state) is None
    await asyncio.to_thread(thread.join, 1.5)
    assert not thread.is_alive()
    await (await Store.open(state)).close()
