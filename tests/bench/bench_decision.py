"""
From the write of a beat to the decision: real Redis, the whole agent, simulated beats.

Each sample is a job that a known process shows at a beat, under a rule whose limit it is over at once. The time runs from just before the
identity is written (the last write of a beat) until the transaction with the decision about it has been
committed. Beside it: the time that one `PING` takes to the same Redis and back.
"""

import asyncio
import contextlib
import os
import signal
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import redis.asyncio

from tests.bench.beats import SimulatedProcess
from tests.bench.rows import Row
from tests.service.agent import RULES
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


class Watch:
    """When the decision about the process with identity `of` was committed."""

    def __init__(self) -> None:
        self.of = ""
        self.known = asyncio.Event()
        self.decided = asyncio.Event()
        self.at = 0.0

    def __call__(self, event: Event, effects: tuple[Effect, ...]) -> None:
        if (
            isinstance(event.body, Observed)
            and event.body.source is Source.REDIS
            and any(change.id == self.of for change in event.body.changes)
        ):
            self.known.set()
        if any(isinstance(effect, Audit) and effect.row.kind == "decision" and effect.row.entity == self.of for effect in effects):
            self.at = time.perf_counter()
            self.decided.set()


async def measured(processes: int) -> tuple[list[float], list[float]]:
    """Milliseconds from write to decision, and of a ping, with so many processes beating beside the one that is looked at."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rules.yml").write_text(RULES.format(elapsed="0s", grace="30s"))
        async with server(folder) as path:
            (folder / "config.yml").write_text(CONFIG.format(socket=path))
            client = redis.asyncio.Redis(unix_socket_path=path)
            others = [SimulatedProcess(number + 2, host=f"web{number % 10}", threads=25) for number in range(processes - 1)]
            for other in others:
                for thread in range(25):
                    other.run(f"t{thread}", queue="default")
                await other.beat(client)
            watch = Watch()
            agent = asyncio.create_task(run_agent(folder / "config.yml", observe=watch))
            try:
                samples = await _sample(client, watch)
                pings = []
                for _ in range(SAMPLES):
                    before = time.perf_counter()
                    await client.ping()
                    pings.append((time.perf_counter() - before) * 1e3)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                await agent
                await client.aclose()
    return samples, pings


async def _sample(client: redis.asyncio.Redis, watch: Watch) -> list[float]:
    samples = []
    for number in range(SAMPLES + 5):
        # A new host each time, or the request of the job before would still be open for the same target.
        one = SimulatedProcess(1, host=f"sample{number}", threads=5)
        watch.of = one.identity
        watch.known.clear()
        watch.decided.clear()
        await one.beat(client)
        await asyncio.wait_for(watch.known.wait(), 20)
        one.run("t0", queue="push", run_at=time.time() - 3)
        await one.write_work(client)
        before = time.perf_counter()
        await one.write_identity(client)
        await asyncio.wait_for(watch.decided.wait(), 20)
        samples.append((watch.at - before) * 1e3)
        await one.stop(client)
    return samples[5:]


def _rows(name: str, samples: list[float], pings: list[float]) -> list[Row]:
    hundredths = statistics.quantiles(samples, n=100)
    beside = statistics.quantiles(pings, n=100)
    return [
        Row(
            what=f"{name}: beat written → decision committed, p50",
            value=hundredths[49],
            unit="ms",
            beside=beside[49],
            beside_what="a PING",
            goal="≤ 5 ms",
        ),
        Row(
            what=f"{name}: beat written → decision committed, p99",
            value=hundredths[98],
            unit="ms",
            beside=beside[98],
            beside_what="a PING",
            goal="≤ 50 ms",
        ),
    ]


async def main() -> list[Row]:
    """Three processes and a thousand."""
    rows = []
    for processes in (3, 1000):
        rows += _rows(f"{processes} processes", *await measured(processes))
    return rows
