"""The servers that other tests stand on do what their fixtures promise."""

import signal

import pytest

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]


async def test_a_stopped_server_comes_back_at_the_same_place(redis_server, until):
    """A server that is stopped and started again answers on the same port and socket, and is empty."""
    client = redis_server.client()
    await client.set("a", 1)
    url = redis_server.url
    await redis_server.stop()
    await redis_server.start()

    assert url == redis_server.url
    assert await client.get("a") is None


@pytest.mark.needs("sidekiq")
async def test_a_real_sidekiq_runs_what_is_pushed(redis_server, sidekiq, push, until):
    """Sidekiq takes a pushed job, shows it in its work hash, and ends in good order at TERM with the job pushed back."""
    client = redis_server.client()
    # One thread: an idle one would pop what is pushed back, and at the end of so short a timeout Sidekiq may lose it then.
    one = await sidekiq.start(queues=("push", "pull"), concurrency=1, timeout=1)
    jid = await push(client, "SleepForever")

    await until(lambda: client.hlen(one.work), what="the job in the work hash")
    one.signal(signal.SIGTERM)

    assert await one.wait_exit() == 0
    assert jid.encode() in await client.lindex("queue:push", -1)
    assert not one.alive
