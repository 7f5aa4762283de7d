"""The deliverer: order, patience, restarts, and what it does when the world is against it."""

import asyncio
import logging

import pytest

from tests.patience import PATIENCE
from tests.unit.receivers.told import Told, delivering
from watchdog.model.cards import Card
from watchdog.receivers.delivery import Deliverer
from watchdog.receivers.receiver import RefusedError, TryAgainError
from watchdog.store.cards import Terms
from watchdog.store.failures import StoreClosedError, StoreError
from watchdog.store.outbox import Handed
from watchdog.store.store import Commit

DAY = 24 * 3_600_000


@pytest.fixture
def told():
    """A receiver."""
    return Told()


@pytest.fixture
def write(store, notice):
    """Commit notices to the receiver `ops`, given as (id, thread)."""
    seq = iter(range(1, 1_000))

    async def commit(*pairs, receiver="ops"):
        await store.commit(Commit(seq=next(seq), notices=tuple(Handed(receiver, notice(id_, thread)) for id_, thread in pairs)))

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


async def test_messages_go_out_in_the_order_of_their_group(store, told, clock, write, recorded):
    """What waits when the deliverer begins goes out together, a dispatch a group, each in order; what is written later follows, and all of it is recorded as delivered."""
    await write(("1", "a"), ("2", "a"), ("3", "b"))
    async with delivering(store, {"ops": told}, clock):
        assert sorted([[one.id for one in (await told.next()).notices] for _ in range(2)]) == [["1", "2"], ["3"]]
        await recorded(waiting=0)
        await write(("4", "a"))
        assert await told.ids() == ["4"]
        await write(("5", "a"))
        assert await told.ids() == ["5"]
        await recorded(waiting=0, delivered=5, dispatches=4, again=0)
    assert told.heard.empty()


async def test_a_failing_group_blocks_only_itself(store, told, clock, write, recorded):
    """What stands behind a failing dispatch waits for it; other groups go on. After its time it is tried again as it was, and then the rest follows in order."""
    told.trouble["1"] = TryAgainError("answered 500")
    await write(("1", "a"), ("3", "b"))
    async with delivering(store, {"ops": told}, clock):
        assert set(await told.ids(2)) == {"1", "3"}
        await recorded(waiting=1, delivered=1, last_error="answered 500")
        told.trouble.clear()
        await write(("2", "a"), ("4", "b"))
        assert await told.ids() == ["4"]
        clock.now += 2_000
        store.post.tell()
        assert await told.ids(2) == ["1", "2"]
        await recorded(waiting=0, delivered=4, again=1, last_error="")


async def test_what_surely_has_not_arrived_is_put_together_anew(store, told, clock, write, recorded):
    """Then what has come since goes along with it, in one dispatch; it counts as no repetition."""
    told.trouble["1"] = TryAgainError("can't connect: Connection refused", untouched=True)
    await write(("1", "a"))
    async with delivering(store, {"ops": told}, clock):
        assert await told.ids() == ["1"]
        await recorded(waiting=1, last_error="can't connect: Connection refused")
        told.trouble.clear()
        await write(("2", "a"))
        clock.now += 2_000
        store.post.tell()
        assert [one.id for one in (await told.next()).notices] == ["1", "2"]
        await recorded(waiting=0, delivered=2, dispatches=1, again=0)


async def test_once_it_may_have_arrived_it_stays_as_it_is(store, told, clock, write, recorded):
    """An attempt of which nobody knows what came of it, and then a connection that is refused: what is sent after that is still the very same."""
    await write(("1", "a"))
    async with delivering(store, {"ops": told}, clock):
        ids = []
        for error in (TryAgainError("no answer within 10 s"), TryAgainError("can't connect: Connection refused", untouched=True)):
            told.trouble["1"] = error
            clock.now += 300_000
            store.post.tell()
            dispatch = await told.next()
            ids.append((dispatch.id, [one.id for one in dispatch.notices]))
            await recorded(last_error=error.reason)
            await write((f"later{len(ids)}", "a"))
        told.trouble.clear()
        clock.now += 300_000
        store.post.tell()
        dispatch = await told.next()
        ids.append((dispatch.id, [one.id for one in dispatch.notices]))
        assert ids == [ids[0]] * 3
        assert await told.ids(2) == ["later1", "later2"]
        await recorded(waiting=0, delivered=3, again=2)


