"""
The beats of the stand-in: what Sidekiq writes at each of them and at a clean stop, in its order, in its transactions or without.

Written from launcher.rb of each version, and sharing no code with the agent's reader or with the demo's worker, or all could be wrong in the same way.
"""

import asyncio
import os
import secrets
import signal
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.service.standin.client import dump
from tests.service.standin.metrics import Metrics
from tests.service.standin.version import Version
from watchdog.demo.title import set_title

_STATS_TTL: Final = 5 * 365 * 24 * 3600
_EXPIRY: Final = 60


class Running(msgspec.Struct, frozen=True):
    """A job in the hands of a thread: `payload` is the string as it was in the queue, `run_at` whole seconds in every version."""

    queue: str
    payload: str
    run_at: int


class Heart:
    """One process as Redis sees it. `work` is by thread; `tear` are seconds between the steps of a work hash that is not written in one."""

    def __init__(self, redis: Redis, version: Version, *, queues: Sequence[str], concurrency: int, tag: str, tear: float) -> None:
        self.identity = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(6)}"
        self.work: dict[str, Running] = {}
        self.processed = 0
        self.failed = 0
        self.quiet = False
        self._redis = redis
        self._version = version
        self._queues = tuple(queues)
        self._concurrency = concurrency
        self._tag = tag
        self._tear = tear
        self._info = ""
        self._metrics = Metrics(redis, version)
        self.track = self._metrics.track

    async def beat(self) -> None:
        """One beat; what fails in it is logged and forgotten, as Sidekiq does."""
        stopping = " stopping" if self.quiet else ""
        set_title(f"sidekiq {self._version.text} {self._tag} [{len(self.work)} of {self._concurrency} busy]{stopping}")
        try:
            await self._beat()
        except (RedisError, OSError, ValueError) as failure:
            print(f"heartbeat: {failure}", flush=True)

    async def leave(self) -> None:
        """What a clean stop writes last; the identity hash is left to expire."""
        if self._version.counts_before_leaving:
            await self._flush_counts()
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.srem("processes", self.identity)
            pipeline.unlink(self._work_key)
            await pipeline.execute()
        if not self._version.counts_before_leaving:
            await self._flush_counts()
        if self._version.release >= (8, 0, 10):
            await self._metrics.flush()

    @property
    def _work_key(self) -> str:
        return f"{self.identity}:{self._version.work}"

    async def _beat(self) -> None:
        work = dict(self.work)
        if self._version.beats_in_one:
            async with self._redis.pipeline(transaction=True) as pipeline:
                self._count(pipeline)
                self._rewrite(pipeline, work)
                await pipeline.execute()
        else:
            await self._write_counts()
            await self._write_work(work)
        began = time.perf_counter_ns()
        await self._redis.ping()
        rtt = (time.perf_counter_ns() - began) // 1000
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.sadd("processes", self.identity)
            pipeline.exists(self.identity)
            fields = [part for field in self._fields(len(work), rtt).items() for part in field]
            pipeline.execute_command("HSET" if self._version.release >= (7,) else "HMSET", self.identity, *fields)
            pipeline.expire(self.identity, _EXPIRY)
            pipeline.rpop(f"{self.identity}-signals")
            *_, left = await pipeline.execute()
        await self._metrics.flush()
        if left:
            # Any name that stands there is sent, as in Sidekiq; an unknown one is an error of this beat.
            name = left.decode()
            if f"SIG{name}" not in signal.Signals.__members__:
                msg = f"unsupported signal 'SIG{name}'"
                raise ValueError(msg)
            os.kill(os.getpid(), signal.Signals[f"SIG{name}"])

    async def _write_counts(self) -> None:
        if not self._version.counts_nothing:
            await self._flush_counts()
            return
        async with self._redis.pipeline(transaction=True) as pipeline:
            self._count(pipeline)
            await pipeline.execute()

    async def _flush_counts(self) -> None:
        if not self.processed + self.failed:
            return
        async with self._redis.pipeline(transaction=False) as pipeline:
            self._count(pipeline)
            await pipeline.execute()

    def _count(self, pipeline: Any) -> None:
        for total, grown in (("processed", self.processed), ("failed", self.failed)):
            day = f"stat:{total}:{time.strftime('%Y-%m-%d', time.gmtime())}"
            pipeline.incrby(f"stat:{total}", grown)
            pipeline.incrby(day, grown)
            pipeline.expire(day, _STATS_TTL)
        self.processed = self.failed = 0

    async def _write_work(self, work: dict[str, Running]) -> None:
        if not self._version.tears:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.unlink(self._work_key)
                if work:
                    pipeline.hset(self._work_key, mapping={tid: _entry(job) for tid, job in work.items()})
                    pipeline.expire(self._work_key, _EXPIRY)
                await pipeline.execute()
        elif self._tear:
            await self._write_torn(work)
        else:
            async with self._redis.pipeline(transaction=False) as pipeline:
                self._rewrite(pipeline, work)
                await pipeline.execute()

    async def _write_torn(self, work: dict[str, Running]) -> None:
        """What anybody may see who reads while the pipeline arrives piece by piece; here each piece lasts."""
        await self._redis.unlink(self._work_key)
        for tid, job in work.items():
            await asyncio.sleep(self._tear)
            await self._redis.hset(self._work_key, tid, _entry(job))
        await asyncio.sleep(self._tear)
        await self._redis.expire(self._work_key, _EXPIRY)

    def _rewrite(self, pipeline: Any, work: dict[str, Running]) -> None:
        pipeline.unlink(self._work_key)
        for tid, job in work.items():
            pipeline.hset(self._work_key, tid, _entry(job))
        pipeline.expire(self._work_key, _EXPIRY)

    def _fields(self, busy: int, rtt: int) -> dict[str, Any]:
        self._info = self._info or dump(self._about())  # made once, at the first beat
        return {
            "info": self._info,
            **({"concurrency": self._concurrency} if self._version.concurrency_in_hash else {}),
            "busy": busy,
            "beat": repr(time.time()),
            "rtt_us": rtt,
            "quiet": "true" if self.quiet else "false",
            "rss": _resident_kib(),
        }

    def _about(self) -> dict[str, Any]:
        version, weights = self._version, dict.fromkeys(self._queues, 0)
        capsule = {"concurrency": self._concurrency, "mode": "strict", "weights": weights}
        about = {
            "hostname": socket.gethostname(),
            "started_at": time.time(),
            "pid": os.getpid(),
            "tag": self._tag,
            **({} if version.concurrency_in_hash else {"concurrency": self._concurrency}),
            **({"capsules": {"default": capsule}} if version.release >= (8, 0, 9) else {}),
            "queues": self._queues,
            **({"weights": [weights]} if version.release >= (7, 0, 3) else {}),
            "labels": [],
            "identity": self.identity,
        }
        return about | ({"version": version.text, "embedded": False} if version.release >= (7, 0, 3) else {})


def _entry(job: Running) -> str:
    return dump({"queue": job.queue, "payload": job.payload, "run_at": job.run_at})


def _resident_kib() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
