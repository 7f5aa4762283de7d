"""Counting orphaned locks of sidekiq-unique-jobs, those of earlier kills, too."""

import asyncio
import time
from typing import Any

import orjson
import pytest

from tests.service.gem_stand_ins import UniqueJobsStandIn
from watchdog.daemon.lock_counting import LockCounter
from watchdog.recovery import lock_census
from watchdog.recovery.lock_census import LockCensus, count_orphans
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.keys import Keys

pytestmark = pytest.mark.needs("redis-server")
HOUR = 3_600


@pytest.fixture
def gem(redis_server) -> UniqueJobsStandIn:
    """The gem on an empty Redis."""
    return UniqueJobsStandIn(redis_server.client())


async def count(url: str, **settings: Any) -> LockCensus:
    """Count once."""
    edits = Edits(url=url, keys=Keys())
    try:
        return await count_orphans(edits, wall=int(time.time() * 1000), **settings)
    finally:
        edits.close()


def orphaned(counter: LockCounter) -> int:
    """How many it has found last."""
    return 0 if counter.found is None else counter.found.orphaned


async def test_those_that_stand_nowhere_are_counted(redis_server, gem):
    """Of the old ones: not what waits, is to be tried again, outlives its job by intent, or has just been locked; and since when the oldest stands."""
    now = time.time()
    gone = [await gem.push("Push", [number], now - number * HOUR) for number in range(1, 12)]
    waits, retried = await gem.push("Push", ["w"], now - HOUR), await gem.push("Push", ["r"], now - HOUR)
    await gem.push("Push", ["e"], now - HOUR, kind="until_expired")
    await gem.push("Push", ["young"], now)
    await gem.client.sadd("queues", "push")
    await gem.client.lpush("queue:push", waits, orjson.dumps({"jid": "other", "args": [orjson.loads(gone[0])["jid"]]}))
    await gem.client.zadd("retry", {retried: now + HOUR})
    found = await count(redis_server.url, apart=0)

    assert found == LockCensus(14, 13, 11, found.since)
    assert found.since == pytest.approx((now - 11 * HOUR) * 1000, abs=2)


async def test_a_job_between_two_places_is_not_counted(redis_server, gem, monkeypatch):
    """At the first look it stands nowhere, at the second it does, or has ended: no more is said of it than is true."""
    now = time.time()
    taken, over = await gem.push("Push", [1], now - HOUR), await gem.push("Push", [2], now - HOUR)
    looks = []

    async def go_on(seconds: float) -> None:
        looks.append(seconds)
        await gem.client.zadd("retry", {taken: now})
        await gem.end(over)

    monkeypatch.setattr(lock_census, "rest", go_on)
    assert await count(redis_server.url) == LockCensus(2, 2, 0)
    assert looks == [21.0]


async def test_more_than_is_gone_through(redis_server, gem, monkeypatch):
    """Only the oldest of very many locks, which is said; and nothing where very many jobs wait."""
    now = time.time()
    for number in range(4):
        await gem.push("Push", [number], now - (10 - number) * HOUR)
    monkeypatch.setattr(lock_census, "MOST_LOCKS", 3)
    found = await count(redis_server.url, apart=0)
    assert (found.locks, found.looked_at, found.orphaned) == (4, 3, 3)
    monkeypatch.setattr(lock_census, "MOST_JOBS", 2)
    await gem.client.zadd("schedule", {b"a": 1, b"b": 1, b"c": 1})
    assert await count(redis_server.url, apart=0) == LockCensus(4, trouble="3 jobs wait, too many to go through")


async def test_keys_of_another_kind(redis_server, gem):
    """It is said, and no more."""
    await gem.client.set("uniquejobs:digests", "secret")
    found = await count(redis_server.url)
    assert found.trouble
    assert "secret" not in found.trouble


async def test_it_is_counted_again_and_again(redis_server, gem, until):
    """Nothing is known before the first time; each count has a connection of its own, which is closed."""
    made: list[Edits] = []

    def connection() -> Edits:
        made.append(Edits(url=redis_server.url, keys=Keys()))
        return made[-1]

    counter = LockCounter(connection, wall=lambda: int(time.time() * 1000), first=0, every=0.05, apart=0)
    assert counter.found is None
    task = asyncio.create_task(counter.run())
    try:
        await until(lambda: counter.found == LockCensus(), what="the first count")
        await gem.push("Push", [1], time.time() - HOUR)
        await until(lambda: orphaned(counter) == 1, what="another count")
    finally:
        task.cancel()
        await asyncio.wait({task})
    assert len(made) > 1
    assert all(one._wire is None for one in made)
