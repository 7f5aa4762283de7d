"""Locks of sidekiq-unique-jobs after the end of a process: whose are orphaned, by a strict stand-in for the gem, and how they are given back."""

import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.bench.beats import SimulatedProcess
from tests.service.gem_stand_ins import UniqueJobsStandIn
from watchdog.model.effects import LookAfterLocks
from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.model.results import LocksLookedAt, Refused
from watchdog.model.targets import ProcessRef
from watchdog.recovery.locks import Locksmith
from watchdog.sidekiq.edit import orphans
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.keys import Keys
from watchdog.store.store import Store

pytestmark = pytest.mark.needs("redis-server")
INCIDENT = "7.1"
LONG_AGO = time.time() - 3_600
DEAD = "web1:10:dead"


class Left:
    """What a process has left behind: a Redis with the gem on it, and what was kept of its jobs."""

    def __init__(self, client: Any, url: str, store: Store, edits: Edits) -> None:
        self.client, self.url, self.store, self.edits = client, url, store, edits
        self.gem = UniqueJobsStandIn(client)
        self.smith = Locksmith(edits=edits, store=store, apart=0)

    async def run(self, *args: Any, kind: str = "until_executed") -> bytes:
        """A job that the process was running."""
        payload = await self.gem.push("Push", [*args], LONG_AGO, kind=kind)
        assert payload is not None
        assert await self.gem.start(payload, LONG_AGO)
        return payload

    async def look(self, *payloads: bytes, release: bool = False, keep: bool = True) -> LocksLookedAt | Refused:
        """Have these jobs' locks looked after; without `keep` only their jids are known."""
        jids = [orjson.loads(payload)["jid"] for payload in payloads]
        kept = [
            Finding(jid=jid, certainty=Certainty.LIKELY, origin=Origin.LOG, payload=payload if keep else None)
            for jid, payload in zip(jids, payloads, strict=True)
        ]
        await self.store.keep_flight(INCIDENT, kept)
        ref = ProcessRef("web1/app[push]", DEAD, "web1", 10, 77, "boot")
        return await self.smith.look_after(LookAfterLocks("1.0", INCIDENT, ref, tuple(jids), release))


def jid(payload: bytes) -> str:
    """Its jid."""
    return orjson.loads(payload)["jid"]


@pytest.fixture
async def left(redis_server, tmp_path: Path) -> AsyncIterator[Left]:
    """An empty Redis."""
    client = redis_server.client()
    store = await Store.open(tmp_path / "state")
    edits = Edits(url=redis_server.url, keys=Keys())
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        stack.callback(edits.close)
        yield Left(client, redis_server.url, store, edits)


@pytest.mark.parametrize("keep", [True, False], ids=["payload known", "only the jid known"])
@pytest.mark.parametrize("kind", ["until_executed", "while_executing"])
async def test_an_orphaned_lock_is_found_and_given_back(left, kind, keep):
    """Nothing of it is left in Redis, and the same job can be pushed and run again; another's lock stays."""
    lost, other = await left.run(1, kind=kind), await left.run(2, kind=kind)

    assert await left.look(lost, keep=keep) == LocksLookedAt((jid(lost),))
    assert await left.client.zcard("uniquejobs:digests") == 2, "it was only looked at"
    assert await left.look(lost, keep=keep, release=True) == LocksLookedAt((), (jid(lost),))
    digest = orjson.loads(lost)["lock_digest"]
    assert [key async for key in left.client.scan_iter(match=f"{digest}*")] == []
    assert not await left.client.zscore("uniquejobs:digests", digest)
    assert await left.client.zcard("uniquejobs:digests") == 1
    again = await left.gem.push("Push", [1], time.time(), kind=kind)
    assert again is not None
    assert await left.gem.start(again, time.time())
    await left.gem.end(again)
    await left.gem.end(other)


async def test_asked_again_after_a_crash_it_counts_as_given_back(left):
    """The lock is gone, and whoever asks has written down before that it was to go."""
    lost = await left.run(1)
    answers = [await left.look(lost, release=True) for _ in range(2)]

    assert answers == [LocksLookedAt((), (jid(lost),))] * 2


@pytest.mark.parametrize("place", ["queue", "retry", "schedule", "work"])
async def test_a_job_that_stands_somewhere_keeps_its_lock(left, place):
    """As with the gem's reaper: in a queue, among the retries or the scheduled jobs, or in another process. Without it the gem would drop the job."""
    job = await left.run(1)
    match place:
        case "queue":
            await left.client.sadd("queues", "push")
            await left.client.lpush("queue:push", job)
        case "retry" | "schedule":
            await left.client.zadd(place, {job: time.time() + 60})
        case "work":
            process = SimulatedProcess(2)
            process.jobs["t1"] = orjson.dumps({"queue": "push", "payload": job.decode(), "run_at": int(time.time())})
            await process.beat(left.client)

    assert await left.look(job) == LocksLookedAt()
    assert await left.look(job, release=True) == LocksLookedAt()
    assert await left.gem.start(job, time.time()), "its lock was taken from it"