async def test_receivers_are_served_independently(store, told, clock, write):
    """A receiver that hangs holds up nobody else."""

    class Hanging(Told):
        async def send(self, dispatch, remember, /):
            await asyncio.Event().wait()
            return ""

    await write(("1", "a"), receiver="hanging")
    await write(("2", "a"))
    async with delivering(store, {"hanging": Hanging(), "ops": told}, clock):
        assert await told.ids() == ["2"]


async def test_waits_are_written_down(store, told, clock, write, recorded):
    """When it is tried again stands in the outbox: by our own backoff, or as the receiver asked for."""
    told.trouble = {
        "1": TryAgainError("answered 500"),
        "2": TryAgainError("answered 429 Too Many Requests", 120_000),
        "3": RefusedError("answered 410 Gone"),
    }
    for id_, low, high in (("1", 1_000, 2_000), ("3", 5_000, 10_000), ("2", 120_000, 120_000)):
        await write((id_, id_))
        async with delivering(store, {"ops": told}, clock):
            assert await told.ids() == [id_]
            await recorded(last_error=told.trouble[id_].reason)
        look = await store.post.look("ops", Terms(), clock.now)
        assert low <= look.next - clock.now <= high
        assert look.alone_until == (clock.now + 120_000 if id_ == "2" else 0)
        await store.post.arrived("ops", id_, card=Card(group=id_), is_over=True, upto=1_000, wall=clock.now, answer="")


async def test_a_new_deliverer_goes_on_from_there(store, told, clock, write, recorded):
    """After a restart order and waiting times are as they were: nothing early, nothing forgotten."""
    told.trouble["1"] = TryAgainError("answered 500")
    await write(("1", "a"))
    async with delivering(store, {"ops": told}, clock):
        assert await told.ids() == ["1"]
        await recorded(last_error="answered 500")
    told.trouble.clear()
    clock.now += 999
    async with delivering(store, {"ops": told}, clock):
        await write(("2", "a"), ("3", "b"))
        assert await told.ids() == ["3"]
        await recorded(waiting=2)
    clock.now += 1_001
    async with delivering(store, {"ops": told}, clock):
        assert await told.ids(2) == ["1", "2"]
        await recorded(waiting=0, delivered=3)
    assert told.heard.empty()


async def test_a_receiver_that_wants_to_be_left_alone_is(store, told, clock, write, recorded):
    """What it asks for holds for all that waits for it, also after a restart."""
    told.trouble["1"] = TryAgainError("answered 429 Too Many Requests", 60_000, untouched=True)
    await write(("1", "a"))
    async with delivering(store, {"ops": told}, clock):
        assert await told.ids() == ["1"]
        await recorded(failures=1)
    told.trouble.clear()
    await write(("2", "b"))
    clock.now += 59_999
    other = Told()
    await write(("3", "b"), receiver="other")
    async with delivering(store, {"ops": told, "other": other}, clock):
        assert await other.ids() == ["3"]
        assert told.heard.empty()
        clock.now += 1
        store.post.tell()
        assert sorted(await told.ids(2)) == ["1", "2"]
        await recorded(waiting=0, failures=0, failing=None)


async def test_a_kill_before_the_record_sends_again(store, clock, write, recorded):
    """A deliverer that is ended when the receiver has the dispatch but the outbox does not know it: the next one sends the very same again, and it is counted."""

    class Late(Told):
        async def send(self, dispatch, remember, /):
            await super().send(dispatch, remember)
            await asyncio.Event().wait()
            return ""

    late, told = Late(), Told()
    await write(("1", "a"), ("2", "a"))
    async with delivering(store, {"ops": late}, clock):
        first = await late.next()
    await write(("3", "a"))
    async with delivering(store, {"ops": told}, clock):
        assert await told.next() == first
        assert await told.ids() == ["3"]
        await recorded(waiting=0, delivered=3, again=1, dispatches=2)


