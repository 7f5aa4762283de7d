"""
What the agent costs its server: memory and processor time of the real program, quiet and beside an ordinary Sidekiq.

The agent follows a real Redis, to which three simulated processes of 25 threads beat as Sidekiq 7 does, half of the threads with a new job
each time. Beside its memory stands that of a Python that has done nothing but import the Redis library; beside its
processor time that of Redis itself in the same half minute.
"""

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

from tests.bench.bench_decision import CONFIG, server
from tests.bench.rows import Row
from tests.service.agent import ROOT, RULES

SECONDS = 30
SETTLING = 8
COMMAND = Path(sys.executable).with_name("sidekiq-watchdog")
BARE = "import redis.asyncio, sys; print(flush=True); sys.stdin.read()"


@contextlib.asynccontextmanager
async def child(*command: object) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is ended with the block."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def memory(pid: int) -> float:
    """What it holds in memory now, in MB (proc(5): VmRSS in KiB)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))) * 1024 / 1e6


def used(pid: int) -> float:
    """Seconds of processor time of all its threads since it began; to the nanosecond, which /proc/PID/stat is not."""
    return sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


async def share(*pids: int) -> list[float]:
    """Percent of one core that each of them takes over half a minute."""
    before = [used(pid) for pid in pids]
    await asyncio.sleep(SECONDS)
    return [(used(pid) - start) / SECONDS * 100 for pid, start in zip(pids, before, strict=True)]


def redis_pid(socket: str) -> int:
    """The process that was started with that socket."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if (
                entry.name.isdigit()
                and socket.encode() in (entry / "cmdline").read_bytes()
                and (entry / "comm").read_text() == "redis-server\n"
            ):
                return int(entry.name)
    raise LookupError(socket)


def write(folder: Path, socket: str, *, receivers: Literal["webhook", "none"]) -> Path:
    """A config in a folder of its own, with or without the receiver that its rule tells."""
    folder.mkdir()
    rules, config = RULES.format(elapsed="10m", grace="30s"), CONFIG.format(socket=socket)
    if receivers == "none":
        rules = rules.replace("    notify: [ops]\n", "")
        config = "".join(line for line in config.splitlines(keepends=True) if not line.startswith("receivers:"))
    (folder / "rules.yml").write_text(rules)
    (folder / "config.yml").write_text(config)
    return folder / "config.yml"


async def followed(config: Path) -> dict[str, int]:
    """How many things of each kind the agent says that it sees, which a figure is worth nothing without."""
    process = await asyncio.create_subprocess_exec(COMMAND, "status", "--json", "--config", str(config), stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    entities: dict[str, int] = json.loads(output.splitlines()[0])["entities"]
    return entities


async def main() -> list[Row]:
    """A quiet half minute, then a busy one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with server(folder) as socket:
            told = write(folder / "told", socket, receivers="webhook")
            untold = write(folder / "untold", socket, receivers="none")
            async with (
                child(COMMAND, "run", "--config", told) as agent,
                child(COMMAND, "run", "--config", untold) as silent,
                child(sys.executable, "-c", BARE) as bare,
            ):
                assert bare.stdout is not None  # child() made it
                await bare.stdout.readline()
                redis = redis_pid(socket)
                await asyncio.sleep(SETTLING)
                quiet, quiet_redis = await share(agent.pid, redis)
                async with child(sys.executable, "-m", "tests.bench.beats", f"unix://{socket}?db=0", 3, 25, SETTLING + SECONDS + 5):
                    await asyncio.sleep(SETTLING)
                    busy, busy_redis = await share(agent.pid, redis)
                    for config in (told, untold):
                        seen = await followed(config)
                        assert (seen["process"], seen["job"]) == (3, 75), seen
                beside = memory(bare.pid)
                figures = memory(agent.pid), memory(silent.pid)
    bare_is = "Python with redis.asyncio alone"
    return [
        Row(
            what="memory of the agent, 3 × 25 threads, with a webhook",
            value=figures[0],
            unit="MB",
            beside=beside,
            beside_what=bare_is,
            goal="≤ 70 MB",
        ),
        Row(what="the same without receivers", value=figures[1], unit="MB", beside=beside, beside_what=bare_is, goal="≤ 70 MB"),
        Row(what="processor, quiet Redis", value=quiet, unit="% of a core", beside=quiet_redis, beside_what="Redis", goal="≤ 0.5 %"),
        Row(what="processor, 3 × 25 threads", value=busy, unit="% of a core", beside=busy_redis, beside_what="Redis", goal="≤ 0.5 %"),
    ]
