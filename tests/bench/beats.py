"""
A stand-in for the part of Sidekiq that shows in Redis: processes that beat as 7.2.3 and later do (launcher.rb), without running anything.

Each beat is two transactions: the work hash, then the identity. `python -m tests.bench.beats URL PROCESSES THREADS SECONDS [QUEUE]`
lets that many processes beat, spread evenly, for that long; the field `rss` then carries the moment of each beat.
"""

import asyncio
import secrets
import sys
import time
from typing import Any, Final

import orjson
import redis.asyncio

BEAT: Final = 10.0
"""Seconds between two beats of Sidekiq 7 and 8."""


class SimulatedProcess:
    """One process. `jobs` is what its threads run, by thread: set it, then let it `beat`."""

    def __init__(
        self,
        number: int = 1,
        *,
        host: str = "web1",
        threads: int = 5,
        queues: tuple[str, ...] = ("push",),
        namespace: str = "",
        work: str = "work",
    ) -> None:
        self.identity = f"{host}:{number}:{secrets.token_hex(6)}"
        self.prefix = f"{namespace}:" if namespace else ""
        self.key = self.prefix + self.identity
        self.work = f"{self.key}:{work}"
        self.info = {
            "hostname": host,
            "started_at": time.time(),
            "pid": number,
            "tag": "live",
            "concurrency": threads,
            "queues": list(queues),
            "labels": [],
            "identity": self.identity,
            "version": "7.3.2",
            "embedded": False,
        }
        self.jobs: dict[str, bytes] = {}
        self.quiet = False

    def run(self, thread: str, *, queue: str = "push", job_class: str = "PushWorker", run_at: float | None = None, **job: Any) -> str:
        """Have a thread run a job; gives its jid."""
        jid = secrets.token_hex(12)
        payload = {"retry": True, "queue": queue, "class": job_class, "args": [1, "x" * 300], "jid": jid, "created_at": time.time(), **job}
        start = int(time.time() if run_at is None else run_at)
        self.jobs[thread] = orjson.dumps({"queue": queue, "payload": orjson.dumps(payload).decode(), "run_at": start})
        return jid

    async def write_work(self, client: redis.asyncio.Redis) -> None:
        """The first half of a beat."""
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.unlink(self.work)
            for thread, entry in self.jobs.items():
                pipeline.hset(self.work, thread, entry)
            pipeline.expire(self.work, 60)
            await pipeline.execute()

    async def write_identity(self, client: redis.asyncio.Redis, *, rss: int = 204_800, **fields: Any) -> None:
        """The second half of a beat; `rss` is in KiB, `fields` go over those of a healthy process."""
        whole: dict[Any, Any] = {
            "info": orjson.dumps(self.info),
            "busy": len(self.jobs),
            "beat": repr(time.time()),
            "rtt_us": 180,
            "quiet": "true" if self.quiet else "false",
            "rss": rss,
            **fields,
        }
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.sadd(f"{self.prefix}processes", self.identity)
            pipeline.exists(self.key)
            pipeline.hset(self.key, mapping=whole)
            pipeline.expire(self.key, 60)
            pipeline.rpop(f"{self.key}-signals")
            await pipeline.execute()

    async def beat(self, client: redis.asyncio.Redis, **fields: Any) -> None:
        """One beat."""
        await self.write_work(client)
        await self.write_identity(client, **fields)

    async def stop(self, client: redis.asyncio.Redis) -> None:
        """A clean stop."""
        async with client.pipeline(transaction=False) as pipeline:
            pipeline.srem(f"{self.prefix}processes", self.identity)
            pipeline.unlink(self.work)
            await pipeline.execute()


def moment() -> int:
    """The monotonic clock of the machine in microseconds, the same for all processes."""
    return time.monotonic_ns() // 1000


async def _beat_on(process: SimulatedProcess, client: redis.asyncio.Redis, *, first: float, threads: int, queue: str) -> None:
    await asyncio.sleep(first)
    turn = 0
    while True:
        for thread in range(threads):
            # Half of the threads have a new job at each beat, as under load.
            if turn == 0 or thread % 2 == turn % 2:
                process.run(f"t{thread}", queue=queue)
        turn += 1
        await process.write_work(client)
        await process.write_identity(client, rss=moment())
        await asyncio.sleep(BEAT)


async def _main(url: str, processes: int, threads: int, seconds: float, queue: str) -> None:
    client = redis.asyncio.Redis.from_url(url)
    try:
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
            for number in range(processes):
                process = SimulatedProcess(number + 1, host=f"web{number % 10}", threads=threads)
                tasks.create_task(_beat_on(process, client, first=BEAT * number / processes, threads=threads, queue=queue))
    except TimeoutError:
        pass
    finally:
        await client.aclose()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), (sys.argv[5:] or ["push"])[0]))
