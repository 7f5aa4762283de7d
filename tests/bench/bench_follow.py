"""
What following costs: from the write of a beat to the event, on a small and on a large Sidekiq; and how often a quiet Redis is asked.

The beats come from another process (`beats.py`) through a real redis-server; each carries the moment of its writing in `rss`.
Beside the processor time of Redis stands what it needs for the beats alone.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import redis.asyncio

from tests.bench.beats import SimulatedProcess, moment
from tests.bench.rows import Row
from watchdog.clock import Clock
from watchdog.model.events import Body, Delta, Observed
from watchdog.model.kinds import Kind
from watchdog.sidekiq.follow import Follower

SECONDS = 22.0


@asynccontextmanager
async def server() -> AsyncIterator[str]:
    """A private redis-server on a unix socket; its URL."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "redis.sock"
        child = await asyncio.create_subprocess_exec(
            "redis-server", "--port", "0", "--unixsocket", str(path), "--save", "", stdout=asyncio.subprocess.DEVNULL
        )
        try:
            while not path.exists():
                await asyncio.sleep(0.02)
            yield f"unix://{path}"
        finally:
            child.kill()
            await child.wait()


class Delays:
    """Collects, from what a follower says, how long each beat took to get here (milliseconds)."""

    def __init__(self) -> None:
        self.found: list[float] = []
        self.jobs = 0
        self.since = moment()

    def hear(self, body: Body) -> None:
        now = moment()
        if not isinstance(body, Observed):
            return
        for change in body.changes:
            if isinstance(change, Delta) and change.kind == Kind.PROCESS and change.fields.get("rss"):
                sent = change.fields["rss"] // 1024
                if sent > self.since:
                    self.found.append((now - sent) / 1000)
            self.jobs += change.kind == Kind.JOB

    def share(self, part: float) -> float:
        ordered = sorted(self.found)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


async def cpu(client: redis.asyncio.Redis) -> float:
    """Processor seconds that the server has used."""
    info = await client.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


async def beating(url: str, processes: int, threads: int) -> asyncio.subprocess.Process:
    """Start that many beating processes, in a process of their own."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.beats", url, str(processes), str(threads), str(3 * SECONDS)
    )


async def under_load(processes: int, threads: int) -> list[Row]:
    """Delay, and the cost to both sides, while that many processes beat."""
    async with server() as url:
        client = redis.asyncio.Redis.from_url(url)
        child = await beating(url, processes, threads)
        while await client.scard("processes") < processes:
            await asyncio.sleep(0.2)
        before = await cpu(client)
        await asyncio.sleep(SECONDS / 2)
        without = (await cpu(client) - before) / (SECONDS / 2)
        delays = Delays()
        follower = Follower(url=url, clock=Clock(), emit=delays.hear)
        task = asyncio.create_task(follower.run())
        await asyncio.sleep(1.5)
        delays.found.clear()
        delays.since, before, own, spent = moment(), await cpu(client), time.process_time(), follower.cost()
        await asyncio.sleep(SECONDS)
        own = (time.process_time() - own) / SECONDS
        with_us = (await cpu(client) - before) / SECONDS
        trips = (follower.cost()["round_trips"] - spent["round_trips"]) / SECONDS
        commands = (follower.cost()["commands"] - spent["commands"]) / SECONDS
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        child.kill()
        await child.wait()
        await client.aclose()
    here = f"{processes} × {threads}"
    return [
        Row(what=f"{here}: beat to event, p50 of {len(delays.found)}", value=delays.share(0.5), unit="ms", goal="≤ 5 ms"),
        Row(what=f"{here}: beat to event, p99", value=delays.share(0.99), unit="ms", goal="≤ 50 ms"),
        Row(what=f"{here}: own processor time", value=100 * own, unit="% of a core"),
        Row(
            what=f"{here}: Redis' processor time",
            value=100 * with_us,
            unit="% of a core",
            beside=100 * without,
            beside_what="without us",
            goal="+ 1.5 % at 1,000 processes, + 0.1 % at 3",
        ),
        Row(what=f"{here}: round trips", value=trips, unit="/s"),
        Row(what=f"{here}: commands", value=commands, unit="/s"),
    ]


async def when_quiet() -> list[Row]:
    """What is asked of a Redis in which nothing happens but that one process is listed."""
    async with server() as url:
        client = redis.asyncio.Redis.from_url(url)
        await SimulatedProcess().beat(client)
        follower = Follower(url=url, clock=Clock(), emit=lambda _: None)
        task = asyncio.create_task(follower.run())
        await asyncio.sleep(2)
        spent, own = follower.cost(), time.process_time()
        await asyncio.sleep(SECONDS)
        found = follower.cost()
        own = time.process_time() - own
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await client.aclose()
    return [
        Row(what="quiet: round trips", value=(found["round_trips"] - spent["round_trips"]) / SECONDS, unit="/s", goal="≤ 1 /s"),
        Row(what="quiet: commands", value=(found["commands"] - spent["commands"]) / SECONDS, unit="/s"),
        Row(what="quiet: own processor time", value=100 * own / SECONDS, unit="% of a core"),
    ]


async def main() -> list[Row]:
    """All rows."""
    return [*await under_load(3, 25), *await under_load(1_000, 25), *await when_quiet()]
