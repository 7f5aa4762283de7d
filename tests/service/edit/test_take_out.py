"""The one job that is meant is taken out, and no other."""

import asyncio
from typing import Any

import pytest

from tests.service.edit.conftest import JID, PAYLOADS, ask
from watchdog.model.quarantine import CameFrom
from watchdog.sidekiq.edit.failures import NotEditedError
from watchdog.sidekiq.edit.locks import give_back_locks, holder_of
from watchdog.sidekiq.edit.put_back import Done, Found, Token
from watchdog.sidekiq.edit.take_out import Absent, Taken, TooDeep, forget_dead, take_out

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
PAYLOAD = PAYLOADS["ordinary"]


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
@pytest.mark.parametrize("namespace", ["", "mastodon"])
async def test_just_these_bytes_are_removed(redis_server, editing, payload, namespace):
    """From a set or a list, with the score it had; its siblings of the same score, and what differs by a blank, stay."""
    client = redis_server.client()
    edits = editing(redis_server.url, namespace=namespace)
    prefix = f"{namespace}:" if namespace else ""
    siblings = {payload + b" ": 1795354499.1234567, b"x" + payload: 1795354499.1234567}
    for came_from in (CameFrom.RETRY, CameFrom.SCHEDULE):
        await client.zadd(f"{prefix}{came_from}", {payload: 1795354499.1234567, **siblings})
        outcome = await take_out(edits, token=f"t-{came_from}", payload=payload, came_from=came_from)
        assert isinstance(outcome, Taken)
        assert float(outcome.score) == 1795354499.1234567
        assert await client.zrange(f"{prefix}{came_from}", 0, -1) == sorted(siblings)

    await client.rpush(f"{prefix}queue:push", "a", payload, "b", payload + b" ")
    assert await take_out(edits, token="t", payload=payload, came_from=CameFrom.QUEUE, queue="push") == Taken()
    assert await client.lrange(f"{prefix}queue:push", 0, -1) == [b"a", b"b", payload + b" "]


async def test_asked_again_it_answers_as_before(redis_server, editing):
    """Even if another one with the same bytes stands there meanwhile: that is not the one; nor is one that came after it was said to be absent."""
    client = redis_server.client()
    edits = editing(redis_server.url)
    await client.zadd("retry", {PAYLOAD: 5.25})
    asked: dict[str, Any] = {"payload": PAYLOAD, "came_from": CameFrom.RETRY}
    assert await take_out(edits, token="one", **asked) == Taken("5.25")
    assert await take_out(edits, token="two", **asked) == Absent()
    await client.zadd("retry", {PAYLOAD: 7})

    assert await take_out(edits, token="one", **asked) == Taken("5.25")
    assert await take_out(edits, token="two", **asked) == Absent()
    assert await client.zscore("retry", PAYLOAD) == 7


async def test_of_many_one_takes_it(redis_server, editing):
    """Two hosts with the same order, and Sidekiq's own poller beside them: whoever removes it has it."""
    client = redis_server.client()
    members = [PAYLOAD + b" " * n for n in range(200)]
    await client.zadd("retry", dict.fromkeys(members, 1))
    one, two = editing(redis_server.url), editing(redis_server.url)

    async def poll() -> int:
        return sum([await client.zrem("retry", member) for member in members[::3]])

    async def take(edits, name) -> int:
        outcomes = await asyncio.gather(
            *(take_out(edits, token=f"{name}-{n}", payload=member, came_from=CameFrom.RETRY) for n, member in enumerate(members))
        )
        return sum(isinstance(outcome, Taken) for outcome in outcomes)

    taken = await asyncio.gather(take(one, "a"), take(two, "b"), poll())

    assert sum(taken) == len(members), taken
    assert await client.zcard("retry") == 0


async def test_a_long_queue_is_searched_at_its_ends(redis_server, editing):
    """Up to 100,000 jobs all of it; beyond that 1,000 at either end, and no further."""
    client = redis_server.client()
    edits = editing(redis_server.url)
    await client.rpush("queue:push", *(["x"] * 50_000), PAYLOAD, *(["x"] * 49_999))
    assert await take_out(edits, token="1", payload=PAYLOAD, came_from=CameFrom.QUEUE, queue="push") == Taken()
    await client.rpush("queue:push", *(["x"] * 1_000), PAYLOAD, *(["x"] * 1_000))
    assert await take_out(edits, token="2", payload=PAYLOAD, came_from=CameFrom.QUEUE, queue="push") == TooDeep()
    await client.rpop("queue:push")
    assert await take_out(edits, token="3", payload=PAYLOAD, came_from=CameFrom.QUEUE, queue="push") == Taken()
    await client.lpush("queue:push", PAYLOAD, *(["x"] * 999))
    assert await take_out(edits, token="4", payload=PAYLOAD, came_from=CameFrom.QUEUE, queue="push") == Taken()
    assert await client.llen("queue:push") == 99_999 + 2_000 - 1 + 999


