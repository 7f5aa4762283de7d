"""A real agent, cut off right before its TERM, whose state folder is then found by an agent on what it takes for another machine."""

import contextlib
from pathlib import Path

import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.hook import Hook

pytestmark = pytest.mark.needs("redis-server", "sidekiq")


def say_host(config: Path, name: str) -> None:
    """What the config calls this host; nothing for its own name."""
    lines = [line for line in config.read_text().splitlines() if not line.startswith("host:")]
    config.write_text("\n".join([*lines, *([f"host: {name}"] if name else [])]) + "\n")


async def test_what_another_machine_had_begun_is_left_alone(redis_server, sidekiq, push, tmp_path):
    """
    The intent to end a process is on the disk, and the agent that starts has another host name: it sends nothing, tells people, and shows the incident that waits.

    With its own name again it goes on where it was cut off, and nobody needs to adopt anything.
    """
    victim = await sidekiq.start(("push",), timeout=2)
    async with Hook() as hook, contextlib.AsyncExitStack() as stack:
        config = write_config(tmp_path, url=redis_server.url, elapsed="2s", grace="20s", hook=hook.url)

        def agent(**env: str) -> AgentProcess:
            one = AgentProcess(config, env=env)
            stack.push_async_callback(one.aclose)
            return one

        first = await agent(DIE_AT="SendSignal:1:before").start()
        await push(redis_server.client(), "SleepForever")
        assert await first.wait_exit() == -9

        say_host(config, "a-copy")
        copy = await agent().start()
        told = await hook.wait_for("agent.warning")
        assert told["data"]["severity"] == "critical"
        assert "this is a-copy" in told["data"]["title"]
        # A decision on its job: by then Redis has been read, and whatever was to be taken up would have been.
        await copy.wait_for("decision: rule='stuck-job'")
        await copy.wait_for("ERROR .*this is a-copy")
        await copy.status_has(lambda picture: picture["doubt"] is not None and len(picture["doubt"]["incidents"]) == 1)
        assert await copy.stop() == 0
        assert victim.alive
        assert "Shutting down" not in victim.log.read_text()

        say_host(config, "")
        last = await agent().start()
        await last.wait_for("in doubt no more")
        assert await victim.wait_exit() == 0
        await last.wait_for("incident: .*outcome='ended'")
        sent = await last.audit(lambda row: row["kind"] == "outcome" and row["stage"] == "TERM")
        assert [row["outcome"] for row in sent] == ["unknown: the agent ended before it knew", "sent"]
        assert await last.stop() == 0
