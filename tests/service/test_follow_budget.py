"""What following costs a real Redis, and that neither a slow Redis nor a small budget is answered with more questions."""

import asyncio
import contextlib
import time

import pytest

from tests.bench.beats import SimulatedProcess
from tests.service.proxy import Proxy

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]

LATE = 0.2
WATCHED = 16.0
"""Seconds; the agent weighs what it costs every 15."""


@contextlib.asynccontextmanager
async def busy(server):
    """Twenty processes of which each beats every second, with jobs that come and go, and queues that grow and shrink."""

    async def beat(process, client):
        turn = 0
        while not over.is_set():
            turn += 1
            process.run(f"t{turn % 5}")
            await process.beat(client)
            await client.lpush("queue:push", *([b"{}"] * (turn % 3 + 1)))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 1)

    over = asyncio.Event()
    client = server.client()
    await client.sadd("queues", "push", "pull")
    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(beat(SimulatedProcess(number + 1), client))
        yield
        over.set()


async def test_a_slow_redis_is_not_asked_more(redis_server, following, caplog):
    """
    With answers that come 200 ms late there are no more requests and commands a second than without, told of changes or sampling.

    Nor is there ever more under way than one request of each task; and lateness is not taken for a cost.
    A follower with hardly any budget meanwhile asks more seldom, and says so.
    """
    client = redis_server.client()
    await client.execute_command("ACL", "SETUSER", "untold", "on", ">pass", "~*", "+@all", "-client|tracking")
    async with Proxy(redis_server.port, delay=LATE) as slow, busy(redis_server):
        urls = {(late, user): url for late, url in (("", redis_server.url), ("late", slow.url)) for user in ("told", "untold")}
        all_ = {
            (late, user): following(url=url if user == "told" else url.replace("//", "//untold:pass@"))
            for (late, user), url in urls.items()
        }
        poor = following(url=redis_server.url, budget=0.000_01)
        # As if it had begun earlier: one expensive window alone is none.
        poor.follower._memory.pace.judge(busy=1, elapsed=1)
        for one in (*all_.values(), poor):
            await one.until(lambda one=one: any(body.complete for body in one.said))
        before = {which: one.follower.cost() for which, one in all_.items()}
        most_under_way = 0
        async with asyncio.timeout(WATCHED + 10):
            while any(one.follower.budget()["share"] in (0, 1) for one in (*all_.values(), poor)):
                most_under_way = max(most_under_way, *(len(all_["late", user].follower._wire._under_way) for user in ("told", "untold")))
                said = len(poor.said)
                await poor.until(lambda said=said: len(poor.said) > said)
        asked = {
            which: {name: one.follower.cost()[name] - before[which][name] for name in ("commands", "round_trips")}
            for which, one in all_.items()
        }

    for user in ("told", "untold"):
        for name in ("commands", "round_trips"):
            assert asked["late", user][name] <= 1.05 * asked["", user][name] + 5
        assert asked["", user]["round_trips"] > WATCHED
        assert all_["late", user].follower.budget()["share"] < 1.5 * all_["", user].follower.budget()["share"]
    assert [all_["", user].follower.tracking for user in ("told", "untold")] == [True, False]
    assert 0 < most_under_way <= 5
    assert all_["", "told"].follower.budget()["backed_off"] == 1
    assert poor.follower.budget()["backed_off"] == 2
    assert poor.follower.budget()["reread_within"] == 30_000
    assert len([record for record in caplog.records if "more seldom" in record.message]) == 1


async def test_backed_off_intervals_are_longer(redis_server, following):
    """What is read each second is read every four, and still is read, when the agent has backed off so far."""
    client = redis_server.client()
    one = following(url=redis_server.url)
    for _ in range(3):
        one.follower._memory.pace.judge(busy=1_000, elapsed=1_000)
    await one.until(lambda: one.said)
    began = time.monotonic()
    await client.set("stat:processed", 7)
    await one.until(lambda: one.readings("sidekiq")["processed"] == 7)

    assert time.monotonic() - began > 3
    assert one.follower.budget()["backed_off"] == 4
