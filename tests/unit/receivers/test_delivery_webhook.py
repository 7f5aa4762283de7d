"""From the outbox over a real webhook to a real server."""

import asyncio
import contextlib

import pytest
from aiohttp import web

from tests.patience import PATIENCE
from watchdog.receivers.build import build
from watchdog.receivers.delivery import Deliverer
from watchdog.rulefile.receivers import ReceiverSettings
from watchdog.store.cards import Terms
from watchdog.store.outbox import Handed
from watchdog.store.store import Commit


@pytest.fixture
def deliver(store, endpoint, clock):
    """A deliverer to that server, at work within a `with`."""

    @contextlib.asynccontextmanager
    async def work():
        settings = {"ops": ReceiverSettings("ops", "webhook", {"url": endpoint.url, "secret": "text", "timeout": 1_000})}
        task = asyncio.create_task(Deliverer(store, build(settings, clock), clock).run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    return work


@pytest.fixture
def recorded(store, until):
    """Wait until the outbox says so of `ops`."""

    async def wait(**expected):
        async def ask():
            counts = (await store.outbox_counts()).get("ops")
            return counts and all(getattr(counts, name) == value for name, value in expected.items())

        await until(ask, what=str(expected))

    return wait


async def arrived(endpoint):
    """The id of the next request."""
    headers, _ = await asyncio.wait_for(endpoint.requests.get(), PATIENCE)
    return headers["webhook-id"]


async def test_a_server_that_recovers_gets_everything_in_order(store, endpoint, clock, deliver, recorded, notice):
    """500, then 429 with Retry-After, then refused connections, then a server that is well: each message arrives, in order, none is lost."""

    async def busy(request):
        return web.Response(status=429, headers={"Retry-After": "30"})

    endpoint.answers = [500, busy]
    await store.commit(Commit(seq=1, notices=(Handed("ops", notice("1", "a")), Handed("ops", notice("2", "a")))))
    async with deliver():
        assert await arrived(endpoint) == "1"
        await recorded(last_error="answered 500 Internal Server Error")
        clock.now += 2_000
        store.post.tell()
        assert await arrived(endpoint) == "1"
        await recorded(last_error="answered 429 Too Many Requests")
        assert (await store.post.look("ops", Terms(), clock.now)).alone_until == clock.now + 30_000
        await endpoint.down()
        clock.now += 30_000
        store.post.tell()
        await recorded(last_error="can't connect: Connection refused")
        assert endpoint.requests.empty()
        await endpoint.up()
        clock.now += 300_000
        store.post.tell()
        assert [await arrived(endpoint), await arrived(endpoint)] == ["1", "2"]
        await recorded(waiting=0, delivered=2)


async def test_a_restart_between_arrival_and_record(store, endpoint, deliver, recorded, notice):
    """A server that has the message when the agent is ended gets it again from the next agent, with the same webhook-id and the same body."""
    hold = asyncio.Event()

    async def slow(request):
        await hold.wait()
        return web.Response()

    endpoint.answers = [slow]
    await store.commit(Commit(seq=1, notices=(Handed("ops", notice("1", "a")),)))
    async with deliver():
        first, body = await asyncio.wait_for(endpoint.requests.get(), PATIENCE)
    hold.set()
    async with deliver():
        second, again = await asyncio.wait_for(endpoint.requests.get(), PATIENCE)
        await recorded(waiting=0, delivered=1)
    assert (first["webhook-id"], body) == (second["webhook-id"], again)
