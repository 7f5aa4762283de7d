"""What signals do to the stand-in, by kill and by Redis, as facts of the real ones have it: its beats are quick here, nothing else is."""

import signal

import pytest

from tests.service.conftest import push_job
from tests.service.matrix.parts import Store, end, start_sidekiq

pytestmark = [pytest.mark.needs("bookworm"), pytest.mark.timeout(180)]


@pytest.fixture
async def store(tmp_path):
    """A server for one stand-in."""
    one = Store("Redis 7", tmp_path / "store")
    yield await one.start()
    await one.close()


@pytest.fixture
async def start(store):
    """Starts stand-ins with two threads on queue push, and waits for their first beat."""
    started = []

    async def one(version: str):
        process = await start_sidekiq(version, store, tag="app", queues=("push",), concurrency=2, options=("--beat", "0.2"))
        started.append(process)
        await process.wait_beat(store.client())
        return process

    yield one
    await end(*started)


@pytest.mark.parametrize("version", ["6.5.12", "8.0.10"])
async def test_names_left_in_redis_are_sent(store, start, until, version):
    """TTIN names the threads of the work hash, nonsense fails one beat and no more, TSTP ends fetching; TERM then pushes back to the end that is next."""
    client = store.client()
    process = await start(version)
    await push_job(client, "SleepForever")
    (tid,) = await until(lambda: client.hkeys(f"{process.identity}:work"), what="the job in the work hash")

    async def leave(name: str) -> None:
        await client.lpush(f"{process.identity}-signals", name)

    await leave("TTIN")
    await until(lambda: f"Thread TID-{tid.decode()} " in process.log.read_text(), what="the threads")
    await leave("NONSENSE")
    await until(lambda: "heartbeat: unsupported signal 'SIGNONSENSE'" in process.log.read_text(), what="the error")
    await leave("TSTP")

    async def is_quiet() -> bool:
        fetching = any(one["cmd"] == "brpop" for one in await client.client_list())
        return await client.hget(process.identity, "quiet") == b"true" and not fetching

    await until(is_quiet, what="a beat that says so, and no thread that fetches")
    await push_job(client, "Quick")
    process.signal(signal.SIGTERM)
    assert await process.wait_exit() == 0
    assert [job.count(b"SleepForever") for job in await client.lrange("queue:push", 0, -1)] == [0, 1]
    assert not await client.exists("processes", f"{process.identity}:work")
    assert 0 < await client.ttl(process.identity) <= 60


async def test_a_signal_that_nobody_handles_kills(store, start):
    """USR1 in the list ends it at once, as it does every Sidekiq since 6.0."""
    process = await start("8.0.10")
    await store.client().lpush(f"{process.identity}-signals", "USR1")

    assert await process.wait_exit() == -signal.SIGUSR1
