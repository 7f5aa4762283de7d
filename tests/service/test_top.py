"""`top` and `why` on a real terminal, over a real agent on a real Redis: what changes is seen, what is said is done, and what is gone is waited for."""

import json
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.service.agent import AgentProcess
from tests.service.conftest import push_job
from tests.service.tmux import tmux
from watchdog.store.moments import rfc3339

pytestmark = [pytest.mark.needs("redis-server", "textual", "tmux"), pytest.mark.timeout(180)]
COMMAND = str(Path(sys.executable).with_name("sidekiq-watchdog"))
CONFIG = """\
mode: act
redis: {{url: "{url}", namespace: ""}}
rules: [rules.yml]
state: state
"""
RULES = """\
rules:
  - {rule: long-queue, each: queue, when: queue.size > 2}
"""


async def test_top(tmp_path, redis_server):
    """
    A queue grows, and its alert is seen without a key; `w` says why; `P` pauses, and the audit log says who did and why. With --readonly nothing is said. An agent that is killed is waited for, and
    what was seen last stays until there is one again.
    """
    config = tmp_path / "config.yml"
    config.write_text(CONFIG.format(url=redis_server.url))
    (tmp_path / "rules.yml").write_text(RULES)
    client = redis_server.client()
    await push_job(client, "DeliveryWorker", ["private"], queue="push")
    agent = await AgentProcess(config).start()
    async with tmux(tmp_path) as terminals:
        try:
            fired = await _seen_and_said(agent, terminals, client, config)
            await _only_looked_at(agent, terminals, config, fired)
        finally:
            await agent.aclose()


async def _seen_and_said(agent, terminals, client, config) -> str:
    window = await terminals.open(COMMAND, "top", "--config", str(config))
    await window.sees("mode act | 0 firing", "processes: 0")
    await window.press("3")
    await window.sees("push", "queues: 1, by name")
    for _ in range(3):
        await push_job(client, "DeliveryWorker", ["private"], queue="push")
    await window.sees("1 firing", "nobody fetches from it")
    fired = rfc3339(time.time_ns() // 1_000_000)
    await window.press("4")
    await window.sees("long-queue", "firing")
    await window.press("w")
    await window.sees("It holds: queue.size > 2 is true by 2; queue.size is 4", "Condition")
    await window.press("Escape")
    await window.sees("alerts: 1", without=("Condition",))

    await window.press("P")
    await window.sees("Pauses this agent: it does nothing to anything")
    await window.press("Enter")
    await window.sees("say in a few words why")
    await window.type("new disks")
    await window.press("Enter")
    await agent.wait_for("operator: .*outcome='paused'")
    said = await agent.audit(lambda row: row["kind"] == "operator")
    assert [(row["outcome"], "new disks" in json.dumps(row)) for row in said] == [("paused", True)]
    seen = await window.sees("PAUSED by", "new disks", "pause: paused")
    assert "private" not in seen
    code, told = await agent.ask("why", "long-queue", "push")
    assert (code, told.splitlines()[1]) == (0, "It holds: queue.size > 2 is true by 2; queue.size is 4")
    await window.press("q")
    await window.sees("ended with 0")
    return fired


async def _only_looked_at(agent, terminals, config, fired) -> None:
    window = await terminals.open(COMMAND, "top", "--readonly", "--config", str(config), columns=80, lines=24, env={"NO_COLOR": "1"})
    await window.sees("PAUSED by", "readonly", without=("P pause",))
    await window.press("R")
    await window.sees("resume is refused: top was")
    assert len(await agent.audit(lambda row: row["kind"] == "operator")) == 1

    await window.press("3")
    await window.sees("queues: 1")
    agent.signal(signal.SIGKILL)
    await agent.wait_exit()
    await window.sees("NOT CONNECTED; what follows is of", "push")
    again = await AgentProcess(config).start()
    try:
        await window.sees("queues: 1", "PAUSED by", without=("NOT CONNECTED",))
        code, told = await again.ask("why", "long-queue", "push", "--at", fired)
        assert (code, told.splitlines()[2]) == (0, "It holds: queue.size > 2 is true by 2; queue.size is 4")
        assert "not the rules that decided" not in told
    finally:
        await again.aclose()
    dumb = await terminals.open("env", "TERM=dumb", COMMAND, "top", "--config", str(config), columns=160)
    await dumb.sees("this is none that it can draw on", "ended with 2")
