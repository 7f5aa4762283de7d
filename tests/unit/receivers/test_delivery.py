"""The deliverer: order, patience, restarts, and what it does when the world is against it."""

import asyncio
import contextlib
import logging

import pytest

from tests.patience import PATIENCE
from watchdog.receivers.delivery import Deliverer
from watchdog.receivers.receiver import RefusedError, TryAgainError
from watchdog.store.failures import StoreClosedError, StoreError
from watchdog.store.store import Commit

DAY = 24 * 3_600_000


class Told:
    """A receiver that keeps what it was told, and fails where a notice has an answer in `trouble`."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.trouble: dict[str, Exception] = {}
        self.closed = False

    async def send(self, notice):
        self.heard.put_nowait(notice.id)
        if notice.id in self.trouble:
            raise self.trouble[notice.id]

    async def close(self):
        self.closed = True

    async def next(self, count=1):
        """The ids of the next attempts, in no order where threads differ."""
        return [await asyncio.wait_for(self.heard.get(), PATIENCE) for _ in range(count)]


@contextlib.asynccontextmanager
async def delivering(store, receivers, clock):
    """A deliverer at work; it is cancelled at the end, as the daemon does it."""
    deliverer = Deliverer(store, receivers, clock)
    task = asyncio.create_task(deliverer.run())
    try:
        yield deliverer
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def told():
    """A receiver."""
    return Told()


@pytest.fixture
def write(store, notice):
    """Commit notices to the receiver `ops`, given as (id, thread)."""
    seq = iter(range(1, 1_000))

    async def commit(*pairs, receiver="ops"):
        await store.commit(Commit(seq=next(seq), notices=tuple((receiver, notice(id_, thread)) for id_, thread in pairs)))

    return commit


@pytest.fixture
def recorded(store, until):
    """Wait until the outbox says so of `ops`."""

    async def wait(**expected):
        async def ask():
            counts = (await store.outbox_counts()).get("ops")
            return counts and all(getattr(counts, name) == value for name, value in expected.items())

        await until(ask, what=str(expected))

    return wait


async def test_messages_go_out_in_the_order_of_their_thread(store, told, clock, write, recorded):
    """What waits when the deliverer begins and what is written later goes out, each thread in order, and is recorded as delivered."""
    await write(("1", "a"), ("2", "a"), ("3", "b"))
    async with delivering(store, {"ops": told}, clock):
        first = await told.next(3)
        assert set(first) == {"1", "2", "3"}
        assert first.index("1") < first.index("2")
        await write(("4", "a"), ("5", "a"))
        assert await told.next(2) == ["4", "5"]
        await recorded(waiting=0, delivered=5)
    assert told.heard.empty()


async def test_a_failing_thread_blocks_only_itself(store, told, clock, write, recorded):
    """What stands behind a failing message waits for it; other threads go on. After its time it is tried again, and then the rest follows in order."""
    told.trouble["1"] = TryAgainError("answered 500")
    await write(("1", "a"), ("2", "a"), ("3", "b"))
    async with delivering(store, {"ops": told}, clock):
        assert set(await told.next(2)) == {"1", "3"}
        await recorded(waiting=2, delivered=1, last_error="answered 500")
        told.trouble.clear()
        await write(("4", "b"))
        assert await told.next() == ["4"]
        clock.now += 2_000
        store.on_outbox()
        assert await told.next(2) == ["1", "2"]
        await recorded(waiting=0, delivered=4)


async def test_receivers_are_served_independently(store, told, clock, write):
    """A receiver that hangs holds up nobody else."""

    class Hanging(Told):
        async def send(self, notice):
            await asyncio.Event().wait()

    await write(("1", "a"), receiver="hanging")
    await write(("2", "a"))
    async with delivering(store, {"hanging": Hanging(), "ops": told}, clock):
        assert await told.next() == ["2"]


async def test_waits_are_written_down(store, told, clock, write, recorded):
    """When it is tried again stands in the outbox: by our own backoff, or as the receiver asked for."""
    told.trouble = {
        "1": TryAgainError("answered 500"),
        "2": TryAgainError("answered 429 Too Many Requests", 120_000),
        "3": RefusedError("answered 410 Gone"),
    }
    for id_, low, high in (("1", 1_000, 2_000), ("2", 120_000, 120_000), ("3", 5_000, 10_000)):
        await write((id_, id_))
        async with delivering(store, {"ops": told}, clock):
            assert await told.next() == [id_]
            await recorded(last_error=told.trouble[id_].reason)
        assert low <= await store.next_due("ops") - clock.now <= high
        (head,) = await store.due("ops", clock.now + DAY // 24 - 1)
        await store.delivered(head.id, "ops", clock.now)


async def test_a_new_deliverer_goes_on_from_there(store, told, clock, write, recorded):
    """After a restart order and waiting times are as they were: nothing early, nothing twice, nothing forgotten."""
    told.trouble["1"] = TryAgainError("answered 503", 60_000)
    await write(("1", "a"), ("2", "a"))
    async with delivering(store, {"ops": told}, clock):
        assert await told.next() == ["1"]
        await recorded(last_error="answered 503")
    told.trouble.clear()
    clock.now += 59_000
    async with delivering(store, {"ops": told}, clock):
        await write(("3", "b"))
        assert await told.next() == ["3"]
        await recorded(waiting=2)
    clock.now += 1_000
    async with delivering(store, {"ops": told}, clock):
        assert await told.next(2) == ["1", "2"]
        await recorded(waiting=0, delivered=3)
    assert told.heard.empty()


async def test_a_kill_before_the_record_sends_again(store, clock, write, recorded):
    """A deliverer that is ended when the receiver has the message but the outbox does not know it: the next one sends it again, with the same id."""

    class Late(Told):
        async def send(self, notice):
            await super().send(notice)
            await asyncio.Event().wait()

    late, told = Late(), Told()
    await write(("1", "a"), ("2", "a"))
    async with delivering(store, {"ops": late}, clock):
        assert await late.next() == ["1"]
    async with delivering(store, {"ops": told}, clock):
        assert await told.next(2) == ["1", "2"]
        await recorded(waiting=0, delivered=2)


async def test_what_cannot_be_recorded_is_not_sent_again(store, told, clock, write, recorded, monkeypatch):
    """While the disk is full a delivered message is recorded again and again, and sent only once."""
    failures = iter([StoreError("database or disk is full")] * 3)
    delivered = store.delivered

    async def full(*arguments):
        if error := next(failures, None):
            raise error
        await delivered(*arguments)

    monkeypatch.setattr(store, "delivered", full)
    await write(("1", "a"), ("2", "a"))
    async with delivering(store, {"ops": told}, clock) as deliverer:
        monkeypatch.setattr(deliverer._patiently, "sleep", lambda _: asyncio.sleep(0))
        await recorded(waiting=0, delivered=2)
    assert await told.next(2) == ["1", "2"]
    assert told.heard.empty()


async def test_giving_up_is_loud(store, told, clock, write, recorded, caplog):
    """After three days and many attempts a message is given up: in the log as an error, counted, and the next of its thread has its turn."""
    told.trouble["1"] = RefusedError("answered 410 Gone", 1_000)
    await write(("1", "a"), ("2", "a"))
    async with delivering(store, {"ops": told}, clock):
        for attempt in range(1, 20):
            assert await told.next() == ["1"], attempt
            await recorded(waiting=2, given_up=0)
            clock.now += DAY
            store.on_outbox()
        assert await told.next(2) == ["1", "2"]
        await recorded(waiting=0, given_up=1, delivered=1, last_error="answered 410 Gone")
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == "Message 1 to ops is given up after 20 attempts: answered 410 Gone"


async def test_a_fault_in_a_receiver_stops_nobody(store, told, clock, write, recorded, caplog):
    """An exception that nobody foresaw delays the message it came from; the rest goes on, and the log names the place but not the text."""
    told.trouble["1"] = ValueError("http://example.org/?token=topsecret")
    await write(("1", "a"), ("2", "b"))
    async with delivering(store, {"ops": told}, clock):
        assert set(await told.next(2)) == {"1", "2"}
        await recorded(waiting=1, delivered=1, last_error="internal error: ValueError")
        await write(("3", "b"))
        assert await told.next() == ["3"]
    assert "ValueError in " in caplog.text
    assert "test_delivery.py:" in caplog.text
    assert "topsecret" not in caplog.text


async def test_forgotten_receivers_are_named(store, told, clock, write, caplog):
    """Messages for a receiver that the config does not name any more wait, and the log says so once."""
    await write(("1", "a"), ("2", "a"), receiver="gone")
    await write(("3", "a"))
    async with delivering(store, {"ops": told}, clock):
        assert await told.next() == ["3"]
    assert caplog.messages == ["2 messages wait for receiver gone, which the config does not name any more"]
    assert (await store.outbox_counts())["gone"].waiting == 2


async def test_an_end_in_order(store, told, clock):
    """At its end the deliverer closes its receivers and listens no more, unless another one listens already."""
    async with delivering(store, {"ops": told}, clock):
        await asyncio.sleep(0)
        assert store.on_outbox is not None
    assert told.closed
    assert store.on_outbox is None
    async with delivering(store, {}, clock):
        await asyncio.sleep(0)
        store.on_outbox = print
    assert store.on_outbox is print


async def test_a_closed_store_ends_it(store, told, clock, write):
    """The deliverer does not wait for a store that will never answer again: that is an error of whoever closed it."""
    task = asyncio.create_task(Deliverer(store, {"ops": told}, clock).run())
    await write(("1", "a"))
    assert await told.next() == ["1"]
    news = store.on_outbox
    await store.close()
    news()
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(task, PATIENCE)
    assert caught.group_contains(StoreClosedError)
