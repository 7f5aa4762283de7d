"""
A stand-in for a Sidekiq process: `python -P -m watchdog.demo.worker SOCKET QUEUES CONCURRENCY [room for the title]`.

A real process with real signals: TSTP makes it quiet, TERM lets it give its jobs back and end. Its threads are
tasks, since the jobs only wait. A job of the class `POISON` is what the agent is for: it holds its thread for ever, and
swallows what is raised in it. The others go on, and the heart beats as if all were well.
"""

import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from watchdog.demo import jobs
from watchdog.demo.heart import BEAT_S, Heart, Running
from watchdog.demo.server import connect
from watchdog.demo.title import set_title

FETCH_S: Final = 2
"""How long Sidekiq's fetch waits in BRPOP (fetch.rb)."""
TIMEOUT_S: Final = 3.0
"""How long running jobs may take after TERM; Sidekiq's own is 25 s, its jobs longer."""
RAISED_S: Final = 0.5
"""How long a job has to end that is interrupted; with Sidekiq 3 s."""
_SIGNALS: Final = frozenset({"TERM", "TSTP", "TTIN"})
"""What is taken from Redis. Sidekiq itself takes any name that it finds there."""


class Worker:
    """The process: its threads, its heart, and what signals do to it."""

    def __init__(self, client: Redis, *, queues: tuple[str, ...], concurrency: int) -> None:
        self._client = client
        self._queues = queues
        self._concurrency = concurrency
        self._heart = Heart(client, queues=queues, concurrency=concurrency)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until TERM, then end the process, whatever its threads still hold."""
        loop = asyncio.get_running_loop()
        for name in _SIGNALS:
            loop.add_signal_handler(signal.Signals[f"SIG{name}"], self._on_signal, name)
        await self._beat()
        async with asyncio.TaskGroup() as group:
            heart = group.create_task(self._beats(), name="heartbeat")
            threads = [
                group.create_task(self._thread(self._tid(number)), name=f"processor {number}") for number in range(self._concurrency)
            ]
            await self._stopping.wait()
            await asyncio.wait(threads, timeout=TIMEOUT_S)
            heart.cancel()
            await self._heart.stop()
            for thread in threads:
                thread.cancel()
            await asyncio.wait(threads, timeout=RAISED_S)
            print("Bye!", flush=True)
            # As Sidekiq does: a job that swallows what is raised in it does not keep the process.
            os._exit(0)

    def _on_signal(self, name: str) -> None:
        print(f"received {name}", flush=True)
        match name:
            case "TTIN":
                for tid, job in self._heart.running.items():
                    print(f"Thread TID-{tid} holds a job of {job.queue}", flush=True)
            case "TSTP" | "TERM":
                self._heart.quiet = True
                if name == "TERM":
                    self._stopping.set()

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            await self._beat()

    async def _beat(self) -> None:
        set_title(self._heart.title)  # before Redis hears of it, as in Sidekiq
        if (left := await self._heart.beat()) in _SIGNALS:
            os.kill(os.getpid(), signal.Signals[f"SIG{left}"])

    async def _thread(self, tid: str) -> None:
        keys = [f"queue:{queue}" for queue in self._queues]
        while not self._stops():
            fetched: list[bytes] | None = await self._client.execute_command("BRPOP", *keys, FETCH_S)  # type: ignore[no-untyped-call]
            if fetched is None:
                continue
            key, payload = fetched
            queue = key.decode().removeprefix("queue:")
            if self._stops():  # popped after it was told to stop: given back untouched
                await self._client.rpush(key, payload)
                break
            self._heart.running[tid] = Running(queue, payload, int(time.time()))
            await self._perform(payload)
            del self._heart.running[tid]
            self._heart.processed += 1

    async def _perform(self, payload: bytes) -> None:
        job = orjson.loads(payload)
        about = f"class={job['class']} jid={job['jid']}"
        print(f"{about} INFO: start", flush=True)
        while job["class"] == jobs.POISON:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()  # for ever: nobody sets it
        await asyncio.sleep(jobs.seconds(job))
        print(f"{about} INFO: done", flush=True)

    def _stops(self) -> bool:
        return self._heart.quiet

    def _tid(self, number: int) -> str:
        return _base36((id(self) + number) ^ os.getpid())


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = digits[rest] + text
    return text or "0"


async def main(arguments: list[str]) -> int:
    """Exit code 1 where the server went away."""
    socket, queues, concurrency, *_ = arguments
    client = connect(Path(socket))
    code = 0
    try:
        await Worker(client, queues=tuple(queues.split(",")), concurrency=int(concurrency)).run()
    except* RedisError as failures:
        print(f"the server went away: {failures.exceptions[0]}", file=sys.stderr)
        code = 1
    finally:
        await client.aclose()
    return code


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
