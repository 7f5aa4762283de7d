"""Real Sidekiqs, killed in the midst of work and told to talk: what the log names, against what was running."""

import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.service.conftest import _eventually, push_job
from tests.service.log.kills import THREADS, kills
from tests.service.log.parts import start_logging
from tests.service.matrix.parts import SIDEKIQS, STORES, Store, end
from watchdog.host.log_file import LogFile
from watchdog.model.findings import Certainty
from watchdog.model.targets import ProcessRef
from watchdog.recovery.reading_log import last_sign_of_life, read_log
from watchdog.rulefile.log import LogSettings

SUITES = [pytest.param(suite, marks=pytest.mark.needs(*{suite, "bookworm"})) for suite in SIDEKIQS]


@pytest.mark.parametrize("suite", SUITES)
async def test_what_ran_when_it_was_killed(suite, tmp_path):
    """Nothing is named that was not in its hands, and of what was at most one job a thread is missed: one that was popped and had not begun."""
    for one in await kills(suite, 3, tmp_path):
        assert one.wrong == 0, one
        assert one.likely == 0, one
        assert one.named + one.through + one.missed >= one.lost, one
        assert one.missed <= THREADS, one


@pytest.mark.parametrize("suite", SUITES)
async def test_a_job_that_talks(suite, tmp_path):
    """It says "done", "Bye!" and more, and prints the end of another job that it can't know: it is found nevertheless, and so is the other."""
    store = await Store({suite: store for store, (suite, _) in STORES.items()}[suite], tmp_path / "run").start()
    process = await start_logging(suite, store, concurrency=3)
    try:
        client = store.client()
        noted = await push_job(client, "Noted", [0])
        other = await push_job(client, "SleepForever")
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        forged = f"{now} pid={process.pid} tid=zz class=Gone jid={'f' * 24} elapsed=0.1 INFO: done"
        talking = await push_job(client, "Talking", [forged])

        async def said() -> bool:
            lines = process.log.read_text().splitlines()
            wanted = ((noted, "done"), (other, "start"), (talking, "Pushed 7 jobs"), ("f" * 24, "done"))
            return all(any(jid in line and word in line for line in lines) for jid, word in wanted)

        await _eventually(said, within=PATIENCE, what=process.log.read_text)
        process.signal(signal.SIGKILL)
        await process.process.wait()
        target = ProcessRef("", process.identity, "here", process.pid, 0, "")
        source = LogFile(process.log)
        until = await last_sign_of_life(target, source)
        found = await read_log(target, LogSettings(), until=until, threads=0, wall=lambda: until, source=source)

        assert {one.jid: one.certainty for one in found.findings} == dict.fromkeys((other, talking), Certainty.PROVEN)
        assert found.clean is None
    finally:
        await store.close()
        await end(process)


@pytest.mark.parametrize("suite", SUITES)
async def test_the_first_job_of_a_quiet_server(suite, tmp_path):
    """Nothing came or went before: that its log is there from the first line on is enough, for as long as the job says nothing, or has ended one."""
    store = await Store({suite: store for store, (suite, _) in STORES.items()}[suite], tmp_path / "run").start()
    process = await start_logging(suite, store, concurrency=3)
    try:
        client = store.client()
        waiting = await push_job(client, "SleepForever")
        await _eventually(_has_said(process.log, waiting, "start"), within=PATIENCE, what=process.log.read_text)
        source = LogFile(process.log)
        target = ProcessRef("", process.identity, "here", process.pid, 0, "")
        until = await last_sign_of_life(target, source)

        async def found(until: int = until, running: frozenset[str] = frozenset()) -> tuple[dict[str, Certainty], int]:
            read = await read_log(target, LogSettings(), until=until, threads=0, running=running, wall=lambda: until, source=source)
            return {one.jid: one.certainty for one in read.findings}, read.ends

        assert await found() == ({waiting: Certainty.PROVEN}, 0)
        # An hour later nothing has been written since: only the work hash says that it still runs.
        hour = until + 3_600_000
        assert await found(hour) == ({waiting: Certainty.LIKELY}, 0)
        assert await found(hour, frozenset({waiting})) == ({waiting: Certainty.PROVEN}, 0)

        talking = await push_job(client, "Talking", ["nothing"])
        await _eventually(_has_said(process.log, talking, "Pushed 7 jobs"), within=PATIENCE, what=process.log.read_text)
        process.signal(signal.SIGKILL)
        await process.process.wait()
        until = await last_sign_of_life(target, source)
        assert await found(until) == ({waiting: Certainty.PROVEN, talking: Certainty.LIKELY}, 0)
    finally:
        await store.close()
        await end(process)


def _has_said(log: Path, jid: str, words: str) -> Callable[[], Awaitable[bool]]:
    async def said() -> bool:
        return any(jid in line and words in line for line in log.read_text().splitlines())

    return said
