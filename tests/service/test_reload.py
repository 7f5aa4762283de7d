"""SIGHUP: good rules are taken over, bad ones refused with every reason, and the old ones stay in force."""

import contextlib
import json
import signal

import pytest

from tests.service.agent import RULES, AgentProcess, write_config

pytestmark = pytest.mark.needs("redis-server")

BAD: str = """\
rules:
  - rule: without-a-cooldown
    each: job
    when: job.elapsed > 1h
    for: 5s
    then:
      - terminate_process: {process: job.process, grace: 35s}
  - rule: stuck-job
    each: job
    when: job.elapsd > 20s
    for: soon
    for: 5s
    nonsense: true
"""


async def test_a_bad_file_keeps_the_old_rules_and_says_why(redis_server, tmp_path, until):
    """Every problem of the bad file is logged with its place; the rules in force are still the old ones; a good file is taken over then."""
    config = write_config(tmp_path, url=redis_server.url)
    async with contextlib.aclosing(AgentProcess(config)) as agent:
        await agent.start()
        (tmp_path / "rules.yml").write_text(BAD)
        agent.signal(signal.SIGHUP)
        await agent.notified("RELOADING=1")
        await agent.notified("READY=1")
        await agent.wait_for("reload refused")
        refused = "\n".join(agent.lines)
        await until(lambda: refusal(agent), what="a status that tells of it")
        (tmp_path / "rules.yml").write_text(RULES.format(elapsed="7s", grace="30s"))
        agent.signal(signal.SIGHUP)
        await agent.wait_for("reloaded: mode act, 1 rules")
        await until(lambda: nothing_refused(agent), what="a status without it")
        rows = await agent.audit(lambda row: row["kind"] == "agent")
        assert await agent.stop() == 0

    for place in ("rules.yml:7:9: W611", "rules.yml:10:11: E203", "rules.yml:11:10", "rules.yml:12:5", "rules.yml:13:5"):
        assert place in refused, f"{place} is not in:\n{refused}"
    assert [row["outcome"] for row in rows] == ["started", "rules in force", "reload refused", "rules in force"]
    # Not the warning, though that stands above it in the file.
    assert "E203" in rows[2]["reason"]
    assert rows[1]["detail"]["digest"] != rows[3]["detail"]["digest"]


async def refusal(agent: AgentProcess) -> bool:
    """Whether `status` tells of the mistake for which a reload was refused."""
    _, output = await agent.ask("status")
    return "Reload refused" in output and "E203 unknown field 'job.elapsd'" in output


async def nothing_refused(agent: AgentProcess) -> bool:
    """Whether `status` shows an agent and no such thing."""
    _, output = await agent.ask("status")
    return "mode act" in output and "Reload refused" not in output


async def reads_redis(agent: AgentProcess) -> bool:
    """Whether `status` says that Redis can be read."""
    _, output = await agent.ask("status", "--json")
    return output.startswith("{") and json.loads(output.splitlines()[0])["sources"]["redis"]["ok"]


async def test_a_changed_mode_is_taken_over_and_another_redis_is_not(redis_server, tmp_path, until):
    """After a reload the agent works in the config's new mode; another Redis needs a restart, and it says so."""
    config = write_config(tmp_path, url=redis_server.url, mode="dry-run")
    async with contextlib.aclosing(AgentProcess(config)) as agent:
        await agent.start()
        await until(lambda: reads_redis(agent), what="Redis to be read")
        write_config(tmp_path, url="redis://127.0.0.1:1/0", mode="observe")
        agent.signal(signal.SIGHUP)
        await agent.wait_for("reloaded: mode observe")
        await agent.wait_for("Redis is taken over at a restart only")
        assert await agent.stop() == 0
        _, output = await agent.ask("status", "--json")

    picture = json.loads(output.splitlines()[0])
    assert picture["mode"] == "observe"
    assert picture["sources"]["redis"]["ok"]
