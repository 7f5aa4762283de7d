"""What an agent refuses to start with, what it starts with all the same, and what it tells systemd."""

import contextlib
import json
import re
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.service.agent import RULES, AgentProcess, write_config
from tests.service.hook import Hook

pytestmark = pytest.mark.needs("redis-server")


@pytest.fixture
async def agent_on() -> AsyncIterator[Callable[..., AgentProcess]]:
    """Agents, which are all gone at the end; not started yet."""
    async with contextlib.AsyncExitStack() as stack:

        def make(config: Path, *arguments: str, env: dict[str, str] | None = None) -> AgentProcess:
            agent = AgentProcess(config, *arguments, env=env)
            stack.push_async_callback(agent.aclose)
            return agent

        yield make


async def picture(agent: AgentProcess) -> dict:
    """What `status` shows."""
    _, output = await agent.ask("status", "--json")
    return json.loads(output.splitlines()[0])


async def test_a_state_folder_that_another_agent_has(redis_server, agent_on, tmp_path):
    """The second agent says whose it is and ends; the first notices nothing."""
    config = write_config(tmp_path, url=redis_server.url)
    first = await agent_on(config).start()
    second = agent_on(config)
    await second.start(ready=False)
    assert await second.wait_exit() == 2
    log = "\n".join(second.lines)
    assert re.search(rf"state is in use by the agent with pid {first.pid}; one state folder serves one agent", log)
    assert "Traceback" not in log
    assert await first.stop() == 0


@pytest.mark.parametrize("secret", ["whsec_not base64!", "whsec_"])
async def test_a_secret_that_cannot_be_used(redis_server, agent_on, tmp_path, secret):
    """At the start: exit code 2, the receiver by name and what is wrong, never the secret itself."""
    config = write_config(tmp_path, url=redis_server.url)
    (tmp_path / "secret").write_text(secret)
    agent = agent_on(config)
    await agent.start(ready=False)
    assert await agent.wait_exit() == 2
    log = "\n".join(agent.lines)
    assert "ops" in log
    assert "secret" in log
    assert "not base64!" not in log
    assert "Traceback" not in log


async def test_a_bad_secret_at_a_reload(redis_server, agent_on, tmp_path):
    """The reload is refused with the reason, the old rules stay in force, and a good one later is taken."""
    config = write_config(tmp_path, url=redis_server.url)
    agent = await agent_on(config).start()
    good = (tmp_path / "secret").read_text()
    (tmp_path / "secret").write_text("whsec_not base64!")
    (tmp_path / "rules.yml").write_text(RULES.format(elapsed="7s", grace="30s"))
    agent.signal(signal.SIGHUP)
    await agent.wait_for("reload refused.*ops")
    await agent.notified("READY=1")
    (tmp_path / "secret").write_text(good)
    agent.signal(signal.SIGHUP)
    await agent.wait_for("reloaded: mode act")
    rows = await agent.audit(lambda row: row["kind"] == "agent")
    assert [row["outcome"] for row in rows] == ["started", "rules in force", "reload refused", "rules in force"]
    assert await agent.stop() == 0
    assert "not base64!" not in "\n".join(agent.lines)


async def test_two_reloads_at_once(redis_server, agent_on, tmp_path):
    """SIGHUP twice in a row: what the file said last is in force, and the agent is ready again."""
    config = write_config(tmp_path, url=redis_server.url)
    agent = await agent_on(config).start()
    for elapsed in ("5s", "6s", "7s"):
        (tmp_path / "rules.yml").write_text(RULES.format(elapsed=elapsed, grace="30s"))
        agent.signal(signal.SIGHUP)
    (tmp_path / "rules.yml").write_text(RULES.format(elapsed="8s", grace="30s"))
    agent.signal(signal.SIGHUP)
    await agent.notified("RELOADING=1")
    await agent.wait_for("reloaded: mode act")
    await agent.notified("READY=1")
    assert await agent.stop() == 0
    rows = await agent.audit(lambda row: row["outcome"] == "rules in force")
    assert 2 <= len(rows) <= 5
    successor = await agent_on(config).start()
    assert await successor.stop() == 0
    again = await successor.audit(lambda row: row["outcome"] == "rules in force")
    assert again[-1]["detail"]["digest"] == rows[-1]["detail"]["digest"], "what was read last is what the file says"


