"""Hostile names out of a real Redis through a whole agent to whoever is told: what arrives is text, and nothing that a reader's program or terminal obeys."""

import contextlib
import json

import pytest

from tests.patience import PATIENCE
from tests.service.agent import AgentProcess
from tests.service.faults.hostile import CANARY, HOSTILE, MARK, NO_HOST, fill, named, refused
from tests.service.faults.sides import NEEDS, SIDES
from watchdog.clock import Clock

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(300)]
RULES = """
rules:
  - rule: stuck
    each: job
    when: job.elapsed > 1s
    then:
      - terminate_process: {{process: job.process, grace: 30s}}
    guards: {{deploy: 0s, settle: 0, cooldown: 15m}}
    notify: [{told}]
  - rule: failing
    each: retry_group
    when: retry_group.size > 0
    notify: [{told}]
"""
SHOWN = ("html", "slack", "matrix", "markdown", "marks", "quotes")
"""Kinds that are names, be it odd ones; what has characters in it that a terminal obeys, or is longer than any name, is not believed to be one."""
LINE = 4_000
"""No line of the log or of `status` is longer."""


@pytest.mark.parametrize(
    "names",
    [pytest.param([name], id=name, marks=pytest.mark.needs(*NEEDS[name])) for name in NEEDS]
    + [pytest.param([name for name in SIDES if name not in NEEDS], id="all others")],
)
async def test_what_a_stranger_wrote_is_harmless(names, redis_server, tmp_path, until):
    """Markup, mentions, headers, escape sequences, right-to-left marks and a megabyte, as names of jobs, hosts and errors: every receiver, `status`, the audit log and the log show text."""
    await fill(redis_server.client())
    async with contextlib.AsyncExitStack() as stack:
        sides = {name: await stack.enter_async_context(make(Clock().wall)) for name, make in SIDES.items() if name in names}
        (tmp_path / "rules.yml").write_text(RULES.format(told=", ".join(sides)))
        receivers = {name: {"type": side.name, **side.settings(side.port, tls=False, timeout="10s")} for name, side in sides.items()}
        config = tmp_path / "config.yml"
        config.write_text(
            json.dumps(
                {"mode": "dry-run", "redis": {"url": redis_server.url}, "rules": ["rules.yml"], "state": "state", "receivers": receivers}
            )
        )
        agent = await stack.enter_async_context(contextlib.aclosing(AgentProcess(config)))
        await agent.start()

        async def told(side):
            shown = "\n".join(one.text for one in await side.seen())
            return all(f"{MARK}-{kind}" in shown for kind in SHOWN)

        for side in sides.values():
            await until(lambda side=side: told(side), within=2 * PATIENCE, what=f"the {side.name} to be told of all of them")
        printed = {command: (await agent.ask(*command.split()))[1] for command in ("status", "status --json", "audit", "audit --json")}
        await agent.stop()
        for side in sides.values():
            assert await side.harmful() == [], side.name
    printed["log"] = "\n".join(agent.lines)
    for name, text in printed.items():
        assert refused(text) == [], name
        assert "Traceback" not in text, name
        assert name.endswith("json") or max(map(len, text.splitlines())) < LINE, name
    assert "is not text" in printed["log"], "the host that is none is named as broken data"


def test_what_is_hostile_is_seen_to_be():
    """The measure itself: what is written here is refused wherever it has not been made harmless."""
    assert refused(named("quotes")) == []
    for text in (named("terminal"), named("lines"), named("bidi"), NO_HOST, CANARY):
        assert refused(text), text
    assert len(HOSTILE["megabyte"]) == 1_000_000
