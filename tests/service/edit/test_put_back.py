"""A lost job is put back as it was, and never twice."""

import asyncio
import time
from typing import Final

import orjson
import pytest

from tests.service.edit.conftest import JID, LOST_BY, OTHER, PAYLOADS, ask
from watchdog.sidekiq.edit.put_back import AlreadyDone, Done, Found, Token, ToQuarantine, ToQueue, ToRetry, ToSchedule

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
PAYLOAD: Final = PAYLOADS["ordinary"]
PEER: Final = "vm:200:bbbbbbbbbbbb"


def failed(jid: str = JID, **more: object) -> bytes:
    """The job as Sidekiq would have written it after a failure."""
    return orjson.dumps({**orjson.loads(PAYLOAD), "jid": jid, "error_class": "E", "retry_count": 0, **more})


def work(payload: bytes) -> bytes:
    """An entry of a work hash."""
    return orjson.dumps({"queue": "push", "payload": payload.decode(), "run_at": 1795354499})


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
@pytest.mark.parametrize("namespace", ["", "mastodon"])
async def test_a_job_goes_back_byte_for_byte(redis_server, editing, payload, namespace):
    """To the end of its queue that is next, or to a set with its score; whatever bytes it is made of, and under a namespace as well."""
    client = redis_server.client()
    edits = editing(redis_server.url, namespace=namespace)
    prefix = f"{namespace}:" if namespace else ""
    await client.rpush(f"{prefix}queue:push", "older", "next")

    assert await ask(edits, payload=payload) == Done()
    assert await client.lrange(f"{prefix}queue:push", 0, -1) == [b"older", b"next", payload]
    assert await client.smembers(f"{prefix}queues") == {b"push"}

    for place, key in ((ToRetry(1_795_354_499_123), "retry"), (ToSchedule(1_795_354_499_123), "schedule")):
        await client.delete(f"{prefix}queue:push", f"{prefix}retry")
        assert await ask(edits, token=Token(key, JID), payload=payload, place=place) == Done()
        assert await client.zrange(f"{prefix}{key}", 0, -1, withscores=True) == [(payload, 1795354499.123)]
    assert not [key for key in await client.keys("*") if not key.startswith(prefix.encode())]


async def test_a_job_goes_back_once(redis_server, editing):
    """Asked again with the same token, after a worker has taken the job, nothing is pushed; lost by another process is another matter."""
    client = redis_server.client()
    edits = editing(redis_server.url)
    assert await ask(edits) == Done()
    assert await client.rpop("queue:push") == PAYLOAD
    assert await ask(edits) == AlreadyDone()
    assert await client.llen("queue:push") == 0
    assert 29 * 86_400 < await client.ttl("sidekiq-watchdog:put-back:412.0") <= 30 * 86_400
    assert await ask(edits, token=Token("413.0", JID)) == Done()


async def test_many_at_the_same_time_push_once(redis_server, editing):
    """Of two agents, or of one that asks again before it is answered, one pushes."""
    client = redis_server.client()
    many = [editing(redis_server.url) for _ in range(8)]

    outcomes = await asyncio.gather(*(ask(edits) for edits in many for _ in range(5)))

    assert sorted(map(str, outcomes)) == ["AlreadyDone()"] * 39 + [str(Done())]
    assert await client.llen("queue:push") == 1


@pytest.mark.parametrize(
    ("place", "other", "where"),
    [
        (ToQueue(), ToRetry(5000), "returned"),
        (ToRetry(5000), ToQuarantine(), "returned"),
        (ToQuarantine(), ToQueue(), "quarantine"),
        (ToQuarantine(), ToQuarantine(), "quarantine"),
    ],
)
async def test_one_token_decides_between_two_agents(redis_server, editing, place, other, where):
    """Whoever comes second is told what the first has done, and so it stays; the first hears what it heard."""
    client = redis_server.client()
    edits = editing(redis_server.url)
    first, second = Token(LOST_BY, JID, by="one-1"), Token(LOST_BY, JID, by="two-7")

    assert await ask(edits, token=first, place=place) == Done()
    await client.delete("queue:push", "retry")
    assert await ask(edits, token=second, place=other) == Found(where)
    assert await ask(edits, token=first, place=place) == AlreadyDone()
    assert await ask(edits, token=second, place=other) == Found(where)
    assert await client.exists("queue:push", "retry", "schedule", "dead") == 0


async def test_to_be_kept_it_is_pushed_nowhere(redis_server, editing):
    """Among the dead only where that is wanted; one that stands somewhere is left there, and is not to be kept."""
    client = redis_server.client()
    edits = editing(redis_server.url)

    assert await ask(edits, place=ToQuarantine()) == Done()
    assert await client.exists("queue:push", "retry", "schedule", "dead") == 0
    assert await ask(edits, token=Token("vm:1:b", JID), place=ToQuarantine(1_795_354_499_500)) == Done()
    assert await client.zrange("dead", 0, -1, withscores=True) == [(PAYLOAD, 1795354499.5)]
    assert await ask(edits, token=Token("vm:1:c", JID), place=ToQuarantine()) == Found("dead")


@pytest.mark.parametrize("command", ["queue", "retry", "schedule", "dead"])
async def test_a_job_that_sidekiq_has_is_left_there(redis_server, editing, command):
    """It stands somewhere byte for byte: nothing is pushed, then or when it is asked again after it has gone from there."""
    client = redis_server.client()
    edits = editing(redis_server.url)
    if command == "queue":
        await client.rpush("queue:push", "a", PAYLOAD, "b")
    else:
        await client.zadd(command, {PAYLOAD: 5.5})

    assert await ask(edits, place=ToSchedule(7000)) == Found(command)
    await client.delete(command, "queue:push")
    assert await ask(edits, place=ToSchedule(7000)) == Found(command)
    assert await client.exists("queue:push", "retry", "schedule", "dead") == 0


