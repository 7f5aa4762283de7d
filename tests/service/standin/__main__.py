"""
A stand-in for Sidekiq, for versions that no Debian has: `python -m tests.service.standin --as VERSION [options of sidekiq] ROOM`.

A real process with Sidekiq's title, signals and exit, that writes into Redis exactly what that version writes, in its order and with its
transactions or without. It is strict: an option, a job or a Redis that the real one refuses, it refuses, and what it can't do it does not
pretend to do. Where it stands for a version that can be had, `test_standin.py` holds it against the real one.

Options of its own: `--beat SECONDS` scales the pause between beats, `--tear SECONDS` stretches the writing of a work hash that the version does not
write in one transaction.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import time
from typing import Final

from redis.asyncio import Redis

from tests.ending import end_task
from tests.service.standin.heart import Heart
from tests.service.standin.poller import Poller
from tests.service.standin.threads import Thread
from tests.service.standin.version import Version

_PAUSE: Final = 0.5
_LAST_SECONDS: Final = 3


class Process:
    """The process: its threads, heart and poller, and what signals do to it."""

    def __init__(self, redis: Redis, version: Version, chosen: argparse.Namespace) -> None:
        queues = tuple(dict.fromkeys(chosen.queue))
        self._redis = redis
        self._version = version
        self._timeout = chosen.timeout
        self._beat = chosen.beat or version.beat
        self._heart = Heart(redis, version, queues=queues, concurrency=chosen.concurrency, tag=chosen.tag, tear=chosen.tear)
        self._poller = Poller(redis, version, self._heart)
        self._threads = [Thread(_tid(), redis, version, heart=self._heart, queues=queues) for _ in range(chosen.concurrency)]
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until TERM."""
        await self._check_redis()
        loop = asyncio.get_running_loop()
        for name in ("INT", "TERM", "TTIN", "TSTP"):
            loop.add_signal_handler(signal.Signals[f"SIG{name}"], self._on_signal, name)
        async with asyncio.TaskGroup() as group:
            heart = group.create_task(self._beats())
            poller = group.create_task(self._poller.run())
            threads = {group.create_task(thread.run()): thread for thread in self._threads}
            await self._stopping.wait()
            await self._stop(threads)
            await poller
            await end_task(heart)
        print("Bye!", flush=True)

    async def _check_redis(self) -> None:
        info = await self._redis.info()
        found = tuple(int(part) for part in info["redis_version"].split("."))
        if found < self._version.least_redis:
            needed = ".".join(map(str, self._version.least_redis))
            sys.exit(f"You are connecting to Redis v{info['redis_version']}, Sidekiq requires Redis {needed} or greater")

    def _on_signal(self, name: str) -> None:
        print(f"received {name}", flush=True)
        if self._stopping.is_set():  # the main thread of a Sidekiq that stops hears nothing any more
            return
        match name:
            case "TTIN":
                for thread in self._threads:
                    print(f"Thread TID-{thread.tid} processor", flush=True)
            case "TSTP":
                self._quiet()
            case _:
                self._quiet()
                self._stopping.set()

    def _quiet(self) -> None:
        self._heart.quiet = True
        self._poller.stop()

    async def _beats(self) -> None:
        while True:
            await self._heart.beat()
            await asyncio.sleep(self._beat)

    async def _stop(self, threads: dict[asyncio.Task[None], Thread]) -> None:
        """Wait for the jobs until half a second before the timeout; push back what is left, then interrupt it, then sign off."""
        deadline = time.monotonic() + self._timeout
        await asyncio.sleep(_PAUSE)
        while deadline - time.monotonic() > _PAUSE and not all(task.done() for task in threads):
            await asyncio.sleep(_PAUSE)
        left = [task for task in threads if not task.done()]
        if left:
            await self._push_back([thread.job for task in left if (thread := threads[task]).job])
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=_LAST_SECONDS)
            await asyncio.sleep(_PAUSE)
        await self._heart.leave()

    async def _push_back(self, jobs: list[tuple[str, str]]) -> None:
        by_queue: dict[str, list[str]] = {}
        for key, payload in jobs:
            by_queue.setdefault(key, []).append(payload)
        if jobs:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for key, payloads in by_queue.items():
                    pipeline.rpush(key, *payloads)
                await pipeline.execute()
            print(f"Pushed {len(jobs)} jobs back to Redis", flush=True)


def _tid() -> str:
    digits, number, text = "0123456789abcdefghijklmnopqrstuvwxyz", random.randrange(36**3, 36**4), ""
    while number:
        number, rest = divmod(number, 36)
        text = digits[rest] + text
    return text


def _chosen(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="standin", allow_abbrev=False)
    parser.add_argument("--as", dest="version", required=True)
    parser.add_argument("--beat", type=float, default=0.0)
    parser.add_argument("--tear", type=float, default=0.0)
    parser.add_argument("-q", "--queue", action="append")
    parser.add_argument("-c", "--concurrency", type=int)
    parser.add_argument("-t", "--timeout", type=int, default=25)
    parser.add_argument("-g", "--tag", default="")
    parser.add_argument("room")
    chosen = parser.parse_args(arguments)
    version = Version.parse(chosen.version)
    chosen.queue = chosen.queue or ["default"]
    chosen.concurrency = (5 if version.release >= (7,) else 10) if chosen.concurrency is None else chosen.concurrency
    for option in ("concurrency", "timeout"):
        if getattr(chosen, option) <= 0:
            parser.error(f"{option}: {getattr(chosen, option)} is not a valid value")
    if any("," in queue for queue in chosen.queue):
        parser.error("the stand-in does not do weights of queues")
    if chosen.tear and not version.tears:
        parser.error(f"Sidekiq {version.text} writes its work hash in one transaction: there is nothing to tear")
    return chosen


async def main(arguments: list[str]) -> None:
    """Run one process."""
    chosen = _chosen(arguments)
    redis = Redis.from_url(os.environ["REDIS_URL"], lib_name=None, lib_version=None, socket_timeout=None)
    try:
        await Process(redis, Version.parse(chosen.version), chosen).run()
    finally:
        await redis.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
