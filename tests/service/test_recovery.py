"""The main job with nothing but real parts: Debian's Sidekiq, a Redis, the agent as its own process, signals that arrive."""

import asyncio
import contextlib
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.hook import Hook
from tests.service.users import actor
from tests.service.whereabouts import stored

pytestmark = pytest.mark.needs("redis-server", "sidekiq")
Start = Callable[..., Awaitable[AgentProcess]]


@pytest.fixture
async def agents() -> AsyncIterator[Start]:
    """Starts agents, and ends them all."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(config: Path, *arguments: str, env: dict[str, str] | None = None) -> AgentProcess:
            agent = AgentProcess(config, *arguments, env=env)
            stack.push_async_callback(agent.aclose)
            return await agent.start()

        yield start


def seconds(row: dict[str, Any]) -> float:
    """When a row was written."""
    return datetime.fromisoformat(row["at"]).timestamp()


def stages(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """What was done, in order."""
    return [(row["kind"], row["stage"], row["outcome"]) for row in rows if row["kind"] in ("intent", "outcome")]


async def test_a_job_that_never_ends_is_ended(redis_server, sidekiq, push, agents, tmp_path):
    """Its process gets TERM within 20 s and a beat of the job's start, for which the picture has settled by then; it ends by itself, and everybody is told."""
    victim = await sidekiq.start(("push",), timeout=4)
    async with Hook() as hook:
        agent = await agents(write_config(tmp_path, url=await actor(redis_server), hook=hook.url, settle=3))
        started = time.time()
        await push(redis_server.client(), "SleepForever")
        await agent.wait_for("outcome: .*stage='TERM'.*outcome='sent'")
        status = await victim.wait_exit()
        await agent.wait_for("incident: .*outcome='ended'")
        await hook.wait_for("action.ended")
        await hook.wait_for("alert.resolved")
        told = [body["type"] for body in hook.got]
    rows = await agent.audit()
    sent = next(row for row in rows if row["kind"] == "outcome" and row["stage"] == "TERM")

    assert status == 0
    assert await redis_server.client().acl_log() == []  # it wanted no right that this user does not have
    assert stages(rows) == [
        ("outcome", "copy", "in flight: 1 likely"), ("intent", "TERM", ""), ("outcome", "TERM", "sent"), ("outcome", "grace", "exited"),
        ("outcome", "reckon", "it has given everything back"),
    ]  # fmt: skip
    assert 20 <= seconds(sent) - started <= 20 + victim.beat + 20
    assert told[:3] == ["alert.firing", "action.decided", "action.stage"]
    assert {"action.ended", "alert.resolved"} <= set(told)
    assert (await agent.ask("audit", "--verify"))[0] == 0


async def test_a_deaf_process_is_killed_after_grace(redis_server, sidekiq, push, agents, tmp_path):
    """A Sidekiq that is SIGSTOPped once TERM was sent gets KILL when `grace` is over, not before; its job, which it could not give back, waits for its second chance."""
    victim = await sidekiq.start(("push",))
    agent = await agents(write_config(tmp_path, url=redis_server.url, elapsed="3s", grace="6s"))
    stuck = await push(redis_server.client(), "SleepForever")
    await agent.wait_for("outcome: .*stage='TERM'.*outcome='sent'")
    victim.signal(signal.SIGSTOP)
    assert await victim.wait_exit() == -signal.SIGKILL
    await agent.wait_for("incident: .*outcome='ended'")
    await agent.wait_for(f"{re.escape(victim.identity)} was killed by this agent")
    rows = await agent.audit()
    by_stage = {(row["kind"], row["stage"]): row for row in rows}

    assert [one for one in stages(rows) if one[1] != "reckon"] == [
        ("outcome", "copy", "in flight: 1 likely"), ("intent", "TERM", ""), ("outcome", "TERM", "sent"), ("outcome", "grace", "still running"),
        ("intent", "KILL", ""), ("outcome", "KILL", "sent"), ("outcome", "death", "exited"), ("intent", "put_back", ""), ("outcome", "put_back", "1 done"),
    ]  # fmt: skip
    assert await stored(redis_server.client()) == {stuck: ["retry"]}
    assert 6 <= seconds(by_stage["intent", "KILL"]) - seconds(by_stage["outcome", "TERM"]) < 26


async def test_dry_run_touches_nothing(redis_server, sidekiq, push, agents, tmp_path):
    """The same in dry-run: no signal arrives; the audit says when act would have sent which."""
    victim = await sidekiq.start(("push",))
    agent = await agents(write_config(tmp_path, url=redis_server.url, mode="dry-run", elapsed="3s", grace="2s"))
    await push(redis_server.client(), "SleepForever")
    await agent.wait_for("would: .*stage='KILL'")
    rows = await agent.audit(lambda row: row["kind"] in ("decision", "would"))

    assert victim.alive
    assert "Shutting down" not in victim.log.read_text()
    assert [(row["decision"], row["stage"]) for row in rows] == [("DRY_RUN", ""), ("DRY_RUN", "TERM"), ("DRY_RUN", "KILL")]
    term, kill = (datetime.fromisoformat(row["would_at"]).timestamp() for row in rows[1:])
    assert 1.99 < kill - term < 2.01
    assert await agent.stop() == 0


async def test_mode_of_the_command_line_only_lowers(redis_server, agents, tmp_path):
    """`run --mode act` above a dry-run config ends with code 2 and says why."""
    config = write_config(tmp_path, url=redis_server.url, mode="dry-run")
    agent = AgentProcess(config, "--mode", "act")
    try:
        await agent.start(ready=False)
        assert await agent.wait_exit() == 2
        assert "lowered" in "\n".join(agent.lines)
    finally:
        await agent.aclose()


async def test_an_agent_told_to_end_ends_at_once(redis_server, sidekiq, push, agents, tmp_path):
    """SIGTERM in the middle of a recovery ends the agent within 5 s, and the next one takes the recovery to its end."""
    victim = await sidekiq.start(("push",))
    config = write_config(tmp_path, url=redis_server.url, elapsed="3s", grace="5s")
    agent = await agents(config)
    await push(redis_server.client(), "SleepForever")
    await agent.wait_for("outcome: .*stage='TERM'.*outcome='sent'")
    victim.signal(signal.SIGSTOP)
    async with asyncio.timeout(15):
        assert await agent.stop() == 0
    successor = await agents(config)
    assert await victim.wait_exit() == -signal.SIGKILL
    await successor.wait_for("incident: .*outcome='ended'")
    rows = await successor.audit()

    assert [row["outcome"] for row in rows if row["kind"] == "incident"] == ["opened", "resumed", "ended"]
