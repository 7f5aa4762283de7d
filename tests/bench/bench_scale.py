"""
The whole agent beside a very large Sidekiq, an ordinary one, and one in which nothing happens: what it costs its server, and Redis.

The large one: 1,000 processes of 25 threads that beat every 10 s, 3,000 jobs a second through the queues, 100,000 that wait and a million retries of
1 kB. The agent is the real program with the packs that come with it; it is started and ended again and again, and what Redis used
(used_cpu_user + used_cpu_sys) while it was there is compared with what it used under the same load while it was not. Beside the
difference stands what the agent itself believes to cost (`watchdog.sidekiq.cost`). Beside the large one another client asks PING all the while: its
waits are compared, too.
`BENCH_RETRIES` makes the backlog smaller on a machine with less than 2 GB to spare.
"""

import asyncio
import contextlib
import json
import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import redis.asyncio

from tests.bench.bench_agent import BARE, COMMAND, child, used
from tests.bench.rows import Row
from tests.service.agent import ROOT

RETRIES = int(os.environ.get("BENCH_RETRIES", "1_000_000"))
QUEUED = 100_000
RATE = 3_000
WINDOWS = 2
SECONDS = 15
SETTLING = 30
"""Seconds from the start of the agent to the begin of a window: it has read everything by then."""
SLOW = 100
"""Microseconds from which on Redis writes a command down."""
CONFIG = """\
mode: dry-run
redis: {{url: "unix://{socket}?db=0", namespace: ""}}
rules: [pack:sidekiq, pack:mastodon]
state: state
"""


class Waits(threading.Thread):
    """Another client: asks PING every 10 ms, and collects how long each took (milliseconds)."""

    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self.found: list[float] = []
        self._path = path
        self._over = threading.Event()

    def run(self) -> None:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(self._path)
            while not self._over.wait(0.01):
                before = time.perf_counter()
                line.sendall(b"PING\r\n")
                line.recv(64)
                self.found.append((time.perf_counter() - before) * 1e3)

    def end(self) -> list[float]:
        """What it found."""
        self._over.set()
        self.join()
        return self.found


class Window(msgspec.Struct, frozen=True):
    """Shares of a core, in percent, that Redis and the agent (0 if there is none) took; and the waits of another client."""

    redis: float
    agent: float
    waits: list[float]


class Figures(msgspec.Struct, frozen=True):
    """What was measured of one load. `memory` and `peak` in MB, `longest` of the agent's commands and of all others in milliseconds; `status` is the agent's own."""

    without: list[Window]
    beside: list[Window]
    memory: float
    peak: float
    started: float
    longest: tuple[float, float]
    status: dict[str, Any]
    trips: float


@contextlib.asynccontextmanager
async def server(folder: Path) -> AsyncIterator[str]:
    """A private Redis on a unix socket, which writes down long commands: its path."""
    path = folder / "redis.sock"
    command = f"redis-server --port 0 --unixsocket {path} --dir {folder} --slowlog-log-slower-than {SLOW} --slowlog-max-len 20000"
    process = await asyncio.create_subprocess_exec(*command.split(), "--save", "", stdout=asyncio.subprocess.DEVNULL)
    try:
        while not path.exists():
            await asyncio.sleep(0.01)
        yield str(path)
    finally:
        process.kill()
        await process.wait()


