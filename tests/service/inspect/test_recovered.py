"""A frozen Sidekiq ended by the agent: whatever it held, in its threads, its memory or its sockets, is in one known place afterwards."""

import contextlib
import signal
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.service.agent import AgentProcess, write_config, write_recovery
from tests.service.conftest import _eventually
from tests.service.inspect.test_frozen_sidekiq import settings
from tests.service.whereabouts import running, runs, stored

pytestmark = [pytest.mark.needs("redis-server", "sidekiq", "ptrace"), pytest.mark.timeout(240)]


async def test_nothing_is_lost_of_a_frozen_process(redis_server, sidekiq, push, tmp_path, unit, program):
    """Two jobs that its last beat showed, the one that froze it right after its start, and those that its idle threads were given and never read."""
    client = redis_server.client()
    victim = await sidekiq.start(("push",), concurrency=6)
    program.start(settings(unit(victim.pid)), "--idle", "300")
    config = write_recovery(write_config(tmp_path, url=redis_server.url), where='job.class == "Nobody"')
    with config.open("a") as text:
        text.write(f"log: {{journal: false, files: {{any: {victim.log}}}}}\n")
    quick = [await push(client, "Quick") for _ in range(4)]
    seen = [await push(client, "Sleep", [300 + number]) for number in range(2)]

    async def both() -> bool:
        return await running(client, [victim.identity]) == set(seen)

    async def has_lock() -> bool:
        return (tmp_path / "frozen").exists()

    await _eventually(both, within=PATIENCE, what=lambda: "both in one beat")
    culprit = await push(client, "Freeze", [600, str(tmp_path / "frozen")])
    await _eventually(has_lock, within=PATIENCE, what=lambda: "the culprit to hold the interpreter lock")
    swallowed: list[Any] = [await push(client, "Quick", [number]) for number in range(5)]
    agent = AgentProcess(config, env={"INSPECT": str(program.path)})
    async with contextlib.aclosing(agent):
        await agent.start()
        assert await agent.sees_off(victim, 170) == -signal.SIGKILL
        await agent.wait_for("outcome: .*stage='put_back'")
        places = await stored(client, tmp_path / "state")
        print(program.log.read_text())
        print("\n".join(line for line in agent.lines if "outcome: " in line or "WARNING" in line))

    assert set(quick) <= set(runs([victim.log], "done"))
    assert {jid: places.get(jid) for jid in (*seen, culprit)} == {jid: ["retry"] for jid in (*seen, culprit)}
    assert {jid: places.get(jid) for jid in swallowed} == {jid: ["queue"] for jid in swallowed}
