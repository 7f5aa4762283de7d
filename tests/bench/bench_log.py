"""
What reading Sidekiq's log costs: an hour of journal at 300 jobs a second (2.2 million lines), backwards until it is known what each of 25 threads does, and
following it as it grows. Beside it stands what was decided against: `journalctl -o json`. The hour is written once into the bench's temporary folder (1 GB, two minutes).
"""

import asyncio
import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson

from tests.bench.rows import Row
from tests.service.log.journal_files import BOOT, entry, write
from watchdog.host.journal.command import Selection
from watchdog.host.journal.journal import Journal
from watchdog.host.log_source import Bounds
from watchdog.model.log_lines import LogEntry, LogLine
from watchdog.recovery.ran_at_end import AtEnd
from watchdog.sidekiq.log.parse import parse

THREADS: Final = 25
RATE: Final = 300
HOUR: Final = 3_600_000
PID: Final = 42
NOW: Final = 1_795_700_000_000
STUCK: Final = (20, 60)
"""How many seconds before the end two of the threads began a job that never ended."""


def _message(at: int, tid: int, jid: str, word: str, elapsed: str = "") -> bytes:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at / 1000))
    fields = f"tid=t{tid:02} jid={jid} class=ActivityPub::DeliveryWorker{elapsed and f' elapsed={elapsed}'}"
    return f"\x1b[1;34mINFO \x1b[0m {moment}.{at % 1000:03}Z pid={PID} {fields}: {word}".encode()


def hour() -> Iterator[bytes]:
    """Its entries; each thread has a job or not."""
    chance = random.Random(7)
    running: dict[int, str] = {}
    for number in range(HOUR // 1000 * RATE * 2):
        at = NOW - HOUR + number * 500 // RATE
        active = THREADS - sum(NOW - at <= since * 1000 for since in STUCK)
        # A thread that does not come to its turn any more must have begun something before.
        tid = next((one for one in range(active, THREADS) if one not in running), None)
        tid = chance.randrange(active) if tid is None else tid
        if jid := running.pop(tid, ""):
            yield entry(at, _message(at, tid, jid, "done", "0.052"), pid=PID)
        else:
            running[tid] = f"{chance.getrandbits(96):024x}"
            yield entry(at, _message(at, tid, running[tid], "start"), pid=PID)


def _cpu(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


async def _answered(folder: Path) -> tuple[float, int]:
    """Seconds and lines until it is known; as long as it takes, so that a slow machine shows how much too slow it is."""
    at_end = AtEnd(pid=PID, until=NOW, threads=THREADS, drops=True)
    began = time.perf_counter()
    extent = await Journal(Selection(pid=PID, boot_id=BOOT, directory=folder)).backwards(at_end.take, bounds=Bounds(milliseconds=60_000))
    took = time.perf_counter() - began
    assert {one.tid for one in at_end.answer(extent).findings} >= {"t23", "t24"}
    return took, extent.lines


async def _lines(folder: Path, number: int) -> tuple[float, float, float]:
    """Seconds in all, our own, and the child's, for so many lines that are understood."""

    def take(one: LogEntry) -> bool:
        assert isinstance(one, LogLine)
        parse(one)
        return False

    began, own, child = time.perf_counter(), _cpu(resource.RUSAGE_SELF), _cpu(resource.RUSAGE_CHILDREN)
    await Journal(Selection(pid=PID, boot_id=BOOT, directory=folder)).backwards(take, bounds=Bounds(lines=number, milliseconds=60_000))
    return time.perf_counter() - began, _cpu(resource.RUSAGE_SELF) - own, _cpu(resource.RUSAGE_CHILDREN) - child


def _as_json(folder: Path, number: int) -> float:
    """Seconds for so many lines by `-o json`, without understanding them."""
    argv = [
        "journalctl",
        f"--directory={folder}",
        "--quiet",
        "--reverse",
        "--output=json",
        "--all",
        "--output-fields=MESSAGE,_PID,_SYSTEMD_UNIT",
    ]
    began = time.perf_counter()
    with subprocess.Popen([*argv, f"_PID={PID}"], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for _, line in zip(range(number), child.stdout, strict=False):
            bytes(orjson.loads(line)["MESSAGE"])
        child.kill()
    return time.perf_counter() - began


async def main() -> list[Row]:
    """The figures."""
    number = 50_000
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "journal"
        await asyncio.to_thread(write, folder, hour())
        took, lines = await _answered(folder)
        whole, own, child = await _lines(folder, number)
        json_ = await asyncio.to_thread(_as_json, folder, number)
        text = LogLine(_message(NOW, 1, "f" * 24, "done", "0.052").decode(), NOW, PID)
        began = time.perf_counter()
        for _ in range(number):
            parse(text)
        understood = time.perf_counter() - began
    return [
        Row(
            what=f"until each of {THREADS} threads is known, one stuck for 20 s and one for 60 s",
            value=took * 1000,
            unit="ms",
            goal="≤ 2,000",
        ),
        Row(what="lines that were read for it", value=lines, unit="lines"),
        Row(
            what="1,000 lines, read and understood",
            value=whole * 1e6 / number,
            unit="ms",
            beside=json_ * 1e6 / number,
            beside_what="journalctl -o json, not understood",
        ),
        Row(what="of it CPU time of the agent", value=own * 1e6 / number, unit="ms"),
        Row(what="of it CPU time of journalctl", value=child * 1e6 / number, unit="ms"),
        Row(what="1,000 lines understood alone", value=understood * 1e6 / number, unit="ms"),
    ]
