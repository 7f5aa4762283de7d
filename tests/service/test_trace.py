"""The trace of a real agent: what is known after a SIGKILL, what can never be in it, and a disk that fills up."""

import contextlib
import json
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.beats import SimulatedProcess
from tests.service.agent import AgentProcess, write_config
from tests.service.test_replay import FROM_FILES, replayed
from watchdog import config as configs
from watchdog.daemon.remembering import carried_on
from watchdog.engine.remembered import unpack_to_go_on
from watchdog.engine.saved import histories_in, read_saved
from watchdog.model.events import Delta, Observed, encode
from watchdog.model.kinds import Kind, Source
from watchdog.model.vocabulary import BUILT
from watchdog.store.opening import DATABASE
from watchdog.store.trace.reading import Record, Segment, segments

pytestmark = pytest.mark.needs("redis-server")

RULES = """\
rules:
  - {rule: full, each: queue, when: 'max(queue.size, 10m) >= 3'}
  - {rule: long, each: job, when: 'held(job.elapsed > 1h, 1m)'}
  - {rule: grew, each: queue, on: QueueGrew, notify: [ops]}
"""
PRIVATE = "a-private-toot-of-somebody"


def kept(state: Path) -> tuple[str, bytes]:
    """The name of the memory, and the histories as they were kept last."""
    with contextlib.closing(sqlite3.connect(f"file:{state / DATABASE}?mode=ro", uri=True)) as database:
        row = database.execute("SELECT body FROM history").fetchone()
        return database.execute("SELECT name FROM memory").fetchone()[0], row[0] if row else b""


def sizes(data: bytes) -> list[int]:
    """The sizes of the queue that are remembered, one after the other; those that are none as they are."""
    series, _, _ = unpack_to_go_on(histories_in(data))
    return list(series["queue: queue.size"].tracks["push"].states)


def recorded(state: Path) -> list[Record]:
    """All that can be read of the trace."""
    return [
        record
        for segment in segments(state)
        if isinstance(segment, Segment)
        for record in segment.records()
        if isinstance(record, Record)
    ]  # fmt: skip


def has_size(state: Path, size: int) -> bool:
    """Whether it is recorded that the queue had that many jobs."""
    return any(
        isinstance(change, Delta) and change.kind is Kind.QUEUE and change.fields.get("size") == size
        for record in recorded(state)
        if isinstance(record.event.body, Observed)
        for change in record.event.body.changes
    )


