"""
The threads of the stand-in: they fetch, run, fail and give back jobs as Sidekiq's processors do. Each is a task, since its jobs only wait.

Written from processor.rb, fetch.rb and job_retry.rb of each version. What a job may ask for and the stand-in does not do, it refuses.
"""

import asyncio
import json
import os
import random
import time
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis

from tests.service.standin.client import Client, dump
from tests.service.standin.heart import Heart, Running
from tests.service.standin.version import Version

_FETCH_SECONDS: Final = 2
_MAX_RETRIES: Final = 25
_DEAD_SECONDS: Final = 180 * 24 * 3600
_DEAD_JOBS: Final = 10_000
_NOT_DONE: Final = ("backtrace", "bid", "encrypt", "profile", "retry_for", "wrapped")
_LATER: Final = {"Refused": 3_600}
"""Class → what its `sidekiq_retry_in` says."""


class JobError(Exception):
    """What a job raised: Ruby's class of it, and its message."""

    def __init__(self, error_class: str, message: str) -> None:
        super().__init__(message)
        self.error_class = error_class


class Thread:
    """One thread, which goes on until it is told to stop (`Heart.quiet`) or killed (cancelled)."""

    def __init__(self, tid: str, redis: Redis, version: Version, *, heart: Heart, queues: tuple[str, ...]) -> None:
        self.tid = tid
        # Key and payload of the job that it holds.
        self.job: tuple[str, str] | None = None
        self._redis = redis
        self._version = version
        self._heart = heart
        self._queues = queues
        self._client = Client(redis, version)

    async def run(self) -> None:
        """Fetch and run until told to stop."""
        while not self._is_told_to_stop():
            keys = [f"queue:{queue}" for queue in self._queues]
            fetched: list[bytes] | None = await self._redis.execute_command("BRPOP", *keys, _FETCH_SECONDS)
            if fetched is None:
                continue
            key, payload = fetched[0].decode(), fetched[1].decode()
            if self._is_told_to_stop():  # popped after it was told to stop: given back untouched
                await self._redis.rpush(key, payload)
                return
            self.job = (key, payload)
            await self._process(key.removeprefix("queue:"), payload)
            self.job = None

    def _is_told_to_stop(self) -> bool:
        return self._heart.quiet

    async def _process(self, queue: str, payload: str) -> None:
        try:
            job = json.loads(payload)
        except ValueError:
            await self._bury(payload)
            return
        if not isinstance(job, dict):
            print("Internal exception!", flush=True)
            return
        asked = [option for option in _NOT_DONE if job.get(option)]
        assert not asked, f"the stand-in does not do {asked}"
        self._heart.work[self.tid] = Running(queue, payload, int(time.time()))
        failed = True
        try:
            await self._perform(job)
            failed = False
        except JobError as error:
            await self._retry(json.loads(payload), queue, error)
        finally:
            # Cancelled while it runs: Sidekiq::Shutdown counts as a failure and is not retried.
            self._heart.failed += failed
            self._heart.work.pop(self.tid)
            self._heart.processed += 1

    async def _perform(self, job: dict[str, Any]) -> None:
        run = getattr(self, f"_{job.get('class')}", None)
        if run is None:
            raise JobError("NameError", f"uninitialized constant {job.get('class')}")
        began, failed = time.monotonic_ns(), True
        try:
            await run(*job["args"])
            failed = False
        finally:
            self._heart.track(job["class"], (time.monotonic_ns() - began) // 1_000_000, failed=failed)

    async def _retry(self, job: dict[str, Any], queue: str, error: JobError) -> None:
        retry = True if job.get("retry") is None else job["retry"]
        if retry is False:  # 0 is true in Ruby: such a job dies at its first failure
            return
        most = _MAX_RETRIES if isinstance(retry, bool) else int(retry)
        job["queue"] = job.get("retry_queue") or queue
        job["error_message"], job["error_class"] = str(error)[:10_000], error.error_class
        if job.get("retry_count") is not None:
            job["retried_at"] = self._client.now()
            job["retry_count"] += 1
        else:
            job["failed_at"] = self._client.now()
            job["retry_count"] = 0
        count = job["retry_count"]
        if count >= most:
            if job.get("dead") is not False:
                await self._bury(dump(job))
            return
        delay = _LATER.get(job["class"], count**4 + 15)
        jitter = random.randrange(10 * (count + 1)) if self._version.jitters_finely else random.randrange(10) * (count + 1)
        await self._redis.zadd("retry", {dump(job): time.time() + delay + jitter})

    async def _bury(self, payload: str) -> None:
        now = time.time()
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.zadd("dead", {payload: now})
            pipeline.zremrangebyscore("dead", "-inf", now - _DEAD_SECONDS)
            pipeline.zremrangebyrank("dead", 0, -_DEAD_JOBS)
            await pipeline.execute()

    # The classes of the application (app/app.rb of the matrix)

    async def _Plan(self, jobs: list[list[Any]]) -> None:  # noqa: N802  # Ruby's name
        for name, queue, args, wait in jobs:
            at = {} if wait is None else {"at": time.time() + wait}
            await self._client.push({"retry": True, "queue": queue, "args": args, "class": name, **at})

    async def _Held(self) -> None:  # noqa: N802
        while not (Path(os.environ["RUN_DIR"]) / "go").exists():
            await asyncio.sleep(0.1)

    async def _SleepForever(self, *_: object) -> None:  # noqa: N802
        await asyncio.Event().wait()

    async def _Quick(self, *_: object) -> None:  # noqa: N802
        pass

    async def _Refused(self, inbox: str) -> None:  # noqa: N802
        raise JobError("Mastodon::UnexpectedResponseError", f"{inbox} returned code 403")