async def test_a_damaged_database_is_set_aside_and_everybody_told(redis_server, agent_on, tmp_path):
    """
    The agent starts, but in dry-run, whatever the config allows, also after a reload and after a restart; it says so in log, audit trail, status, and to its receivers.

    Only when a person has adopted what it knows since then it acts again.
    """
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "watchdog.db").write_bytes(b"this is no database, but it may be the only account of a night\n" * 200)
    async with Hook() as hook:
        config = write_config(tmp_path, url=redis_server.url, hook=hook.url)
        agent = await agent_on(config).start()
        told = await hook.wait_for("agent.warning")
        agent.signal(signal.SIGHUP)
        await agent.wait_for("reloaded: mode dry-run")
        shown = await picture(agent)
        rows = await agent.audit(lambda row: row["outcome"] == "warning")
        assert await agent.stop() == 0
        (aside,) = state.glob("watchdog.db.broken-*")
        assert aside.read_bytes().startswith(b"this is no database")
        assert shown["mode"] == "dry-run"
        assert aside.name in told["data"]["title"]
        assert told["data"]["severity"] == "critical"
        assert aside.name in rows[0]["reason"]
        assert any("ERROR" in line and aside.name in line for line in agent.lines)

        successor = await agent_on(config).start()
        assert "mode dry-run" in await successor.wait_for("runs in mode")
        status, output = await successor.ask("status")
        assert (status, "In doubt, so nothing is done" in output) == (1, True)
        assert await successor.ask("adopt", "--reason", "looked at it") == (0, "adopted: looked at it\n")
        assert await successor.ask("adopt", "--reason", "once more") == (1, "sidekiq-watchdog: refused: nothing waits to be adopted\n")
        assert await successor.stop() == 0
        assert await successor.audit(lambda row: row["kind"] == "operator" and row["outcome"] == "adopted")
        third = await agent_on(config).start()
        assert "mode act" in await third.wait_for("runs in mode")
        assert await third.stop() == 0


async def test_the_pause_file_over_restarts(redis_server, agent_on, tmp_path):
    """Its pause is in the audit trail once, lasts over a restart, and ends when the file is gone, also while no agent ran."""
    config = write_config(tmp_path, url=redis_server.url)
    agent = await agent_on(config).start()
    # At once with its words: a test that is held between making the file and writing it would have two rows.
    (tmp_path / "pause").write_text("deploy of 4.5\n")
    (tmp_path / "pause").rename(tmp_path / "state" / "pause")
    await agent.wait_for("agent: outcome='paused' reason='the pause file: deploy of 4.5'")
    assert await agent.stop() == 0
    agent = await agent_on(config).start()
    assert (await picture(agent))["paused"] == {"by": "the pause file", "reason": "deploy of 4.5"}
    assert await agent.stop() == 0
    (tmp_path / "state" / "pause").unlink()
    agent = await agent_on(config).start()
    await agent.wait_for("agent: outcome='resumed' reason='the pause file'")
    assert await agent.stop() == 0
    rows = await agent.audit(lambda row: row["outcome"] in ("paused", "resumed"))
    assert [row["outcome"] for row in rows] == ["paused", "resumed"]


async def test_systemd_hears_of_a_living_agent(redis_server, agent_on, tmp_path):
    """With a watchdog of 1.5 s an agent with nothing to do tells three times as often that it lives."""
    agent = await agent_on(write_config(tmp_path, url=redis_server.url), env={"WATCHDOG_USEC": "1500000"}).start()
    before = time.monotonic()
    for _ in range(12):
        await agent.notified("WATCHDOG=1")
    assert time.monotonic() - before > 3, "more often than needed"
    assert await agent.stop() == 0