async def test_what_happened_before_a_kill_is_known_after_it(redis_server, tmp_path, until):
    """
    Histories that were kept at the start are carried on over the trace to the last second before a SIGKILL; from there to the next reading
    nothing is covered. Replayed from its files, each of the two agents asks for what it asked for. And whatever Redis holds of arguments, nothing
    of it is in the trace.
    """
    config, state = write_config(tmp_path, url=redis_server.url, mode="observe"), tmp_path / "state"
    (tmp_path / "rules.yml").write_text(RULES)
    client = redis_server.client()
    payload = json.dumps({"class": "PushWorker", "jid": "b" * 24, "queue": "push", "args": [PRIVATE], "enqueued_at": 1790000000.0,
                          "error_message": f"failed: {PRIVATE}", "error_class": "RuntimeError", "failed_at": 1790000000.0})  # fmt: skip
    await client.sadd("queues", "push")
    await client.lpush("queue:push", payload)
    for name in ("retry", "schedule", "dead"):
        await client.zadd(name, {payload: 1790000000.0})
    worker = SimulatedProcess()
    worker.run("t1", args=[PRIVATE], error_message=PRIVATE)
    await worker.beat(client)

    async with contextlib.aclosing(AgentProcess(config, env={"TRACE": str(tmp_path / "first")})) as agent:
        await agent.start()
        memory, before = await until(lambda: kept(state) if kept(state)[1] else None)
        await client.lpush("queue:push", payload, payload, payload)
        await until(lambda: has_size(state, 4))
        await client.ltrim("queue:push", 0, 1)
        await until(lambda: has_size(state, 2))
        agent.signal(signal.SIGKILL)
        await agent.wait_exit()
    number, last = len(recorded(state)), recorded(state)[-1].event
    assert kept(state) == (memory, before), "it was not kept again meanwhile"
    loaded = configs.load(config)
    carried = carried_on(before, state, memory=memory, series=loaded.rules.series)
    assert sizes(carried)[-3:] == [1, 4, 2] or sizes(carried)[-2:] == [4, 2]
    assert read_saved(carried).at == last.at

    async with contextlib.aclosing(AgentProcess(config, env={"TRACE": str(tmp_path / "second"), "PYTHONHASHSEED": "9"})) as agent:
        await agent.start()
        again = await until(lambda: kept(state)[1] if kept(state)[1] != before else None)
        series, coverage, _ = unpack_to_go_on(histories_in(again))
        assert await agent.stop() == 0
    track = series["queue: queue.size"].tracks["push"]
    there = list(zip(track.times, track.states, strict=True))
    assert there[-1][1] == 2 or there[-1] == (last.at, -(2**63)), "what it is now, or, from the end of the trace on, nothing"
    assert (last.at, -(2**63)) in there
    assert coverage.times[Source.REDIS][1] == last.at
    asked = (tmp_path / "first").read_bytes().splitlines()[1::2][:number] + (tmp_path / "second").read_bytes().splitlines()[1::2]
    for seed in (1, 2):
        assert await replayed(config, state, seed=seed, how=FROM_FILES) == asked
    for record in recorded(state):
        for change in record.event.body.changes if isinstance(record.event.body, Observed) else ():
            if isinstance(change, Delta):
                assert set(change.fields) <= {spec.slot for spec in BUILT.fields[change.kind].values()}, "what no table declares"
    text = b"\n".join(encode(record.event) for record in recorded(state))
    checkpoints = b"".join(segment.checkpoint() or b"" for segment in segments(state) if isinstance(segment, Segment))
    assert b"PushWorker" in text
    assert b"PushWorker" in checkpoints or len(checkpoints) > 0
    assert PRIVATE.encode() not in text + checkpoints


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The state folder on a disk of its own, of 48 MB."""
    disk = tmp_path / "state"
    disk.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=0700", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


async def says(agent: AgentProcess, words: str) -> bool:
    """Whether `status` shows these words."""
    return words in (await agent.ask("status"))[1]


async def has_gaps(agent: AgentProcess) -> bool:
    """Whether `status` knows of a stretch that was not recorded."""
    _, status = await agent.ask("status", "--json")
    return bool(json.loads(status.splitlines()[0])["trace"]["gaps"])


@pytest.mark.needs("mount")
async def test_a_disk_that_fills_up_ends_the_recording_and_not_the_agent(redis_server, small_disk, tmp_path, until):
    """The last room is the database's: nothing more is recorded, alerts fire and are written down; with room again the trace says what is missing."""
    config = write_config(tmp_path, url=redis_server.url, mode="observe")
    (tmp_path / "rules.yml").write_text(RULES)
    client = redis_server.client()
    await client.sadd("queues", "push")
    await client.lpush("queue:push", b"{}")
    async with contextlib.aclosing(AgentProcess(config, env={"RECORDER": '{"AGAIN": 500}'})) as agent:
        await agent.start()
        await until(lambda: recorded(small_disk))
        ballast = small_disk / "ballast"
        ballast.write_bytes(b"x" * 30_000_000)
        await client.lpush("queue:push", b"{}")
        await agent.wait_for("events are no longer recorded: less than 32 MB would be left on the disk; all else goes on")
        lines = len(agent.lines)
        await client.lpush("queue:push", b"{}")
        await agent.wait_for("alert: rule='grew' entity='push' outcome='firing'", after=lines)
        # The picture may be older than the alert (see `StatusKeeper`).
        await until(lambda: says(agent, "trace: NOT RECORDED (less than 32 MB would be left on the disk)"))
        ballast.unlink()
        await client.lpush("queue:push", b"{}")
        await agent.wait_for("events are recorded again")
        assert sum("no longer recorded" in line for line in agent.lines) == 1
        await until(lambda: has_gaps(agent))
        assert await agent.stop() == 0
    said = [one.reason if not isinstance(one, Segment) else one.header.cause for one in segments(small_disk)]
    assert said[0] == "start"
    assert any("events were not recorded: less than 32 MB" in reason for reason in said)
    assert said[-1] == "recorded again"
