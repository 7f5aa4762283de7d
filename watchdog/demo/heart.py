"""
The heart of a stand-in worker: what Sidekiq 7.3 writes into Redis at each beat, in its order, and at a clean stop.

The counterpart of what the agent reads; written from Sidekiq's own source (launcher.rb of 7.3), and sharing no code with the
agent's reader, or both could be wrong in the same way.
"""

import os
import secrets
import socket
import time
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson
from redis.asyncio import Redis

VERSION: Final = "7.3.2"
TAG: Final = "demo"
EXPIRY_S: Final = 60
"""Sidekiq's own; that the agent counts the age of a beat from."""
BEAT_S: Final = 2.2
"""Sidekiq 7 beats each 10 s, Sidekiq 6 each 5 s. The age of a job is known once a beat, and the demo is to last a minute."""


class Running(msgspec.Struct, frozen=True):
    """A job in the hands of a thread. `payload` is the string as it was in the queue, `since` unix seconds."""

    queue: str
    payload: bytes
    since: int


class Heart:
    """One worker as Redis sees it. `running` is by thread id."""

    def __init__(self, client: Redis, *, queues: tuple[str, ...], concurrency: int) -> None:
        self._client = client
        self._queues = queues
        self._concurrency = concurrency
        self.identity = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(6)}"
        self.running: dict[str, Running] = {}
        self.processed = 0
        self.quiet = False
        self._info: bytes | None = None

    @property
    def title(self) -> str:
        """The process title that goes with the last beat (`PROCTITLES` in launcher.rb)."""
        stopping = " stopping" if self.quiet else ""
        return f"sidekiq {VERSION} {TAG} [{len(self.running)} of {self._concurrency} busy]{stopping}"

    async def beat(self) -> str | None:
        """Write one beat; the name of a signal that somebody left in Redis for this process, if any."""
        processed, self.processed = self.processed, 0
        async with self._client.pipeline(transaction=False) as pipeline:
            for key in ("stat:processed", f"stat:processed:{time.strftime('%Y-%m-%d', time.gmtime())}"):
                pipeline.incrby(key, processed)
            await pipeline.execute()
        running = dict(self.running)
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.unlink(f"{self.identity}:work")
            if running:
                pipeline.hset(f"{self.identity}:work", mapping={tid: _work(job) for tid, job in running.items()})
                pipeline.expire(f"{self.identity}:work", EXPIRY_S)
            await pipeline.execute()
        began = time.perf_counter_ns()
        await self._client.ping()
        rtt_us = (time.perf_counter_ns() - began) // 1000
        fields: dict[Any, Any] = {
            "info": self._about(),
            "busy": len(running),
            "beat": time.time(),
            "rtt_us": rtt_us,
            "quiet": "true" if self.quiet else "false",
            "rss": resident_kib(),
        }
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.sadd("processes", self.identity)
            pipeline.exists(self.identity)
            pipeline.hset(self.identity, mapping=fields)
            pipeline.expire(self.identity, EXPIRY_S)
            pipeline.rpop(f"{self.identity}-signals")
            *_, signal = await pipeline.execute()
        return signal.decode() if signal else None

    async def stop(self) -> None:
        """Give back what is unfinished, to the end that is fetched next, and sign off; the identity hash is left to expire."""
        for job in self.running.values():
            await self._client.rpush(f"queue:{job.queue}", job.payload)
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.srem("processes", self.identity)
            pipeline.unlink(f"{self.identity}:work")
            await pipeline.execute()

    def _about(self) -> bytes:
        if self._info is None:  # made once, at the first beat, like Sidekiq's
            self._info = orjson.dumps(
                {
                    "hostname": socket.gethostname(),
                    "started_at": time.time(),
                    "pid": os.getpid(),
                    "tag": TAG,
                    "concurrency": self._concurrency,
                    "queues": self._queues,
                    "weights": [dict.fromkeys(self._queues, 0)],
                    "labels": [],
                    "identity": self.identity,
                    "version": VERSION,
                    "embedded": False,
                }
            )
        return self._info


def _work(job: Running) -> bytes:
    return orjson.dumps({"queue": job.queue, "payload": job.payload.decode(), "run_at": job.since})


def resident_kib() -> int:
    """Resident memory of this process in KiB (VmRSS of /proc/PID/status, as Sidekiq reads it)."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
