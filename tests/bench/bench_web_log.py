"""
What following Mastodon costs: lines of its web server's log, beside a plain search for the one word that matters in the same lines, and looking through its Redis
for five thousand records of failed deliveries among fifty thousand keys, in milliseconds of Redis' own processor time.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.bench.rows import Row
from tests.service.conftest import RedisServer
from tests.service.log.journal_files import entry, write
from watchdog.clock import Clock
from watchdog.host.journal.command import Selection
from watchdog.host.journal.journal import Journal
from watchdog.host.log_source import Bounds
from watchdog.mastodon.deliveries import Deliveries
from watchdog.mastodon.following_log import FollowingLog
from watchdog.mastodon.peers import Peers
from watchdog.model.log_lines import LogEntry, LogLine

LINES: Final = 100_000
IN_JOURNAL: Final = 50_000
HOSTS: Final = 8_000
NOW: Final = 1_795_700_000_000
UNIT: Final = "mastodon-web.service"
RECORDS: Final = 5_000
OTHERS: Final = 45_000
_BEFORE: Final = "I, [2026-11-22T14:11:22.123456 #255]  INFO -- : [6f0c0a0e-3c2b-4a8e-9d0c-0b8f3c1d2e4f] "


def texts(number: int) -> Iterator[str]:
    """Lines as a busy server writes them: half of them deliveries, of some hosts far more than of others."""
    chance = random.Random(7)
    for _ in range(number):
        if chance.random() < 0.5:
            host = f"h{int(chance.paretovariate(0.7)) % HOSTS}.example"
            status = 202 if chance.random() < 0.95 else 401
            yield (
                f"{_BEFORE}method=POST path=/inbox format=html controller=ActivityPub::InboxesController action=create status={status} duration=4.12 "
                f"view=0.00 db=1.10 key=https://{host}/users/alice#main-key"
            )
        else:
            yield f"{_BEFORE}method=GET path=/api/v1/timelines/home format=html controller=Api::V1::Timelines::HomeController action=show status=200 duration=34.12"


def _understood(lines: list[LogLine]) -> tuple[float, float]:
    """Seconds for all of them, and for a search in them."""
    log = FollowingLog(None, at=0, wall=NOW)
    log.open(at=0, wall=NOW, can_resume=False)
    began = time.perf_counter()
    for number, line in enumerate(lines):
        log.take(line, at=number * 2, wall=NOW + number * 2)
    took = time.perf_counter() - began
    began = time.perf_counter()
    assert sum("InboxesController" in line.text for line in lines)
    return took, time.perf_counter() - began


async def _from_journal(folder: Path) -> float:
    """Seconds of the agent's processor until so many lines were read out of the journal and understood."""
    log = FollowingLog(None, at=0, wall=NOW)
    log.open(at=0, wall=NOW, can_resume=False)

    def take(one: LogEntry) -> bool:
        log.take(one, at=0, wall=NOW)
        return False

    began = time.process_time()
    await Journal(Selection(units=(UNIT,), directory=folder)).backwards(take, bounds=Bounds(milliseconds=60_000))
    return time.process_time() - began


async def _looked_through(folder: Path) -> tuple[float, float, int]:
    """Milliseconds of Redis' processor for one round, the same with nobody asking, and commands."""
    server = RedisServer(folder)
    await server.start()
    try:
        client = server.client()
        async with client.pipeline(transaction=False) as pipeline:
            for number in range(OTHERS):
                pipeline.set(f"feed:home:{number}", "x")
            for number in range(RECORDS):
                pipeline.sadd(f"exhausted_deliveries:h{number}.example", "20261126", "20261127")
            await pipeline.execute()
        said: list[Any] = []
        source = Deliveries(url=server.url, namespace="", peers=Peers(()), clock=Clock(), emit=said.append, every=600)
        before = await _busy(client)
        began = time.monotonic()
        task = asyncio.create_task(source.run())
        while not said or not said[-1].complete:
            await asyncio.sleep(0.05)
        spent, took = await _busy(client) - before, time.monotonic() - began
        task.cancel()
        await asyncio.wait({task})
        before = await _busy(client)
        await asyncio.sleep(took)
        idle = await _busy(client) - before
        calls = (await client.info("commandstats"))["cmdstat_scan"]["calls"] + (await client.info("commandstats"))["cmdstat_sscan"]["calls"]
    finally:
        await server.close()
    return spent, idle, calls


async def _busy(client: Any) -> float:
    cpu = await client.info("cpu")
    return float(cpu["used_cpu_user"] + cpu["used_cpu_sys"]) * 1000


async def main() -> list[Row]:
    """The figures."""
    lines = [LogLine(text, NOW + number * 2, cursor="s=1;i=2") for number, text in enumerate(texts(LINES))]
    took, searched = _understood(lines)
    with tempfile.TemporaryDirectory() as place:
        journal, redis = Path(place) / "journal", Path(place) / "redis"
        redis.mkdir()
        entries = (entry(NOW + number * 2, text.encode(), unit=UNIT) for number, text in enumerate(texts(IN_JOURNAL)))
        await asyncio.to_thread(write, journal, entries)
        own = await _from_journal(journal)
        spent, idle, calls = await _looked_through(redis)
    return [
        Row(
            what="1,000 lines of the web log understood",
            value=took * 1e6 / LINES,
            unit="ms",
            beside=searched * 1e6 / LINES,
            beside_what="a search for one word",
        ),
        Row(
            what="a second of 500 lines out of the journal, CPU time of the agent", value=own * 500_000 / IN_JOURNAL, unit="ms", goal="≤ 20"
        ),
        Row(
            what=f"{RECORDS:,} records among {RECORDS + OTHERS:,} keys found, CPU time of Redis in a minute",
            value=spent - idle,
            unit="ms",
            goal="≤ 300",
        ),
        Row(what="commands for it", value=calls, unit="commands"),
    ]
