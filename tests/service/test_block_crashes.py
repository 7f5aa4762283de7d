"""A real agent has its own Mastodon make a rule about another server: once, also when it is killed (SIGKILL) around that, and to suspend only after a person's yes."""

import contextlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.mastodon_standin.server import TOKEN, MastodonStandIn

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(300)]

HOST = "flood.example"
RULES = """\
rules:
  - rule: far
    each: peer
    when: peer.failing_days >= 2
    then:
      - domain_block: {{peer: peer, severity: {severity}}}
    guards: {{deploy: 0s, settle: 0, baseline: allow, max_unhealthy: 100%}}
"""
SECTION = 'mastodon: {{domain: {domain}, url: "{url}", token: "${{file:mastodon-token}}", web_log: none}}\n'
LOOKED, ASKED = ("GET", "/api/v1/admin/domain_blocks"), ("POST", "/api/v1/admin/domain_blocks")


@pytest.fixture
async def mastodon():
    """Our own server."""
    async with MastodonStandIn() as standin:
        yield standin


@pytest.fixture
async def configured(redis_server, tmp_path, mastodon) -> Callable[[str], Path]:
    """Writes a config in which such a rule acts, on a server to which deliveries have failed on three days."""
    client = redis_server.client()
    days = (datetime.now(UTC) - timedelta(days=ago) for ago in range(3))
    await client.sadd(f"exhausted_deliveries:{HOST}", *(f"{day:%Y%m%d}" for day in days))
    await client.aclose()
    path = write_config(tmp_path, url=redis_server.url)
    (tmp_path / "mastodon-token").write_text(f"{TOKEN}\n")
    (tmp_path / "mastodon-token").chmod(0o600)
    with path.open("a") as text:
        text.write(SECTION.format(domain=mastodon.domain, url=mastodon.url))

    def write(severity: str) -> Path:
        (tmp_path / "rules.yml").write_text(RULES.format(severity=severity))
        return path

    return write


def rules(mastodon: MastodonStandIn) -> list[tuple[str, str]]:
    """Domain and severity of each."""
    return [(rule["domain"], rule["severity"]) for rule in mastodon.rules.values()]


def is_over(row: dict[str, Any]) -> bool:
    """The incident has ended."""
    return row.get("kind") == "incident" and row.get("outcome") in ("ended", "failed", "abandoned")


@pytest.mark.parametrize(
    "point",
    [
        "LookAtBlock:1:after",
        "SetBlock:1:before",
        "SetBlock:1:after",
        *(f"commit:{number}:{when}" for number in (4, 5, 6, 7) for when in ("before", "after")),
    ],
)
async def test_killed_around_it(configured, mastodon, point):
    """Whatever the moment the rule is there in the end, was asked for once, and the audit log has one incident, with an outcome, or that nobody knew it, for each intent."""
    config = configured("silence")
    async with contextlib.aclosing(AgentProcess(config, env={"DIE_AT": point})) as mortal:
        await mortal.start(ready=False)
        if not point.startswith("commit"):
            await mortal.wait_exit()
        else:
            # Of transactions there may be fewer before it is done; then it simply lives.
            with contextlib.suppress(TimeoutError):
                await mortal.wait_exit(20)
    async with contextlib.aclosing(AgentProcess(config)) as successor:
        await successor.start()
        await successor.audit_has(is_over)
        rows = await successor.audit(lambda row: row.get("rule") == "far")
        assert await successor.stop() == 0

    assert rules(mastodon) == [(HOST, "silence")]
    assert mastodon.calls.count(ASKED) == 1
    assert len({row["incident"] for row in rows if row["kind"] == "incident"}) == 1
    assert [row["outcome"] for row in rows if is_over(row)] == ["ended"]
    intents = [row for row in rows if row["kind"] == "intent"]
    assert 1 <= len(intents) <= 2
    told = [row for row in rows if row["kind"] == "outcome"]
    assert len(told) in (len(intents), len(intents) - 1), "the one that was found done needs no other"
    assert TOKEN not in json.dumps(rows) + "\n".join((*mortal.lines, *successor.lines))


async def test_to_suspend_takes_a_yes(configured, mastodon):
    """Although the rule is in act: a person is asked; nothing but looks before, and one rule after."""
    async with contextlib.aclosing(AgentProcess(configured("suspend"))) as agent:
        await agent.start()
        await agent.audit_has(
            lambda row: row.get("kind") == "decision" and row.get("decision") == "ASK" and row.get("guard") == "protected"
        )
        assert {call for call in mastodon.calls if call[1] == LOOKED[1]} == {LOOKED}
        assert rules(mastodon) == []

        await agent.status_has(lambda picture: bool(picture["approvals"]))
        _, said = await agent.ask("approve", "--list")
        (request,) = set(re.findall(r"sidekiq-watchdog approve ([a-z0-9]+)", said))
        status, said = await agent.ask("approve", request, "--reason", "it floods us")
        assert status == 0, said
        await agent.audit_has(is_over)
        assert rules(mastodon) == [(HOST, "suspend")]
        assert mastodon.calls.count(ASKED) == 1
        assert await agent.stop() == 0
