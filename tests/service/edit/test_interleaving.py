"""However workers, pollers, agents and people take turns: no job is there twice, and none is lost."""

import asyncio
from typing import Any, Final

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.service.edit.conftest import JID, LOST_BY, PAYLOADS, ask
from watchdog.model.quarantine import CameFrom, Kept
from watchdog.recovery.quarantine import Quarantine
from watchdog.recovery.taking import Candidate, Why
from watchdog.sidekiq.edit.put_back import Done, Place, Token, ToQuarantine, ToQueue, ToRetry, ToSchedule
from watchdog.store.store import Store

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
PAYLOAD: Final = PAYLOADS["ordinary"]
PLACES: Final[dict[str, Place]] = {"put: queue": ToQueue(), "put: retry": ToRetry(1000), "put: schedule": ToSchedule(1000)}
SHARED = hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])


async def pop(client: Any) -> int:
    """A worker takes the next job and finishes it; how many it was."""
    return int(await client.rpop("queue:push") == PAYLOAD)


async def poll(client: Any) -> None:
    """The poller pushes whatever is due."""
    for key in ("retry", "schedule"):
        for member, _ in await client.zpopmin(key, 1):
            await client.lpush("queue:push", member)


async def standing(client: Any) -> int:
    """In how many places the job stands."""
    sets = [member for key in ("retry", "schedule", "dead") for member in await client.zrange(key, 0, -1)]
    return [*sets, *await client.lrange("queue:push", 0, -1)].count(PAYLOAD)


@SHARED
@given(steps=st.lists(st.sampled_from([*PLACES, "pop", "poll", "two at once"]), max_size=20))
async def test_a_job_is_put_back_once(redis_server, editing, steps):
    """Asked again at any moment, for any place, by one or by two: it was run or stands somewhere, once, as soon as it was asked for at all."""
    client, edits, peer = redis_server.client(), editing(redis_server.url), editing(redis_server.url)
    await client.flushdb()
    finished, asked = 0, False
    for step in steps:
        if step in PLACES:
            await ask(edits, place=PLACES[step])
            asked = True
        elif step == "two at once":
            *_, popped = await asyncio.gather(ask(edits), ask(peer, place=ToRetry(1000)), pop(client))
            finished += popped
            asked = True
        elif step == "pop":
            finished += await pop(client)
        else:
            await poll(client)
        assert finished + await standing(client) == asked
    edits.close()
    peer.close()
    await client.aclose()


@SHARED
@given(
    steps=st.lists(st.tuples(st.sampled_from(["one-1", "two-1", "two-2"]), st.sampled_from([*PLACES, "keep", "pop", "poll"])), max_size=20)
)
async def test_agents_that_know_nothing_of_each_other_bring_a_job_back_once(redis_server, editing, steps):
    """Two agents, one of them in two incidents, ask for whatever they like: what one of them has done is done, pushed or kept, once."""
    client, edits = redis_server.client(), editing(redis_server.url)
    await client.flushdb()
    finished, kept, asked = 0, set(), False
    for by, step in steps:
        token = Token(LOST_BY, JID, by=by)
        if step == "pop":
            finished += await pop(client)
        elif step == "poll":
            await poll(client)
        else:
            place = PLACES.get(step, ToQuarantine())
            outcome = await ask(edits, token=token, place=place)
            if place == ToQuarantine() and outcome == Done():
                kept.add(by)
            asked = True
        assert finished + await standing(client) + len(kept) == asked
    edits.close()
    await client.aclose()


@SHARED
@given(
    steps=st.lists(
        st.sampled_from(["take: retry", "take: queue", "release", "drop", "resume", "pop", "poll", "release both", "dead: retried"]),
        max_size=20,
    ),
    in_dead_set=st.booleans(),
)
async def test_a_job_is_in_one_place(redis_server, editing, tmp_path_factory, steps, in_dead_set):
    """Taken by one, released or dropped by another, while Sidekiq goes on: it stands in Redis, is kept, was run or was dropped, and only one of these."""
    client, edits = redis_server.client(), editing(redis_server.url)
    await client.flushdb()
    await client.zadd("retry", {PAYLOAD: 5.5})
    store = await Store.open(tmp_path_factory.mktemp("state"))
    one, two = (Quarantine(store.quarantine, edits, wall=lambda: 1_000_000, in_dead_set=in_dead_set) for _ in range(2))
    finished = 0
    try:
        for number, step in enumerate(steps):
            match step.split(": "):
                case ["take", where]:
                    wanted = Candidate(token=f"t{number}", payload=PAYLOAD, came_from=CameFrom(where), queue="push")
                    await one.take([wanted], Why(reason="odd"))
                case ["release"]:
                    await _each(store, lambda id_: two.release(id_, reason="mended", by="ada"))
                case ["release both"]:
                    await _each(store, lambda id_: asyncio.gather(*(each.release(id_, reason="mended", by="ada") for each in (one, two))))
                case ["drop"]:
                    await _each(store, lambda id_: two.drop(id_, reason="enough", by="ada"))
                case ["resume"]:
                    assert await one.resume() == 0
                case ["pop"]:
                    finished += await pop(client)
                case ["poll"]:
                    await poll(client)
                case _:
                    # Somebody presses "retry" in Sidekiq's own page.
                    if await client.zrem("dead", PAYLOAD):
                        await client.lpush("queue:push", PAYLOAD)
            entries = await store.quarantine.entries()
            kept = sum(entry.state is Kept.KEPT for entry in entries)
            dropped = sum(entry.state is Kept.DROPPED for entry in entries)
            dead = await client.zcard("dead")
            assert dead <= kept, "it stands among the dead, and nobody keeps it"
            if in_dead_set:
                # What somebody took from the dead set is told of as kept until it is dropped, and can't be released.
                assert finished + await standing(client) - dead <= 1
                assert finished + await standing(client) + kept + dropped >= 1
            else:
                assert finished + await standing(client) + kept + dropped == 1
    finally:
        await store.close()
        edits.close()
        await client.aclose()


async def _each(store: Store, do: Any) -> None:
    for entry in await store.quarantine.entries((Kept.KEPT,)):
        await do(entry.id)