async def test_it_can_be_seen_among_the_dead(redis_server, editing):
    """In the same moment, with the time of its death; and it leaves that set in the moment in which it goes back."""
    client = redis_server.client()
    edits = editing(redis_server.url)
    await client.zadd("retry", {PAYLOAD: 5})
    await take_out(edits, token="t", payload=PAYLOAD, came_from=CameFrom.RETRY, in_dead_set_at=1_795_354_499_500)
    await take_out(edits, token="u", payload=b"in flight", came_from=CameFrom.PROCESS, in_dead_set_at=1_795_354_499_500)

    assert await client.zrange("dead", 0, -1, withscores=True) == [(b"in flight", 1795354499.5), (PAYLOAD, 1795354499.5)]
    assert await ask(edits) == Found("dead")
    assert await ask(edits, token=Token("release", JID), leaves_dead_set=True) == Done()
    assert await client.lrange("queue:push", 0, -1) == [PAYLOAD]
    assert await forget_dead(edits, b"in flight")
    assert not await forget_dead(edits, b"in flight")
    assert await client.exists("dead") == 0
    await client.delete("queue:push")
    assert await ask(edits, token=Token("again", JID), leaves_dead_set=True) == Found("elsewhere")


@pytest.mark.parametrize("came_from", [CameFrom.QUEUE, CameFrom.RETRY])
async def test_any_right_that_is_missing_leaves_the_job_where_it_is(redis_server, editing, came_from):
    """Whichever command of the script the user may not use: refused, and neither half taken nor said to be taken."""
    client = redis_server.client()
    where = "queue:push" if came_from is CameFrom.QUEUE else "retry"
    commands = ["get", "set", "unlink", "zadd", *(("lpos", "lrem") if came_from is CameFrom.QUEUE else ("zscore", "zrem"))]
    for command in commands:
        await client.flushdb()
        await (client.rpush(where, PAYLOAD) if came_from is CameFrom.QUEUE else client.zadd(where, {PAYLOAD: 5}))
        await client.execute_command("ACL", "SETUSER", "one", "reset", "on", ">pw", "~*", "+@all", f"-{command}")
        edits = editing(f"redis://one:pw@127.0.0.1:{redis_server.port}/0")
        asked: dict[str, Any] = {"token": "t", "payload": PAYLOAD, "came_from": came_from, "queue": "push", "in_dead_set_at": 1000}

        with pytest.raises(NotEditedError) as caught:
            await take_out(edits, **asked)

        assert caught.value.code == "noperm", command
        assert await client.keys("*") == [where.encode()], command
        await client.execute_command("ACL", "SETUSER", "one", f"+{command}")
        edits.close()
        assert isinstance(await take_out(edits, **asked), Taken)


@pytest.mark.parametrize("namespace", ["", "mastodon"])
async def test_locks_are_given_back_as_the_gem_does(redis_server, editing, namespace):
    """The lock that only this job holds is gone with all that belongs to it; that of another job, or of several, stays."""
    client = redis_server.client()
    edits = editing(redis_server.url, namespace=namespace)
    prefix = f"{namespace}:" if namespace else ""
    mine, running, other, shared = "uniquejobs:a", "uniquejobs:b", "uniquejobs:c", "uniquejobs:d"
    locks = (mine, running, other, shared, "uniquejobs:none")
    for lock, holders in ((mine, [JID]), (f"{running}:RUN", [JID]), (other, ["x"]), (shared, [JID, "x"])):
        await client.set(prefix + lock, holders[0])
        await client.hset(f"{prefix}{lock}:LOCKED", mapping=dict.fromkeys(holders, "1.0"))
        await client.rpush(f"{prefix}{lock}:QUEUED", holders[0])
        await client.set(f"{prefix}{lock}:INFO", "{}")
        await client.zadd(f"{prefix}uniquejobs:digests", {prefix + lock: 1})

    assert await holder_of(edits, locks) == JID
    assert await give_back_locks(edits, jid=JID, locks=locks) == 2

    assert {key.decode().removeprefix(prefix) for key in await client.keys("*")} == {
        f"{lock}{suffix}" for lock in (other, shared) for suffix in ("", ":LOCKED", ":QUEUED", ":INFO")
    } | {"uniquejobs:digests"}
    assert await client.zrange(f"{prefix}uniquejobs:digests", 0, -1) == [(prefix + other).encode(), (prefix + shared).encode()]
    assert await give_back_locks(edits, jid=JID, locks=locks) == 0
    assert await holder_of(edits, (mine,)) == ""
    assert await give_back_locks(edits, jid=JID, locks=()) == 0
