"""A job that lies in the list of a dead process' probe leaves it in the very step in which it comes somewhere else: it is never in two places, nor in none."""

import asyncio
import time
from typing import Any, Final

import pytest
from redis.asyncio import Redis

from tests.service.edit.conftest import JID, LOST_BY, PAYLOADS, TOKEN
from watchdog.clock import Clock
from watchdog.model.quarantine import CameFrom, Kept
from watchdog.recovery.quarantine import Quarantine, Took
from watchdog.recovery.taking import Candidate, Why
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.failures import NotEditedError
from watchdog.sidekiq.edit.put_back import (
    AlreadyDone,
    Done,
    Found,
    Place,
    PutBackOutcome,
    Token,
    ToQuarantine,
    ToQueue,
    ToRetry,
    ToSchedule,
    put_back,
)
from watchdog.store.store import Store

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
PAYLOAD: Final = PAYLOADS["ordinary"]
LIST: Final = f"sidekiq-watchdog:fetch:{LOST_BY}:push"


async def back(edits: Edits, *, payload: bytes = PAYLOAD, token: Token = TOKEN, place: Place | None = None) -> PutBackOutcome:
    """Put a job of that list back."""
    return await put_back(edits, token=token, payload=payload, queue="push", place=place or ToQueue(), lost_by=LOST_BY, in_list=True)


async def out(edits: Edits, by: str = "t") -> PutBackOutcome:
    """Take a job out of that list, for the quarantine."""
    return await back(edits, token=Token(LOST_BY, JID, by=by), place=ToQuarantine())


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
@pytest.mark.parametrize("place", [ToQueue(), ToRetry(7_000), ToSchedule(7_000)])
async def test_it_moves_byte_for_byte(redis_server, editing, payload, place):
    """Whatever it is made of, to each place; its neighbours in the list stay, what differs by a blank among them."""
    client = redis_server.client()
    await client.rpush(LIST, "a", payload, payload + b" ")

    assert await back(editing(redis_server.url), payload=payload, place=place) == Done()
    assert await client.lrange(LIST, 0, -1) == [b"a", payload + b" "]
    assert await _anywhere(client) == [payload]


async def test_under_a_namespace(redis_server, editing):
    """The probe writes through Sidekiq's own connection."""
    client = redis_server.client()
    await client.rpush(f"mastodon:{LIST}", PAYLOAD)

    assert await back(editing(redis_server.url, namespace="mastodon")) == Done()
    assert await client.keys("mastodon:sidekiq-watchdog:fetch:*") == []
    assert await client.lrange("mastodon:queue:push", 0, -1) == [PAYLOAD]


async def test_once_and_by_one(redis_server, editing):
    """Of many who ask at the same time one moves it; asked again, after a worker has taken it, nothing is moved, whatever lies there."""
    client = redis_server.client()
    await client.rpush(LIST, PAYLOAD)
    outcomes = await asyncio.gather(*(back(editing(redis_server.url)) for _ in range(20)))
    assert sorted(map(str, outcomes)) == ["AlreadyDone()"] * 19 + [str(Done())]
    assert await client.rpop("queue:push") == PAYLOAD
    assert await back(editing(redis_server.url)) == AlreadyDone()
    assert await _anywhere(client) == []


async def test_who_comes_too_late_pushes_nothing(redis_server, editing):
    """Somebody has put it back by hand: it is not in the list, and it was not lost."""
    client = redis_server.client()
    await client.rpush(LIST, "a")

    assert await back(editing(redis_server.url)) == Found("elsewhere")
    await client.rpush(LIST, PAYLOAD)
    assert await back(editing(redis_server.url)) == Found("elsewhere")
    assert await _anywhere(client) == []


async def test_a_job_that_sidekiq_has_as_well(redis_server, editing):
    """It had failed and stood among the retries when its process was killed before it was acknowledged: there it stays, and it leaves the list."""
    client = redis_server.client()
    await client.rpush(LIST, PAYLOAD)
    failed = PAYLOAD[:-1] + b',"error_class":"E","retry_count":0}'
    await client.zadd("retry", {failed: time.time() + 18})

    assert await back(editing(redis_server.url)) == Found("retry")
    assert await client.exists(LIST) == 0
    assert await _anywhere(client) == [failed]