def memory(pid: int) -> tuple[float, float]:
    """What it holds in memory now and held at most, in MB (proc(5): VmRSS and VmHWM in KiB)."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    now, most = (int(lines[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))
    return now, most


async def spent(client: redis.asyncio.Redis) -> float:
    """Processor seconds that Redis has used."""
    info = await client.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


async def window(client: redis.asyncio.Redis, path: str, pid: int | None, *, probed: bool) -> Window:
    """What Redis, and the agent where there is one, use in a window."""
    waits = Waits(path) if probed else None
    if waits is not None:
        waits.start()
    began, before, own = time.monotonic(), await spent(client), used(pid) if pid else 0.0
    await asyncio.sleep(SECONDS)
    took, after, own = time.monotonic() - began, await spent(client), (used(pid) if pid else 0.0) - own
    return Window(100 * (after - before) / took, 100 * own / took, await asyncio.to_thread(waits.end) if waits else [])


async def status(config: Path) -> dict[str, Any]:
    """What the agent says of itself."""
    process = await asyncio.create_subprocess_exec(COMMAND, "status", "--json", "--config", str(config), stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    picture: dict[str, Any] = json.loads(output.splitlines()[0])
    return picture


async def longest(client: redis.asyncio.Redis) -> tuple[float, float]:
    """The longest command of the agent, and of everybody else (milliseconds), as far as they took more than `SLOW`."""
    ours, others = [SLOW], [SLOW]
    for entry in await client.slowlog_get(20_000):
        (ours if entry["client_name"] == b"sidekiq-watchdog" else others).append(entry["duration"])
    return max(ours) / 1e3, max(others) / 1e3


async def figures(folder: Path, path: str, *, windows: int = WINDOWS, settling: float = SETTLING, probed: bool = False) -> Figures:
    """Alternating windows without and with the agent; the load goes on all the time."""
    (folder / "agent").mkdir()
    config = folder / "agent" / "config.yml"
    config.write_text(CONFIG.format(socket=path))
    client = redis.asyncio.Redis(unix_socket_path=path, client_name="bench")
    await client.slowlog_reset()
    without, beside, held, starts = [], [], [], []
    for turn in range(windows):
        without.append(await window(client, path, None, probed=probed))
        async with child(COMMAND, "run", "--config", config) as agent:
            await asyncio.sleep(settling)
            starts.append(used(agent.pid))
            before = await status(config)
            beside.append(await window(client, path, agent.pid, probed=probed))
            if turn == windows - 1:
                # The agent writes its status every ten seconds.
                await asyncio.sleep(11)
            assert agent.returncode is None, "the agent has ended"
            held.append(memory(agent.pid))
            after = await status(config)
    without.append(await window(client, path, None, probed=probed))
    slow = await longest(client)
    await client.aclose()
    trips = (after["cost"]["round_trips"] - before["cost"]["round_trips"]) / ((after["agent"]["at"] - before["agent"]["at"]) / 1000)
    return Figures(
        without=without,
        beside=beside,
        memory=max(now for now, _ in held),
        peak=max(most for _, most in held),
        started=max(starts),
        longest=slow,
        status=after,
        trips=trips,
    )


async def bare() -> float:
    """Memory of a Python that has only imported the Redis library, in MB."""
    async with child(sys.executable, "-c", BARE) as process:
        assert process.stdout is not None  # child() made it
        await process.stdout.readline()
        return memory(process.pid)[0]


def rows(name: str, found: Figures, *, empty: float, cpu: str, rss: str, on_redis: str) -> list[Row]:
    """The figures of one load, with the goals that hold for it."""
    without = statistics.mean(one.redis for one in found.without)
    beside = statistics.mean(one.redis for one in found.beside)
    share = 100 * found.status["budget"]["share"]
    agent = statistics.mean(one.agent for one in found.beside)
    alone, together = (sorted(wait for one in some for wait in one.waits) for some in (found.without, found.beside))
    apart = "Redis without the agent"
    found_rows = [
        Row(what=f"{name}: agent's processor", value=agent, unit="% of a core", beside=without, beside_what=apart, goal=cpu),
        Row(what=f"{name}: agent's memory", value=found.memory, unit="MB", beside=empty, beside_what="Python with redis.asyncio", goal=rss),
        Row(what=f"{name}: the same at its highest", value=found.peak, unit="MB", beside=empty, beside_what="Python with redis.asyncio"),
        Row(what=f"{name}: agent's processor from start to first window", value=found.started, unit="s"),
        Row(
            what=f"{name}: Redis' processor because of it (with − without)",
            value=beside - without,
            unit="% of a core",
            beside=share,
            beside_what="its own estimate",
            goal=on_redis,
        ),
        Row(what=f"{name}: Redis' processor with it", value=beside, unit="% of a core", beside=without, beside_what=apart),
        Row(what=f"{name}: round trips", value=found.trips, unit="/s"),
        Row(
            what=f"{name}: its longest command",
            value=found.longest[0],
            unit="ms",
            beside=found.longest[1],
            beside_what="the load's longest",
        ),
    ]
    if not alone:
        return found_rows
    return [
        *found_rows,
        Row(
            what=f"{name}: another client's wait, p99",
            value=together[int(0.99 * len(together))],
            unit="ms",
            beside=alone[int(0.99 * len(alone))],
            beside_what="without the agent",
        ),
        Row(
            what=f"{name}: another client's longest wait",
            value=together[-1],
            unit="ms",
            beside=alone[-1],
            beside_what="without the agent",
        ),
    ]


@contextlib.asynccontextmanager
async def load(path: str, *, processes: int, rate: int) -> AsyncIterator[None]:
    """That many processes of 25 threads beat, and have all done so once; so many jobs a second come and go. Fails if that load does not last."""
    commands = (("beats", f"unix://{path}?db=0", str(processes), "25", "3600"), ("load", path, "traffic", str(rate), "3600"))
    running = [
        await asyncio.create_subprocess_exec(sys.executable, "-m", f"tests.bench.{name}", *arguments, cwd=ROOT)
        for name, *arguments in commands
    ]
    try:
        await asyncio.sleep(11)
        yield
        assert all(process.returncode is None for process in running), "the load ended before it was to end"
    finally:
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def fill(path: str, retries: int, queued: int) -> None:
    """Lay down the backlogs."""
    async with child(sys.executable, "-m", "tests.bench.load", path, "fill", retries, queued) as filling:
        assert await filling.wait() == 0


def check(found: Figures, processes: int, **totals: int) -> None:
    """A figure is worth nothing if the agent did not see what it should have seen."""
    seen = found.status["entities"]
    assert (seen["process"], seen["job"]) == (processes, 25 * processes), seen
    assert found.status["sidekiq"]["processes"] == processes, "the machine is too busy: not all processes beat as often as they should"
    assert found.status["budget"]["backed_off"] == 1, found.status["budget"]
    for name, least in totals.items():
        assert found.status["sidekiq"][name] >= least, (name, found.status["sidekiq"])


async def large(empty: float) -> list[Row]:
    """A thousand processes, full queues, a million retries."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        async with server(folder) as path:
            await fill(path, RETRIES, QUEUED)
            async with load(path, processes=1_000, rate=RATE):
                found = await figures(folder, path, probed=True)
        check(found, 1_000, retries=RETRIES, enqueued=QUEUED - 1_000)
    return rows(f"1,000 × 25, {RETRIES:,} retries", found, empty=empty, cpu="≤ 20 %", rss="≤ 150 MB", on_redis="≤ 1.5 %")


async def ordinary(empty: float) -> list[Row]:
    """Three processes, a few jobs a second, some retries."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        async with server(folder) as path:
            await fill(path, 5_000, 500)
            async with load(path, processes=3, rate=100):
                found = await figures(folder, path, settling=10)
        check(found, 3, retries=5_000, enqueued=400)
    return rows("3 × 25", found, empty=empty, cpu="≤ 0.5 %", rss="≤ 70 MB", on_redis="≤ 0.1 %")


async def quiet(empty: float) -> list[Row]:
    """A Redis in which nothing happens."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        async with server(folder) as path:
            found = await figures(folder, path, windows=1, settling=10)
    wanted = rows("quiet", found, empty=empty, cpu="≤ 0.5 %", rss="≤ 70 MB", on_redis="≤ 0.1 %")
    trips = Row(what="quiet: round trips", value=found.trips, unit="/s", goal="≤ 1 /s")
    return [trips if row.what == trips.what else row for row in wanted]


async def main() -> list[Row]:
    """All rows; about five minutes."""
    empty = await bare()
    return [*await large(empty), *await ordinary(empty), *await quiet(empty)]
