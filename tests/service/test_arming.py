"""A rule armed on the command line, beside a real agent and a real Sidekiq: what is stuck already only asks, what gets stuck later is ended."""

import contextlib
import json
import signal

import pytest

from tests.service.agent import RULES, AgentProcess, write_config

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(150)]
ARMED = ("arm", "stuck-job", "--mode", "act", "--reason", "it was right", "--yes")


async def test_a_rule_is_armed_by_name(redis_server, sidekiq, push, tmp_path):
    """It shows its record first, outlives SIGKILL of the agent, and acts on the next job that gets stuck, not on the one that was."""
    client = redis_server.client()
    victim = await sidekiq.start(("push",), concurrency=2, timeout=4)
    await push(client, "SleepForever")
    config = write_config(tmp_path, url=redis_server.url)
    written = RULES.format(elapsed="3s", grace="20s").replace("    each: job\n", "    each: job\n    mode: dry-run\n")
    (tmp_path / "rules.yml").write_text(written.replace("baseline: allow", "baseline: ask"))
    async with contextlib.aclosing(AgentProcess(config)) as first:
        await first.start()
        await first.wait_for("would: .*stage='KILL'")
        code, said = await first.ask(*ARMED)
        assert code == 0, said
        assert "would terminate_process" in said
        assert "armed: from dry-run to act: it was right" in said
        await first.wait_for("decision: .*decision='ASK' guard='baseline'")
        assert (await first.ask("arm", "no-such-rule", *ARMED[2:]))[0] == 1
        assert (await first.ask(*ARMED[:-1]))[0] == 2
        assert victim.alive
        first.signal(signal.SIGKILL)
        await first.wait_exit()
    async with contextlib.aclosing(AgentProcess(config)) as second:
        await second.start()
        await second.wait_for("decision: .*decision='ASK' guard='baseline'")
        assert not await second.audit(lambda row: row["kind"] == "intent")
        await push(client, "SleepForever")
        assert await second.sees_off(victim, 60) == 0
        await second.wait_for("incident: .*outcome='ended'")
        code, said = await second.ask("arm", "stuck-job", "--clear", "--reason", "enough")
        assert code == 0, said
        assert await second.stop() == 0
        _, shown = await second.ask("status", "--json")
        rows = await second.audit(lambda row: row["kind"] == "operator")

    picture = json.loads(shown.splitlines()[0])
    assert picture["digest"]["due"] > picture["digest"]["since"] > 0
    assert (picture["armed"], picture["rules"]) == ([], {"stuck-job": "dry-run"})
    assert [(row["outcome"], row["detail"].get("before"), row["detail"].get("mode")) for row in rows] == [
        ("armed", "dry-run", "act"), ("refused", None, None), ("as its file says", "act", "dry-run"),
    ]  # fmt: skip
