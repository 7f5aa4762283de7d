"""
The agent is killed (SIGKILL) before and after each thing it does in a recovery, and started again.

Whatever the moment: the recovery is taken to its end, TERM repeats at most to the same living process, KILL comes
neither early nor to another, its job is put back once, and a bystander with the same title is never touched.
"""

import asyncio
import contextlib
import os
import signal
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.conftest import RedisServer, SidekiqFactory, push_job
from tests.service.whereabouts import stored

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(300)]

GRACE: Final = 3
POINTS: Final = (
    "commit:1:before", "commit:1:after", "commit:2:after",
    "Measure:1:before", "Measure:1:after",
    "commit:3:before", "commit:3:after",
    "TakeFleetLock:1:before", "TakeFleetLock:1:after",
    "commit:4:before", "commit:4:after",
    "Measure:2:before", "Measure:2:after",
    "commit:5:before", "commit:5:after",
    "GatherInFlight:1:before", "flight:1:before", "flight:1:after", "GatherInFlight:1:after",
    "commit:6:before", "commit:6:after",
    "Measure:3:before", "Measure:3:after",
    "commit:7:before", "commit:7:after",
    "SendSignal:1:before", "SendSignal:1:after",
    "commit:8:before", "commit:8:after",
    "AwaitExit:1:before", "AwaitExit:1:after",
    "commit:9:before", "commit:9:after",
    "Measure:4:before", "Measure:4:after",
    "commit:10:before", "commit:10:after",
    "SendSignal:2:before", "SendSignal:2:after",
    "commit:11:before", "commit:11:after",
    "AwaitExit:2:before", "AwaitExit:2:after",
    "GatherInFlight:2:before", "flight:2:before", "flight:2:after", "GatherInFlight:2:after",
    "PutBack:1:before", "place:1:before", "place:1:after", "PutBack:1:after",
    "commit:12:before", "commit:12:after", "commit:13:after", "commit:14:before", "commit:14:after",
    "GiveFleetLockBack:1:before", "GiveFleetLockBack:1:after",
)  # fmt: skip
"""Every transaction and every command of one recovery, before and after; `make trial ARGS=terminate_crashes` goes through all of them."""
WORST: Final = (
    "commit:2:after", "Measure:1:after", "TakeFleetLock:1:after", "commit:5:after", "flight:1:after", "commit:6:after", "commit:7:before", "commit:7:after", "SendSignal:1:before",
    "SendSignal:1:after", "AwaitExit:1:before", "Measure:4:before", "commit:10:before", "commit:10:after", "SendSignal:2:before", "SendSignal:2:after",
    "AwaitExit:2:after", "flight:2:after", "PutBack:1:before", "place:1:after", "PutBack:1:after", "commit:13:after",
)  # fmt: skip
"""Around what can't be undone, and where it begins."""


def at(row: dict[str, Any]) -> float:
    """When a row was written."""
    return datetime.fromisoformat(row["at"]).timestamp()


def check(rows: list[dict[str, Any]], victim_pid: int) -> None:
    """What must hold wherever the agent died."""
    intents = [row for row in rows if row["kind"] == "intent"]
    incidents = [row for row in rows if row["kind"] == "incident"]
    kills = [row for row in intents if row["stage"] == "KILL"]
    sent = [row for row in rows if row["kind"] == "outcome" and row["stage"] == "TERM" and row["outcome"] == "sent"]
    assert len({row["incident"] for row in incidents}) == 1, "one incident, however often it was taken up"
    assert incidents[-1]["outcome"] == "ended"
    assert {row["target"] for row in intents} == {incidents[0]["target"]}
    for kill in kills:
        assert sent, "KILL without TERM"
        assert at(kill) - max(at(row) for row in sent if row["seq"] < kill["seq"]) >= GRACE - 0.01


@pytest.mark.parametrize("points", [WORST[number::3] for number in range(3)], ids=lambda points: points[0])
async def test_killed_around_what_can_not_be_undone(tmp_path, points):
    """At each of these points, on a Redis and a Sidekiq of its own, with a bystander beside it."""
    assert set(points) <= set(POINTS)
    async with asyncio.TaskGroup() as group:
        for number, point in enumerate(points):
            group.create_task(terminated_at(point, tmp_path / str(number)), name=point)


async def terminated_at(point: str, folder: Path) -> None:
    """One end of a process with its agent killed at that point; raises `AssertionError` where it, or its job, is not where it belongs."""
    folder.mkdir()
    server = RedisServer(folder)
    await server.start()
    factory = SidekiqFactory(server, folder)
    try:
        bystander, victim = await factory.start(("other",), tag="app"), await factory.start(("push",), tag="app")
        config = write_config(folder, url=server.url, elapsed="2s", grace=f"{GRACE}s")
        stuck = await push_job(server.client(), "SleepForever")
        await _die_and_recover(config, point, victim)
        assert await stored(server.client()) == {stuck: ["retry"]}, point
        assert bystander.alive
        assert "Shutting down" not in bystander.log.read_text()
    finally:
        for one in factory.started:
            await one.kill()
        await server.close()


async def _die_and_recover(config, point: str, victim) -> None:
    async with contextlib.AsyncExitStack() as stack:
        mortal = await stack.enter_async_context(
            contextlib.aclosing(AgentProcess(config, env={"DIE_AT": point, "TRACE": str(config.parent / "trace")}))
        )
        await mortal.start(ready=False)
        deaf = asyncio.create_task(_deafen(mortal, victim))
        try:
            await mortal.wait_exit()
        except TimeoutError:
            raise AssertionError(f"it did not die at {point}:\n" + "\n".join(mortal.lines)) from None
        successor = await stack.enter_async_context(contextlib.aclosing(AgentProcess(config)))
        await successor.start()
        deaf_to_successor = asyncio.create_task(_deafen(successor, victim))
        status = await victim.wait_exit()
        await _ended(successor)
        for task in (deaf, deaf_to_successor):
            task.cancel()
        rows = await successor.audit()
        verified = (await successor.ask("audit", "--verify"))[0]
    assert status == -signal.SIGKILL, point
    assert verified == 0
    check(rows, victim.pid)


async def _deafen(agent: AgentProcess, victim) -> None:
    """From the moment at which TERM may have been sent, the victim hears nothing more."""
    await agent.wait_for("intent: .*stage='TERM'|incident: .*stage='(TERM|CONT|grace|KILL|death)' outcome='resumed'", within=60)
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim.pid, signal.SIGSTOP)


async def _ended(agent: AgentProcess) -> None:
    rows = await agent.audit(lambda row: row["kind"] == "incident" and row["outcome"] == "ended")
    if not rows:
        await agent.wait_for("incident: .*outcome='ended'")
