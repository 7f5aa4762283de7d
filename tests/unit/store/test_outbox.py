"""The outbox: order in a thread, heads, waiting, ends."""

import pytest

from watchdog.store.outbox import LONGEST_WAIT, OutboxCounts
from watchdog.store.store import Commit, Store


async def ids(store, now, receiver="ops"):
    """The ids of the notices that are due."""
    return [head.notice.id for head in await store.due(receiver, now)]


@pytest.fixture
async def box(store, notice):
    """Two threads of two messages each for `ops`, and one message for `dev`."""
    notices = (notice("1", "a"), notice("2", "a"), notice("3", "b"), notice("4", "b"))
    await store.commit(Commit(seq=1, notices=(*(("ops", one) for one in notices), ("dev", notice("5", "a")))))
    return store


async def test_only_the_oldest_of_a_thread_is_due(box, clock):
    """Each thread shows its head; the next one comes when the head is through, delivered or given up."""
    assert await ids(box, clock.now) == ["1", "3"]
    one, three = await box.due("ops", clock.now)
    await box.delivered(one.id, "ops", clock.now)
    assert await ids(box, clock.now) == ["2", "3"]
    await box.given_up(three.id, "ops", "answered 410 Gone")
    assert await ids(box, clock.now) == ["2", "4"]


async def test_a_failing_head_blocks_only_its_thread(box, clock):
    """A head that failed is not due before its time, and neither is what stands behind it; the other thread goes on."""
    one, _ = await box.due("ops", clock.now)
    await box.failed(one.id, "ops", "answered 500", clock.now + 60_000)
    assert await ids(box, clock.now) == ["3"]
    assert await ids(box, clock.now + 59_999) == ["3"]
    assert sorted(await ids(box, clock.now + 60_000)) == ["1", "3"]


async def test_receivers_do_not_wait_for_each_other(box, clock):
    """The same thread at another receiver has a head of its own; a receiver nobody wrote to has none."""
    assert await ids(box, clock.now, "dev") == ["5"]
    assert await ids(box, clock.now, "nobody") == []
    assert await box.next_due("nobody") is None


async def test_next_due_is_that_of_the_heads(box, clock):
    """The next time to look is the earliest of the heads, whatever stands behind them; None once all is through."""
    assert await box.next_due("ops") <= clock.now
    one, three = await box.due("ops", clock.now)
    await box.failed(one.id, "ops", "x", clock.now + 60_000)
    await box.failed(three.id, "ops", "x", clock.now + 30_000)
    assert await box.next_due("ops") == clock.now + 30_000
    (five,) = await box.due("dev", clock.now)
    await box.delivered(five.id, "dev", clock.now)
    assert await box.next_due("dev") is None


async def test_news_is_not_kept_waiting_by_old_trouble(store, notice, clock):
    """Of all that is due, what failed least often comes first; no more than 8 at a time."""
    await store.commit(Commit(seq=1, notices=tuple(("ops", notice(f"old{n}")) for n in range(8))))
    for head in await store.due("ops", clock.now):
        await store.failed(head.id, "ops", "x", clock.now)
    await store.commit(Commit(seq=2, notices=(("ops", notice("news")),)))
    due = await ids(store, clock.now)
    assert due[0] == "news"
    assert len(due) == 8


async def test_a_clock_that_was_set_back_delays_nothing(box, clock):
    """A time further ahead than anything is ever put off was written by a clock that has been set back since: due at once."""
    one, _ = await box.due("ops", clock.now)
    await box.failed(one.id, "ops", "x", clock.now + LONGEST_WAIT)
    assert "1" not in await ids(box, clock.now)
    assert "1" in await ids(box, clock.now - 1)


async def test_attempts_and_errors_survive_a_restart(state, box, clock, notice):
    """What waits, how often it failed and when it is due again are found after a restart."""
    one, _ = await box.due("ops", clock.now)
    await box.failed(one.id, "ops", "answered 500 Internal Server Error", clock.now + 60_000)
    await box.close()
    again = await Store.open(state, clock=clock)
    try:
        assert await ids(again, clock.now) == ["3"]
        head = next(head for head in await again.due("ops", clock.now + 60_000) if head.notice.id == "1")
        assert (head.id, head.attempts, head.written, head.notice) == (one.id, 1, clock.now, notice("1", "a"))
        assert (await again.outbox_counts())["ops"].last_error == "answered 500 Internal Server Error"
    finally:
        await again.close()


async def test_counts_tell_how_a_receiver_stands(box, clock):
    """Waiting, delivered, given up, the oldest that waits and the last error, by receiver."""
    written = clock.now
    one, three = await box.due("ops", clock.now)
    await box.failed(one.id, "ops", "no answer", clock.now)
    await box.delivered(one.id, "ops", clock.now)
    await box.given_up(three.id, "ops", "answered 410 Gone")
    assert await box.outbox_counts() == {
        "dev": OutboxCounts(waiting=1, delivered=0, given_up=0, oldest=written, last_error=""),
        "ops": OutboxCounts(waiting=2, delivered=1, given_up=1, oldest=written, last_error="answered 410 Gone"),
    }


async def test_what_ended_stays_ended(box, clock):
    """A late word about a message that ended, or about that of another receiver, changes nothing."""
    one, _ = await box.due("ops", clock.now)
    await box.failed(one.id, "dev", "not yours", clock.now + 5)
    assert "1" in await ids(box, clock.now)
    await box.delivered(one.id, "ops", clock.now)
    await box.failed(one.id, "ops", "late", clock.now)
    await box.given_up(one.id, "ops", "later")
    counts = (await box.outbox_counts())["ops"]
    assert (counts.delivered, counts.given_up, counts.last_error) == (1, 0, "")


async def test_a_long_error_is_cut(box, clock):
    """However much an error says, a row stays small."""
    one, _ = await box.due("ops", clock.now)
    await box.failed(one.id, "ops", "x" * 100_000, clock.now)
    assert len((await box.outbox_counts())["ops"].last_error) == 300


@pytest.mark.parametrize("data", ["'no JSON'", """'{"id":"1","kind":"of another version"}'"""])
async def test_a_message_that_cannot_be_read_blocks_nobody(box, clock, tamper, caplog, data):
    """A message that nobody can make sense of any more is given up loudly, without quoting it, and the next of its thread has its turn."""
    tamper(f"UPDATE outbox SET notice = CAST({data} AS BLOB) WHERE id = 1")
    assert await ids(box, clock.now) == ["3"]
    assert await ids(box, clock.now) == ["2", "3"]
    assert (await box.outbox_counts())["ops"].given_up == 1
    assert caplog.messages == ["Message 1 to ops can't be read any more and is given up"]
