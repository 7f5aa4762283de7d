"""Every server that stands for Redis runs the scripts alike, and refuses them in words that are understood."""

from collections.abc import AsyncIterator

import pytest

from tests.service.edit.conftest import JID, PAYLOADS, ask
from tests.service.matrix.parts import STORES, Store
from watchdog.model.quarantine import CameFrom
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.failures import NotEditedError
from watchdog.sidekiq.edit.locks import give_back_locks, holder_of
from watchdog.sidekiq.edit.put_back import AlreadyDone, Done, Found, Token, ToRetry, ToSchedule
from watchdog.sidekiq.edit.take_out import Absent, Taken, forget_dead, take_out
from watchdog.sidekiq.keys import Keys

pytestmark = [pytest.mark.timeout(180)]


@pytest.fixture(params=[pytest.param(kind, marks=pytest.mark.needs(suite), id=kind) for kind, (suite, _) in STORES.items()])
async def store(request, tmp_path) -> AsyncIterator[Store]:
    """A server of each kind that this machine has."""
    one = Store(request.param, tmp_path / "store")
    try:
        yield await one.start()
    finally:
        await one.close()


@pytest.fixture
async def edits(store) -> AsyncIterator[Edits]:
    """Edits on it."""
    one = Edits(url=store.url, keys=Keys())
    yield one
    one.close()


async def test_every_payload_there_and_back(store, edits):
    """Put back, taken, kept among the dead and released: the same bytes, and the same score."""
    client = store.client()
    for name, payload in PAYLOADS.items():
        await client.flushdb()
        assert await ask(edits, payload=payload, place=ToRetry(0, "1795354499.1234567")) == Done(), name
        assert await ask(edits, payload=payload) == AlreadyDone(), name
        assert await client.zscore("retry", payload) == 1795354499.1234567, name
        outcome = await take_out(edits, token="t", payload=payload, came_from=CameFrom.RETRY, in_dead_set_at=1000)
        assert isinstance(outcome, Taken), name
        assert float(outcome.score) == 1795354499.1234567
        assert await client.zrange("dead", 0, -1) == [payload], name
        place = ToSchedule(0, outcome.score)
        assert await ask(edits, token=Token("r", JID), payload=payload, place=place, leaves_dead_set=True) == Done(), name
        assert await client.zrange("schedule", 0, -1, withscores=True) == [(payload, 1795354499.1234567)], name
        assert await ask(edits, token=Token("x", JID), payload=payload) == Found("schedule"), name
        assert await take_out(edits, token="u", payload=payload, came_from=CameFrom.QUEUE, queue="push") == Absent(), name
        assert await client.exists("retry", "dead", "queue:push") == 0, name


async def test_what_it_looks_through(store, edits):
    """A failed job by its jid, a job that another process runs, a lock: all commands that the scripts use are there."""
    client = store.client()
    failed = b'{"class":"A","args":[],"jid":"%s","retry_count":0}' % JID.encode()
    now = (await client.time())[0]
    await client.zadd("retry", {failed: now + 18})
    assert await ask(edits) == Found("retry")
    await client.flushdb()
    await client.sadd("processes", "vm:2:b")
    await client.hset("vm:2:b:work", "t", b'{"queue":"push","payload":%s}' % failed)
    assert await ask(edits) == Found("running")
    await client.hset("uniquejobs:a:LOCKED", JID, "1.0")
    assert await holder_of(edits, ("uniquejobs:a",)) == JID
    assert await give_back_locks(edits, jid=JID, locks=("uniquejobs:a",)) == 1
    assert not await forget_dead(edits, b"x")


async def test_its_refusals_are_understood(store, edits):
    """Full, a replica, without a right, a key of another type: each has its word, and nothing was changed."""
    client = store.client()
    await client.config_set("maxmemory", "1")
    with pytest.raises(NotEditedError) as full:
        await ask(edits)
    await client.config_set("maxmemory", "0")
    await client.replicaof("127.0.0.1", "1")
    with pytest.raises(NotEditedError) as replica:
        await ask(edits)
    await client.replicaof("NO", "ONE")
    await client.execute_command("ACL", "SETUSER", "one", "reset", "on", ">pw", "~*", "+@all", "-rpush")
    limited = Edits(url=store.url.replace("redis://", "redis://one:pw@"), keys=Keys())
    with pytest.raises(NotEditedError) as denied:
        await ask(limited)
    limited.close()
    await client.set("queue:push", "a string")
    with pytest.raises(NotEditedError) as strange:
        await ask(edits)

    assert [failure.value.code for failure in (full, replica, denied, strange)] == ["oom", "readonly", "noperm", "wrongtype"]
    assert set(await client.keys("*")) <= {b"queue:push", b"queues"}