async def test_refused_nothing_has_moved(redis_server, editing):
    """Memory is full, or a right is missing: the job stays in the list, and comes to its place when it is asked again."""
    client = redis_server.client()
    await client.rpush(LIST, PAYLOAD)
    edits = editing(redis_server.url)
    await client.config_set("maxmemory", 1)
    with pytest.raises(NotEditedError):
        await back(edits)
    await client.config_set("maxmemory", 0)
    await client.execute_command("ACL", "SETUSER", "poor", "on", ">secret", "~*", "&*", "+@all", "-lrem")
    poor = editing(redis_server.url.replace("redis://", "redis://poor:secret@"))
    for asked in (back(poor), out(poor)):
        with pytest.raises(NotEditedError):
            await asked
    assert (await client.lrange(LIST, 0, -1), await _anywhere(client)) == ([PAYLOAD], [])

    assert await back(edits) == Done()
    assert (await client.exists(LIST), await _anywhere(client)) == (0, [PAYLOAD])


async def test_taken_out_of_the_list(redis_server, editing):
    """Once; asked again it answers as before, and whoever else asks is told who has it."""
    client = redis_server.client()
    await client.rpush(LIST, "a", PAYLOAD)
    edits = editing(redis_server.url)

    assert [await out(edits), await out(edits), await out(edits, "another")] == [Done(), AlreadyDone(), Found("quarantine")]
    assert await client.lrange(LIST, 0, -1) == [b"a"]


async def test_into_quarantine_and_back(redis_server, editing, tmp_path):
    """The bytes are on the disk before the list is asked; an agent that was killed in between finishes it; released, it is next in its queue."""
    client = redis_server.client()
    await client.rpush(LIST, PAYLOAD)
    edits = editing(redis_server.url)
    store = await Store.open(tmp_path / "state")
    try:
        candidate = Candidate(token="t", payload=PAYLOAD, came_from=CameFrom.PROCESS, queue="push", lost_by=LOST_BY, in_list=True)
        await _begin_only(Quarantine(store.quarantine, edits, wall=Clock().wall), candidate)
        assert [(entry.state, entry.job.lost_by, entry.job.in_list) for entry in await store.quarantine.entries()] == [
            (Kept.TAKING, LOST_BY, True)
        ]
        assert await client.llen(LIST) == 1
        after = Quarantine(store.quarantine, edits, wall=Clock().wall)
        assert await after.resume() == 1
        assert await client.exists(LIST) == 0
        (entry,) = await store.quarantine.entries((Kept.KEPT,))
        assert await after.take([candidate], Why(reason="asked again")) == Took((entry.id,))

        late = Candidate(token="late", payload=PAYLOAD, came_from=CameFrom.PROCESS, queue="push", lost_by=LOST_BY, in_list=True)
        assert await after.take([late], Why(reason="it is there no more")) == Took(absent=1)
        await after.release(entry.id, reason="mended", by="nobody")
    finally:
        await store.close()
    assert await _anywhere(client) == [PAYLOAD]


async def _begin_only(quarantine: Quarantine, candidate: Candidate) -> None:
    """As an agent that dies before it asks Redis."""

    async def die(*_asked: object) -> Took:
        raise InterruptedError

    quarantine._finish_taking = die  # type: ignore[method-assign,assignment]
    with pytest.raises(InterruptedError):
        await quarantine.take([candidate], Why(reason="because"))


async def _anywhere(client: Redis) -> list[bytes]:
    """All jobs where Sidekiq has them."""
    queued: list[Any] = await client.lrange("queue:push", 0, -1)
    sets: list[Any] = [member for key in ("retry", "schedule", "dead") for member in await client.zrange(key, 0, -1)]
    return [*queued, *sets]
