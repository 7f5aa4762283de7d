"""
The poller of the stand-in: moves what is due from `retry` and `schedule` into its queue, one at a time, and removes stale members.

Written from scheduled.rb of each version.
"""

import asyncio
import json
import random
import time
from typing import Final

from redis.asyncio import Redis

from tests.service.standin.client import Client
from tests.service.standin.heart import Heart
from tests.service.standin.version import Version

_FIRST_PAUSE: Final = 10
_EACH: Final = 5
_FEW: Final = 10
_POP: Final = """\
local jobs = redis.call("zrangebyscore", KEYS[1], "-inf", ARGV[1], "limit", 0, 1)
if jobs[1] then redis.call("zrem", KEYS[1], jobs[1]) return jobs[1] end
"""


class Poller:
    """Polls until the process is quiet; `stop` says so to it."""

    def __init__(self, redis: Redis, version: Version, heart: Heart) -> None:
        self._redis = redis
        self._version = version
        self._heart = heart
        self._client = Client(redis, version)
        self._stopped = asyncio.Event()
        self._counted = 0

    async def run(self) -> None:
        """Poll until stopped."""
        await self._wait(_FIRST_PAUSE + _EACH * random.random())
        if self._version.cleans_at_boot:
            await self._clean_once()
        while not self._stopped.is_set():
            for key in ("retry", "schedule"):
                await self._move(key)
            await self._wait(await self._pause())

    def stop(self) -> None:
        """No more polling."""
        self._stopped.set()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            return

    async def _move(self, key: str) -> None:
        while not self._stopped.is_set():
            job: bytes | None = await self._redis.eval(_POP, 1, key, repr(time.time()))
            if job is None:
                return
            await self._client.push(json.loads(job))

    async def _pause(self) -> float:
        if not self._version.cleans_at_boot and self._counted % 10 == 0:
            await self._clean()
        self._counted += 1
        processes = await self._redis.scard("processes") or 1
        if processes < _FEW:
            return processes * _EACH * (random.random() + 0.5)
        return processes * _EACH * random.random() * (2 if self._version.release >= (8, 0, 10) else 1)

    async def _clean_once(self) -> None:
        options = ("NX", "EX", "60") if self._version.release >= (7,) else ("EX", "60", "NX")
        if await self._redis.execute_command("SET", "process_cleanup", "1", *options):
            await self._clean()

    async def _clean(self) -> None:
        members = [member async for member in self._redis.sscan_iter("processes")]
        async with self._redis.pipeline(transaction=False) as pipeline:
            for member in members:
                pipeline.hget(member, "info")
            infos = await pipeline.execute()
        stale = [member for member, info in zip(members, infos, strict=True) if info is None]
        if stale:
            await self._redis.srem("processes", *stale)
