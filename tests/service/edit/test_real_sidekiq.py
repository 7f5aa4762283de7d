"""What is put back, released or left alone is what a real Sidekiq runs, tries again or has pushed back itself."""

import signal
import time
from typing import Any, Final

import orjson
import pytest

from tests.service.edit.conftest import ask
from watchdog.model.quarantine import CameFrom
from watchdog.sidekiq.edit.put_back import AlreadyDone, Done, Found, Token, ToRetry
from watchdog.sidekiq.edit.take_out import Taken, take_out

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(180)]
ODD: Final = {
    "order": b'{"zz":1,"jid":"%s","args":[1.0e+20,9007199254740993,"\\u00e9\\/"],"queue":"push","retry":true,"class":"Quick"}',
    "twice": b'{"class":"Raise403","args":[1],"queue":"push","retry":true,"jid":"x","jid":"%s","class":"Quick"}',
}


async def payload_of(client: Any, work: str) -> bytes:
    """The bytes of the one job in a work hash."""
    (entry,) = (await client.hgetall(work)).values()
    return orjson.loads(entry)["payload"].encode()


async def test_a_killed_process_and_its_successor(redis_server, sidekiq, editing, push, until):
    """The job that was lost by SIGKILL is run by the next process under its own jid; asked again in between, nothing is pushed."""
    client, edits = redis_server.client(), editing(redis_server.url)
    one = await sidekiq.start(("push",))
    jid = await push(client, "SleepForever")
    original = await client.lindex("queue:push", 0)
    await until(lambda: client.hlen(one.work), what="the job in the work hash")
    payload = await payload_of(client, one.work)
    one.signal(signal.SIGKILL)
    await one.wait_exit()
    token = Token("412.0", jid)

    assert await ask(edits, token=token, payload=payload, lost_by=one.identity) == Done()
    assert await client.lrange("queue:push", 0, -1) == [payload]
    assert original in (None, payload)
    two = await sidekiq.start(("push",))
    await until(lambda: client.hlen(two.work), what="the job in its second work hash")
    assert await payload_of(client, two.work) == payload
    assert await ask(edits, token=token, payload=payload, lost_by=one.identity) == AlreadyDone()
    assert await ask(edits, token=Token("413.0", jid), payload=payload, lost_by=one.identity) == Found("running")
    assert await client.llen("queue:push") == 0


async def test_what_sidekiq_pushed_back_or_failed_itself(redis_server, sidekiq, editing, push, until):
    """After TERM the job stands in its queue, after a failure among the retries with an error in it: both are left there."""
    client, edits = redis_server.client(), editing(redis_server.url)
    one = await sidekiq.start(("push",), timeout=5)
    jid = await push(client, "SleepForever")
    await until(lambda: client.hlen(one.work), what="the job in the work hash")
    payload = await payload_of(client, one.work)
    failing = orjson.dumps({"class": "Raise403", "args": [], "jid": "f" * 24, "queue": "push", "retry": True, "created_at": time.time()})
    await client.lpush("queue:push", failing)
    await until(lambda: client.zcard("retry"), what="the failure")
    one.signal(signal.SIGTERM)
    await one.wait_exit()

    assert await ask(edits, token=Token("1", jid), payload=payload, lost_by=one.identity) == Found("queue")
    assert await ask(edits, token=Token("1", "f" * 24), payload=failing, lost_by=one.identity) == Found("retry")
    assert await client.llen("queue:push") == 1


@pytest.mark.parametrize("payload", ODD.values(), ids=ODD.keys())
async def test_a_released_retry_is_tried_again(redis_server, sidekiq, editing, until, payload):
    """Taken from the retries and put back with its score, which is over: the poller takes it, and it runs once; however odd its bytes are."""
    client, edits = redis_server.client(), editing(redis_server.url)
    payload %= b"0123456789abcdef01234567"
    await client.zadd("retry", {payload: time.time() + 3_600})
    taken = await take_out(edits, token="t", payload=payload, came_from=CameFrom.RETRY)
    assert isinstance(taken, Taken)
    for place, key in ((ToRetry(0, taken.score), "retry"), (ToRetry(int((time.time() - 1) * 1000)), "retry")):
        await client.delete("retry")
        assert await ask(edits, token=Token(str(place), "0123456789abcdef01234567"), payload=payload, place=place) == Done()
        assert await client.zrange(key, 0, -1) == [payload]

    one = await sidekiq.start(("push",))
    await until(lambda: _processed(client), what="a job that was run")
    one.signal(signal.SIGTERM)
    await one.wait_exit()
    assert await client.get("stat:processed") == b"1"
    assert int(await client.get("stat:failed") or 0) == 0
    assert await client.exists("retry", "dead", "queue:push") == 0


async def _processed(client: Any) -> bool:
    return int(await client.get("stat:processed") or 0) > 0