async def test_a_job_that_failed_meanwhile_is_found_by_its_jid(redis_server, editing):
    """With an error in it, it is another member; it stands among the retries where a first failure would put it, or has died a moment ago."""
    client = redis_server.client()
    now = time.time()
    for key, score in (("retry", now + 18), ("retry", now - 30 + 16), ("dead", now - 10)):
        edits = editing(redis_server.url)
        await client.flushdb()
        await client.zadd(key, {failed(): score, **{failed(f"{n:024x}"): score + n / 1000 for n in range(-200, 200)}})

        assert await ask(edits, unseen_for=30_000) == Found(key), key


@pytest.mark.parametrize("key", ["retry", "schedule", "queue:push"])
async def test_a_job_that_nobody_ran_is_looked_for_by_its_bytes(redis_server, editing, key):
    """Another member with its jid does not keep it from its place, its very bytes do, wherever they stand."""
    client, edits = redis_server.client(), editing(redis_server.url)
    await client.zadd("retry", {failed(): time.time() + 18})
    if key == "queue:push":
        await client.rpush(key, "a", PAYLOADS["ordinary"], "b")
    else:
        await client.zadd(key, {PAYLOADS["ordinary"]: 5})

    found = await ask(edits, by_bytes_alone=True)
    await client.zrem("retry", PAYLOADS["ordinary"])
    assert found == Found(key.partition(":")[0])
    assert await ask(edits, by_bytes_alone=True) == found, "what was said once is said again"
    other = Token("413.0", JID)
    await client.delete("schedule", "queue:push")
    assert await ask(edits, token=other, by_bytes_alone=True) == Done()
    assert await ask(edits, token=Token("414.0", JID)) == Found("queue")


async def test_the_second_failure_of_mastodons_deliveries_is_found(redis_server, editing):
    """A job that was tried again stands where its next try would be: by Sidekiq's own times and by those of Mastodon."""
    client = redis_server.client()
    again = failed(retry_count=4)
    for n, delay in enumerate((5**4 + 15, 5**4 + 15 + 59, 10 * 5**4 + 15, 20 * 5**4 + 14 + 9 * 6)):
        await client.delete("retry")
        await client.zadd("retry", {failed(retry_count=5): time.time() + delay})

        found = await ask(editing(redis_server.url), token=Token(f"{n}", JID), payload=again)

        assert found == Found("retry"), delay


async def test_a_job_that_was_tried_again_meanwhile_is_found_in_its_queue(redis_server, editing):
    """The poller pushes to the left end, with a new time in the job."""
    client = redis_server.client()
    await client.lpush("queue:push", *[b"older"] * 300, failed(enqueued_at=1795354500.0), *[b"newer"] * 100)

    assert await ask(editing(redis_server.url)) == Found("queue")


@pytest.mark.parametrize("suffix", [":work", ":workers"])
async def test_a_job_that_another_process_runs_is_left_to_it(redis_server, editing, suffix):
    """The work hash of the process that lost it does not count: it outlives its process by a minute."""
    client = redis_server.client()
    for identity in (LOST_BY, PEER):
        await client.sadd("processes", identity)
    await client.hset(LOST_BY + suffix, mapping={"t1": work(PAYLOAD)})
    edits = editing(redis_server.url)

    await client.hset(PEER + suffix, mapping={"t1": work(failed(OTHER, args=[JID])), "t2": work(PAYLOAD)})
    assert await ask(edits) == Found("running")
    await client.hdel(PEER + suffix, "t2")
    assert await ask(edits, token=Token("413.0", JID)) == Done()


async def test_a_job_that_names_another_is_not_that_one(redis_server, editing):
    """A jid among the arguments, the error or the fields inside of another job, and a namesake field: none of it is the job itself."""
    client = redis_server.client()
    now = time.time()
    others = [
        failed(OTHER, args=[JID]),
        failed(OTHER, args=[{"jid": JID}]),
        failed(OTHER, error_message=f"of {JID}"),
        failed(OTHER, bid=JID),
        b'{"jid":"%s","class":"A","jid":"%s"}' % (JID.encode(), OTHER.encode()),
        b"not JSON " + JID.encode(),
        b'"%s"' % JID.encode(),
        b'["jid","%s"]' % JID.encode(),
    ]
    await client.zadd("retry", dict.fromkeys(others, now + 18))
    await client.zadd("dead", dict.fromkeys(others, now))
    await client.rpush("queue:push", *others)
    await client.sadd("processes", PEER)
    await client.hset(f"{PEER}:work", mapping={f"t{n}": work(other) for n, other in enumerate(others)} | {"x": JID, "y": f'["{JID}"]'})

    assert await ask(editing(redis_server.url)) == Done()
    assert await client.lrange("queue:push", -1, -1) == [PAYLOAD]


async def test_what_was_too_big_to_be_looked_at_is_said(redis_server, editing):
    """More retries in the time in question than are read, more processes than are asked, more megabytes than are taken into memory."""
    client = redis_server.client()
    now = time.time()
    await client.zadd("retry", {f"r{n}": now + 18 for n in range(1001)})
    await client.sadd("processes", *map(str, range(201)))
    big = b"x" * 5_000_000
    await client.lpush("queue:push", big, big, big, big)

    outcome = await ask(editing(redis_server.url))

    assert outcome == Done(("queue", "retry", "running"))