async def test_a_jid_among_the_arguments_of_another_job_keeps_nothing(left):
    """It is the other job that waits there, and the dead process' own work hash tells nothing any more."""
    lost = await left.run(1)
    await left.client.zadd("retry", {orjson.dumps({"class": "Push", "args": [jid(lost)], "jid": "f" * 24}): 1})
    await left.client.sadd("processes", DEAD)
    await left.client.hset(f"{DEAD}:work", "t1", orjson.dumps({"queue": "push", "payload": lost.decode(), "run_at": 1}))

    assert await left.look(lost) == LocksLookedAt((jid(lost),))


@pytest.mark.parametrize("written", ["uniquejobs:a", "mastodon:uniquejobs:a"])
@pytest.mark.parametrize("known", [{}, {"j1": ("uniquejobs:a",)}], ids=["jid", "payload"])
async def test_under_a_namespace(left, written, known):
    """The gem may have written the name of a lock down with the namespace or without; its keys have it either way."""
    await left.client.zadd("mastodon:uniquejobs:digests", {written: LONG_AGO})
    await left.client.hset("mastodon:uniquejobs:a:LOCKED", "j1", "1.0")
    edits = Edits(url=left.url, keys=Keys(namespace="mastodon"))
    try:
        assert await orphans.locked_by(edits, ["j1", "j2"], known) == orphans.Locked({"j1": ("uniquejobs:a",)})
        assert await orphans.standing(edits, ["j1"], but=DEAD) == (frozenset(), "")
        await left.client.zadd("mastodon:retry", {b'{"jid":"j1"}': 1})
        assert await orphans.standing(edits, ["j1"], but=DEAD) == (frozenset({"j1"}), "")
        await left.client.zadd("mastodon:uniquejobs:expiring_digests", {written: LONG_AGO})
        assert await orphans.locked_by(edits, ["j1"], known) == orphans.Locked({})
    finally:
        edits.close()


async def test_what_can_not_be_read_may_be_the_job(left):
    """A member that is no JSON and holds the jid counts as the job: nothing is given back that may be needed."""
    lost = await left.run(1)
    await left.client.zadd("schedule", {b'{"jid":"' + jid(lost).encode() + b'", cut': 1})

    assert await left.look(lost) == LocksLookedAt()


async def test_what_is_not_orphaned(left):
    """A lock that is meant to outlive its job, one that another job holds by now, and one that several hold."""
    meant = await left.run(1, kind="until_expired")
    over = await left.run(2)
    await left.gem.end(over)
    successor = await left.run(2)
    shared = await left.run(3)
    await left.client.hset(orjson.loads(shared)["lock_digest"] + ":LOCKED", "e" * 24, "1.0")

    assert await left.look(meant, over) == LocksLookedAt()
    assert await left.look(meant, over, keep=False) == LocksLookedAt()
    assert await left.look(shared, release=True) == LocksLookedAt((jid(shared),)), "nobody knows whether the other one is alive"
    assert await left.gem.start(successor, time.time())


async def test_the_gem_would_have_taken_the_same(left):
    """Where its reaper works, it takes just those that are found here."""
    gone, waits, retried = await left.run(1), await left.run(2), await left.run(3)
    await left.client.sadd("queues", "push")
    await left.client.lpush("queue:push", waits)
    await left.client.zadd("retry", {retried: time.time() + 60})
    found = await left.look(gone, waits, retried)
    assert await left.gem.boot(time.time())

    assert await left.gem.reap(time.time()) == {orjson.loads(gone)["lock_digest"]}
    assert found == LocksLookedAt((jid(gone),))


async def test_a_queue_that_is_too_long(left, monkeypatch):
    """Nobody can say that the job is not in it: the lock stays, and that is said."""
    monkeypatch.setattr(orphans, "SEARCHED", 10)
    lost = await left.run(1)
    await left.client.sadd("queues", "push")
    await left.client.lpush("queue:push", *[b'{"class":"A","args":[],"jid":"x"}'] * 11)
    unsure = "queue push is too long to be searched"

    assert await left.look(lost) == LocksLookedAt(unsure=unsure)
    assert await left.look(lost, release=True) == LocksLookedAt((jid(lost),), unsure=unsure)


async def test_more_locks_than_are_looked_at(left, monkeypatch):
    """A job whose payload nobody knows may hold one that is older: that is said."""
    monkeypatch.setattr(orphans, "MOST_LOCKS", 500)
    old = await left.run(1)
    await left.client.zadd("uniquejobs:digests", {f"uniquejobs:{number}": LONG_AGO + 1 for number in range(600)})

    assert await left.look(old, keep=False) == LocksLookedAt(unsure="of 601 locks the newest 500 were looked at")
    assert await left.look(old) == LocksLookedAt((jid(old),))


async def test_a_server_that_can_not_be_asked(left):
    """Keys of another kind, and a server that is gone: nothing is said of any lock."""
    lost = await left.run(1)
    await left.client.set("retry", "secret")
    refused = await left.look(lost)
    assert isinstance(refused, Refused)
    assert "secret" not in refused.reason
    await left.client.delete("retry")
    await left.client.config_set("min-replicas-to-write", 1)
    assert isinstance(await left.look(lost, release=True), Refused)
