"""
From the write of a beat to the decision: real Redis, the whole agent, simulated beats; told of them by Redis, and where that is refused.

Each sample is a job that a known process shows at a beat, under a rule whose limit it is over at once. The time runs from just before the
identity is written (the last write of a beat) until the transaction with the decision about it has been
committed. Beside it: the time that one `PING` takes to the same Redis and back. The other processes beat every 10 s, from a process of their own. Where
tracking is refused beats are sampled each second, and that is what bounds the time.
"""

import asyncio
import contextlib
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import redis.asyncio

from tests.bench.beats import SimulatedProcess
from tests.bench.rows import Row
from tests.service.agent import ROOT, RULES
from watchdog.daemon import run_agent
from watchdog.model.effects import Audit, Effect
from watchdog.model.events import Event, Observed
from watchdog.model.kinds import Source

SAMPLES = 200
CONFIG = """\
mode: act
redis: {{url: "unix://{socket}?db=0", namespace: ""}}
rules: [rules.yml]
state: state
receivers: {{ops: {{type: webhook, url: "http://127.0.0.1:9/hook"}}}}
"""


@contextlib.asynccontextmanager
async def server(folder: Path) -> AsyncIterator[str]:
    """A private Redis on a unix socket: its path."""
    path = folder / "redis.sock"
    process = await asyncio.create_subprocess_exec(
        "redis-server", "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder), stdout=asyncio.subprocess.DEVNULL
    )
    try:
        while not path.exists():
            await asyncio.sleep(0.01)
        yield str(path)
    finally:
        process.terminate()
        await process.wait()


class Sample:
    """One process that is looked at: when the agent knows it, and when (seconds of perf_counter) the decision about it was committed."""

    def __init__(self) -> None:
        self.known = asyncio.Event()
        self.decided = asyncio.Event()
        self.at = 0.0


class Watch:
    """The samples under way, by identity."""

    def __init__(self) -> None:
        self.samples: dict[str, Sample] = {}

    def __call__(self, event: Event, effects: tuple[Effect, ...]) -> None:
        samples = self.samples
        if isinstance(event.body, Observed) and event.body.source is Source.REDIS:
            for change in event.body.changes:
                if change.id in samples:
                    samples[change.id].known.set()
        for effect in effects:
            if isinstance(effect, Audit) and effect.row.kind == "decision" and effect.row.entity in samples:
                samples[effect.row.entity].at = time.perf_counter()
                samples[effect.row.entity].decided.set()

    async def sample(self, client: redis.asyncio.Redis, number: int, *, pause: float = 0.0) -> float:
        """Milliseconds from write to decision of one more process, which beats again `pause` seconds after it was seen."""
        # A new host each time, or the request of the job before would still be open for the same target.
        one = SimulatedProcess(1, host=f"sample{number}", threads=5)
        sample = self.samples[one.identity] = Sample()
        await one.beat(client)
        await asyncio.wait_for(sample.known.wait(), 20)
        await asyncio.sleep(pause)
        one.run("t0", queue="push", run_at=time.time() - 3)
        await one.write_work(client)
        before = time.perf_counter()
        await one.write_identity(client)
        await asyncio.wait_for(sample.decided.wait(), 20)
        del self.samples[one.identity]
        await one.stop(client)
        return (sample.at - before) * 1e3


async def told(watch: Watch, client: redis.asyncio.Redis) -> list[float]:
    """One sample after the other."""
    return [await watch.sample(client, number) for number in range(SAMPLES + 5)][5:]


async def sampled(watch: Watch, client: redis.asyncio.Redis) -> list[float]:
    """Samples spread over ten seconds, so that they fall anywhere between two looks of the agent."""

    async def one(number: int) -> float:
        await asyncio.sleep(10 * number / SAMPLES)
        return await watch.sample(client, number, pause=number % 20 / 20)

    return await asyncio.gather(*map(one, range(SAMPLES)))


async def measured(processes: int, take: Callable[[Watch, redis.asyncio.Redis], Awaitable[list[float]]]) -> tuple[list[float], list[float]]:
    """Milliseconds from write to decision, and of a ping, with so many processes beating beside those that are looked at."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rules.yml").write_text(RULES.format(elapsed="0s", grace="30s"))
        async with server(folder) as path:
            user = "untold" if take is sampled else "default"
            client = redis.asyncio.Redis(unix_socket_path=path)
            await client.execute_command("ACL", "SETUSER", "untold", "on", ">pass", "~*", "+@all", "-client|tracking")
            config = CONFIG.format(socket=path)
            (folder / "config.yml").write_text(config.replace("unix://", "unix://untold:pass@") if user == "untold" else config)
            others = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.bench.beats", f"unix://{path}", str(processes), "25", "3600", "default", cwd=ROOT
            )
            while await client.scard("processes") < processes:
                await asyncio.sleep(0.1)
            watch = Watch()
            agent = asyncio.create_task(run_agent(folder / "config.yml", observe=watch))
            try:
                samples = await take(watch, client)
                pings = []
                for _ in range(SAMPLES):
                    before = time.perf_counter()
                    await client.ping()
                    pings.append((time.perf_counter() - before) * 1e3)
                assert others.returncode is None, "the others no longer beat"
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                await agent
                others.kill()
                await others.wait()
                await client.aclose()
    return samples, pings


def rows(name: str, samples: list[float], pings: list[float], goals: tuple[str, str]) -> list[Row]:
    """p50 and p99 beside those of a PING."""
    hundredths = statistics.quantiles(samples, n=100)
    beside = statistics.quantiles(pings, n=100)
    return [
        Row(
            what=f"{name}: beat written → decision committed, p{part}",
            value=hundredths[part - 1],
            unit="ms",
            beside=beside[part - 1],
            beside_what="a PING",
            goal=goal,
        )
        for part, goal in zip((50, 99), goals, strict=True)
    ]


async def main() -> list[Row]:
    """Three processes and a thousand, told of beats and sampling them."""
    found = []
    for processes in (3, 1000):
        found += rows(f"{processes} processes, told", *await measured(processes, told), ("≤ 5 ms", "≤ 50 ms"))
        found += rows(f"{processes} processes, sampling", *await measured(processes, sampled), ("≤ 1 s", "≤ 2 s"))
    return found
