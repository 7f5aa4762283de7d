"""A real agent whose config says that this is Mastodon: rules over other servers, by what the web log and Redis tell."""

import asyncio
import contextlib
import signal
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.service.agent import AgentProcess, write_config
from watchdog.mastodon.web_log_source import NAME

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
RULES = """\
rules:
  - rule: told-of-deliveries
    each: peer
    when: peer.failing_days >= 2
    summary: "{{ peer.name }} fails"
  - rule: told-of-the-web-log
    each: federation
    when: federation.inbound >= 2
  - rule: told-of-a-refusal
    each: peer
    when: peer.watched and peer.inbound_refused >= 1
"""
POST = (
    "method=POST path=/inbox format=html controller=ActivityPub::InboxesController action=create status={status} duration=4.12 "
    "key=https://{host}/users/alice#main-key\n"
)


def day(ago: int) -> str:
    """As Mastodon writes it."""
    return (datetime.now(UTC) - timedelta(days=ago)).strftime("%Y%m%d")


@contextlib.asynccontextmanager
async def delivering(log: Path, host: str, status: int = 202) -> AsyncIterator[None]:
    """It delivers twice a second meanwhile."""

    async def deliver() -> None:
        while True:
            with log.open("a") as file:
                file.write(POST.format(host=host, status=status))
            await asyncio.sleep(0.5)  # sleeps on purpose: a server that delivers twice a second

    task = asyncio.create_task(deliver())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_an_agent_of_a_mastodon_server(redis_server, tmp_path):
    """What it reads is judged as it comes; a reload begins to watch another host; what was learned is kept at its end, and all of it is replayed to the same."""
    client = redis_server.client()
    await client.sadd("exhausted_deliveries:dead.example", day(0), day(1))
    log = tmp_path / "web.log"
    log.write_text("")
    config = write_config(tmp_path, url=redis_server.url)
    (tmp_path / "rules.yml").write_text(RULES)
    plain = config.read_text()
    section = f"mastodon: {{domain: social.example.org, watch: [a.example], web_log: {{files: [{log}]}}}}\n"
    config.write_text(plain + section)
    agent = AgentProcess(config)
    try:
        await agent.start()
        await agent.wait_for(r"told-of-deliveries.*dead\.example|dead\.example.*told-of-deliveries")
        async with delivering(log, "b.example"):
            await agent.wait_for("told-of-the-web-log")
        async with delivering(log, "c.example", 401):
            config.write_text(plain + section.replace("a.example", "c.example"))
            agent.signal(signal.SIGHUP)
            await agent.wait_for("reloaded")
            await agent.wait_for("told-of-a-refusal")
        shown = await agent.status_has(lambda picture: picture["other_servers"] == {"told": 2, "troubles": []})
        assert [shown["sources"][name]["ok"] for name in ("web_log", "deliveries")] == [True, True]
        assert await agent.stop() == 0
        code, checked = await agent.ask("replay", "--check")
        assert code == 0, checked
    finally:
        await agent.aclose()
    assert stat.S_IMODE((tmp_path / "state" / NAME).stat().st_mode) == 0o600
    assert "alice" not in "\n".join(agent.lines)
