"""A real recovery, recorded event by event, asks for the same again when it is replayed, whatever the seed of Python's hashes."""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.service.agent import ROOT, RULES, AgentProcess, write_config
from watchdog.model.effects import Effect
from watchdog.model.events import Observed, RulesLoaded, Stopping
from watchdog.model.events import decode as decode_event
from watchdog.store.opening import DATABASE

pytestmark = pytest.mark.needs("redis-server", "sidekiq")

REPLAY = """
import sys
from pathlib import Path
import msgspec
from watchdog import config
from watchdog.engine.advance import advance
from watchdog.engine.rules import NO_RULES
from watchdog.engine.state import begin
from watchdog.model.events import RulesLoaded, decode

loaded, rules, state = config.load(Path(sys.argv[1])).rules, NO_RULES, begin()
for line in Path(sys.argv[2]).read_bytes().splitlines()[::2]:
    event = decode(line)
    if isinstance(event.body, RulesLoaded):
        rules = loaded
    state, effects = advance(rules, state, event)
    sys.stdout.buffer.write(msgspec.json.encode(effects) + b"\\n")
"""

FROM_FILES = """
import sys
from pathlib import Path
import msgspec
from watchdog import config
from watchdog.engine.advance import advance
from watchdog.engine.checkpoint import rebuild
from watchdog.engine.rules import NO_RULES
from watchdog.model.events import RulesLoaded
from watchdog.store.trace.reading import Hole, segments
from watchdog.store.trace.segment import Mark

loaded = config.load(Path(sys.argv[1]))
for segment in segments(loaded.state):
    if isinstance(segment, Hole):
        assert "cut off" in segment.reason, segment
        continue
    rules = loaded.rules if segment.header.digest else NO_RULES
    assert segment.header.digest == rules.digest
    state = rebuild(segment.checkpoint(), rules)
    for record in segment.records():
        assert not isinstance(record, Hole), record
        if record.mark is Mark.NOTED:
            state.world.take(record.event.body, record.event.at)
            continue
        now = loaded.rules if isinstance(record.event.body, RulesLoaded) else rules
        after, effects = advance(now, state, record.event)
        if record.mark is Mark.UNDONE:
            state.world.must_judge_all = True
            continue
        state, rules = after, now
        sys.stdout.buffer.write(msgspec.json.encode(effects) + b"\\n")
"""


async def replayed(config: Path, trace: Path, *, seed: int, how: str = REPLAY) -> list[bytes]:
    """The effects of each event of the trace, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", how, str(config), str(trace), cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": str(seed)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.splitlines()


async def ask_replay(config: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code of `replay`, and what it says."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("sidekiq-watchdog"), "replay", "--config", str(config), "--json", *arguments,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    assert output, errors.decode()
    return process.returncode or 0, json.loads(output)


async def test_a_recovery_replays_byte_for_byte(redis_server, sidekiq, push, tmp_path):
    """
    TERM, a deaf process, KILL, a Redis that goes and comes back: the events alone give the very effects, under two hash seeds.

    So do the files of the trace that the agent itself has written, each from its own checkpoint; here a new one is begun with nearly every event. `replay --check` finds
    each row of the audit log and each incident again. Other rules see the same jobs in dry-run, and what they would have done is laid beside what happened.
    """
    victim, other = await sidekiq.start(("push",), tag="app"), await sidekiq.start(("default", "pull"), tag="app")
    config, trace = write_config(tmp_path, url=redis_server.url, elapsed="3s", grace="3s"), tmp_path / "trace"
    async with contextlib.aclosing(
        AgentProcess(config, env={"TRACE": str(trace), "PYTHONHASHSEED": "77", "RECORDER": '{"OLDEST_FILE": 1}'})
    ) as agent:
        await agent.start()
        await push(redis_server.client(), "SleepForever")
        await agent.wait_for("outcome: .*stage='TERM'.*outcome='sent'")
        victim.signal(signal.SIGSTOP)
        assert await victim.wait_exit() == -signal.SIGKILL
        await agent.wait_for("incident: .*outcome='ended'")
        await redis_server.stop()
        await agent.wait_for("source: .*outcome='lost'")
        await redis_server.start()
        await agent.wait_for("source: .*outcome='back'")
        assert await agent.stop() == 0
    assert other.alive

    lines = trace.read_bytes().splitlines()
    events, recorded = [decode_event(line) for line in lines[::2]], lines[1::2]
    bodies = [event.body for event in events]
    asked = [effect for line in recorded for effect in msgspec.json.decode(line, type=list[Effect])]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert isinstance(bodies[1], RulesLoaded)
    assert isinstance(bodies[-1], Stopping)
    assert any(isinstance(body, Observed) and body.complete for body in bodies)
    assert {type(effect).__name__ for effect in asked} == {
        "Audit",
        "KeepIncident",
        "Notify",
        "Measure",
        "SendSignal",
        "AwaitExit",
        "GatherInFlight",
        "PutBack",
        "DropFlight",
        "TakeFleetLock",
        "GiveFleetLockBack",
    }
    for seed in (1, 2):
        again = await replayed(config, trace, seed=seed)
        for event, was, now in zip(events, recorded, again, strict=True):
            assert now == was, f"event {event.seq} asks for something else under seed {seed}"
    files = sorted((tmp_path / "state" / "trace").iterdir())
    assert len(files) > 4
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    for seed in (1, 2):
        again = await replayed(config, trace, seed=seed, how=FROM_FILES)
        for event, was, now in zip(events, recorded, again, strict=True):
            assert now == was, f"event {event.seq} asks for something else from the files under seed {seed}"

    code, checked = await ask_replay(config, "--check")
    assert (code, checked["exact"], checked["remarks"], checked["missing"]) == (0, True, [], [])
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / DATABASE)) as database:
        (written,) = database.execute("SELECT count(*) FROM audit").fetchone()
    assert checked["checked"] == {"equal": written, "different": 0, "uncovered": 0, "unlike": [], "incidents": []}
    assert [one["decision"] for one in checked["decisions"]] == ["ALLOW"]
    assert [one["outcome"] for one in checked["recoveries"]] == ["ended"]

    other = tmp_path / "other.yml"
    other.write_text(RULES.format(elapsed="1h", grace="3s"))
    code, tried = await ask_replay(config, "--rules", str(other))
    assert (code, tried["exact"], tried["beside"]["with"]) == (0, False, "what happened")
    assert {one["what"] for one in tried["beside"]["differences"]} == {"only there"}
    code, tried = await ask_replay(config, "--diff", str(other))
    assert code == 1
    assert {one["what"] for one in tried["beside"]["differences"]} == {"only here"}
    assert [one["decision"] for one in tried["decisions"]] == ["DRY_RUN"]
    assert [one["outcome"] for one in tried["recoveries"]] == ["would"]
    code, same = await ask_replay(config, "--rules", str(config.parent / "rules.yml"))
    assert code == 0
    assert [one for one in same["beside"]["differences"] if one["of"] == "firing"] == [], "in dry-run the same fires at the same time"
