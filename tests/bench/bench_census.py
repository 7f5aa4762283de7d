"""
Counting a million retries by domain and status, beside Sidekiq's own API doing the same on the same Redis; and what a turn costs afterwards.

`CENSUS_ENTRIES=100000 make bench ARGS=census` takes fewer. Another client asks each millisecond all the while.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import redis.asyncio

from tests.bench.bench_follow import server
from tests.bench.retry_entries import SPAN
from tests.bench.rows import Row
from watchdog.clock import Clock
from watchdog.sidekiq import pages
from watchdog.sidekiq.address import parse
from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.connection import connect
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.pace import Pace
from watchdog.sidekiq.retries import Retries
from watchdog.sidekiq.wire import Wire

ENTRIES = int(os.environ.get("CENSUS_ENTRIES", "1000000"))
FEW = 1_000
TURNS = 12
RUBY = r"""
require "sidekiq/api"
Sidekiq.configure_client { |config| config.redis = { url: ARGV[0] } }
counts = Hash.new(0)
Sidekiq::RetrySet.new.each do |job|
  message = job.item["error_message"].to_s
  host = message[/https?:\/\/([^\/\s]+)[^\s]*(?!.*https?:)/, 1]
  counts[[host, message[/returned code (\d+)/, 1]]] += 1
end
puts counts.values.sum, counts.size, File.read("/proc/self/status")[/VmHWM:\s+(\d+)/, 1], Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
"""


def resident(which: str = "VmHWM") -> float:
    """Megabytes of this process at most so far."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(which))) / 1024


async def fill(url: str, number: int, *when: float) -> None:
    """From another process, so that this one stays small."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.retry_entries", url, str(number), *map(str, when))
    assert await child.wait() == 0


@asynccontextmanager
async def pings(url: str, found: list[float]) -> AsyncIterator[None]:
    """Another client asks meanwhile; afterwards `found` holds its longest and its 99.9 % wait."""
    pipe = asyncio.subprocess.PIPE
    path = url.removeprefix("unix://")
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.pings", path, stdin=pipe, stdout=pipe)
    await asyncio.sleep(0.5)
    yield
    out, _ = await child.communicate(b"\n")
    found[:] = [float(part) for part in out.split()]


async def opened(url: str) -> tuple[Wire, Retries]:
    """A connection, and a follower of the retries that knows nothing yet."""
    address = parse(url)
    clock = Clock()
    return await connect(address, lambda _: None), Retries(Keys(), Tally(clock), where=address.where, clock=clock, pace=Pace(1.0))


async def census(url: str) -> tuple[float, float, int, list[float]]:
    """Seconds, seconds of our processor, how many were counted, and what the other client waited."""
    wire, retries = await opened(url)
    waits: list[float] = []
    async with pings(url, waits):
        began, used = time.perf_counter(), time.process_time()
        await retries.census(wire.ask)
        took, used = time.perf_counter() - began, time.process_time() - used
    assert retries._book is not None
    counted = retries._book.total
    wire.close()
    return took, used, counted, waits


async def turns(url: str, client: redis.asyncio.Redis) -> tuple[float, float]:
    """Milliseconds of our processor, and microseconds of Redis' commands, for each turn, a second apart, after the census."""
    wire, retries = await opened(url)
    await retries.census(wire.ask)
    for _ in range(60):
        await retries.turn(wire.ask)
        if not retries.entities.waiting:
            break
    await client.config_resetstat()
    spent = 0.0
    for _ in range(TURNS):
        await asyncio.sleep(1)
        began = time.process_time()
        await retries.turn(wire.ask)
        spent += time.process_time() - began
    stats = await client.info("commandstats")
    used = sum(
        one["usec"] for name, one in stats.items() if name in ("cmdstat_zrangebyscore", "cmdstat_zcard", "cmdstat_zrange", "cmdstat_time")
    )
    wire.close()
    return 1000 * spent / TURNS, used / TURNS


async def ruby(url: str) -> tuple[float, float, list[int], list[float]]:
    """Sidekiq's own API: seconds, of its processor too; how many, in how many groups, kilobytes; what the other client waited."""
    waits: list[float] = []
    async with pings(url, waits):
        began = time.perf_counter()
        child = await asyncio.create_subprocess_exec("ruby", "-e", RUBY, url, stdout=asyncio.subprocess.PIPE)
        out, _ = await child.communicate()
        took = time.perf_counter() - began
    assert child.returncode == 0
    *counts, used = out.split()
    return took, float(used), [int(part) for part in counts], waits


async def main() -> list[Row]:
    """All rows."""
    async with server() as url:
        client = redis.asyncio.Redis.from_url(url)
        # As many fall due in a second as of the many: what a turn costs depends on that.
        await fill(url, FEW, 5.0, SPAN * FEW / ENTRIES)
        few = await turns(url, client)
        await client.delete("retry")
        await fill(url, ENTRIES)
        calm: list[float] = []
        async with pings(url, calm):
            await asyncio.sleep(3)
        before = resident("VmRSS")
        took, used, counted, waits = await census(url)
        grown = resident() - before
        many = await turns(url, client)
        share, pages.SHARE = pages.SHARE, 1_000.0  # type: ignore[misc]
        unpaced, unpaced_used, *_ = await census(url)
        pages.SHARE = share  # type: ignore[misc]
        beside, their_used, (found, _, kilobytes), their_waits = await ruby(url)
        await client.aclose()
    assert counted == found == ENTRIES
    api = "Sidekiq's API"
    return [
        Row(what=f"census of {ENTRIES:,} at its own pace", value=took, unit="s", beside=beside, beside_what=api, goal="≤ 0.1 ×"),
        Row(what="the same unpaced", value=unpaced, unit="s", beside=beside, beside_what=api, goal="≤ 0.1 ×"),
        Row(what="our processor", value=min(used, unpaced_used), unit="s", beside=their_used, beside_what=api, goal="≤ 0.1 ×"),
        Row(what="memory", value=grown, unit="MB more", beside=kilobytes / 1024, beside_what=f"{api}, whole process"),
        Row(what="longest wait of another client", value=waits[0], unit="ms", beside=their_waits[0], beside_what=api),
        Row(what="its wait, p99.9", value=waits[1], unit="ms", beside=calm[1], beside_what=f"nobody counts; longest {calm[0]:.2f} ms"),
        Row(
            what=f"a turn after it: processor, {ENTRIES:,} entries",
            value=many[0],
            unit="ms",
            beside=few[0],
            beside_what=f"{FEW:,} entries",
            goal="the same",
        ),
        Row(
            what="a turn after it: Redis' commands",
            value=many[1],
            unit="µs",
            beside=few[1],
            beside_what=f"{FEW:,} entries",
            goal="the same",
        ),
    ]