async def test_what_cannot_be_recorded_is_not_sent_again(store, told, clock, write, recorded, monkeypatch):
    """While the disk is full a delivered dispatch is recorded again and again, and sent only once."""
    failures = iter([StoreError("database or disk is full")] * 3)
    arrived = store.post.arrived

    async def full(*arguments, **more):
        if error := next(failures, None):
            raise error
        await arrived(*arguments, **more)

    monkeypatch.setattr(store.post, "arrived", full)
    await write(("1", "a"), ("2", "a"))
    async with delivering(store, {"ops": told}, clock) as deliverer:
        monkeypatch.setattr(deliverer.carriers["ops"]._patiently, "sleep", lambda _: asyncio.sleep(0))
        await recorded(waiting=0, delivered=2)
    assert await told.ids(2) == ["1", "2"]
    assert told.heard.empty()


async def test_giving_up_is_loud(store, told, clock, write, recorded, caplog):
    """After three days and many attempts a message is given up: in the log as an error, counted; what comes next says that something was missed, and the card has it."""
    told.trouble["1"] = TryAgainError("answered 502 Bad Gateway")
    await write(("1", "a"))
    async with delivering(store, {"ops": told}, clock):
        for attempt in range(1, 20):
            assert await told.ids() == ["1"], attempt
            await recorded(waiting=1, given_up=0, failures=attempt)
            clock.now += DAY
            store.post.tell()
        assert await told.ids() == ["1"]
        await recorded(waiting=0, given_up=1, last_error="answered 502 Bad Gateway")
        told.trouble.clear()
        await write(("2", "a"))
        await store.post.retry("ops")
        dispatch = await told.next()
        assert ([one.id for one in dispatch.notices], dispatch.missed, dispatch.card.told) == (["2"], 1, 2)
        await recorded(waiting=0, given_up=1, delivered=1)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == "1 messages to ops are given up after 20 attempts: answered 502 Bad Gateway"


async def test_a_fault_in_a_receiver_stops_nobody(store, told, clock, write, recorded, caplog):
    """An exception that nobody foresaw delays the group it came from; the rest goes on, and the log names the place but not the text."""
    told.trouble["1"] = ValueError("http://example.org/?token=topsecret")
    await write(("1", "a"), ("2", "b"))
    async with delivering(store, {"ops": told}, clock):
        assert set(await told.ids(2)) == {"1", "2"}
        await recorded(waiting=1, delivered=1, last_error="internal error: ValueError")
        await write(("3", "b"))
        assert await told.ids() == ["3"]
    assert "ValueError in " in caplog.text
    assert "told.py:" in caplog.text
    assert "topsecret" not in caplog.text


async def test_forgotten_receivers_are_named(store, told, clock, write, caplog):
    """Messages for a receiver that the config does not name any more wait, and the log says so once."""
    await write(("1", "a"), ("2", "a"), receiver="gone")
    await write(("3", "a"))
    async with delivering(store, {"ops": told}, clock):
        assert await told.ids() == ["3"]
    assert caplog.messages == ["2 messages wait for receiver gone, which the config does not name any more"]
    assert (await store.outbox_counts())["gone"].waiting == 2


async def test_an_end_in_order(store, told, clock):
    """At its end the deliverer closes its receivers and listens no more, unless another one listens already."""
    async with delivering(store, {"ops": told}, clock):
        await asyncio.sleep(0)
        assert store.post.on_news is not None
    assert told.closed
    assert store.post.on_news is None
    async with delivering(store, {}, clock):
        await asyncio.sleep(0)
        store.post.on_news = print
    assert store.post.on_news is print


async def test_a_closed_store_ends_it(store, told, clock, write):
    """The deliverer does not wait for a store that will never answer again: that is an error of whoever closed it."""
    task = asyncio.create_task(Deliverer(store, {"ops": told}, clock).run())
    await write(("1", "a"))
    assert await told.ids() == ["1"]
    news = store.post.on_news
    await store.close()
    news()
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(task, PATIENCE)
    assert caught.group_contains(StoreClosedError)
