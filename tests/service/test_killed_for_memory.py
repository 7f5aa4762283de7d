"""A real Sidekiq that the kernel kills for want of memory, as the real agent tells it."""

import re

import pytest

from tests.host.limits import limited
from tests.service.agent import AgentProcess, write_config

pytestmark = [pytest.mark.needs("redis-server", "sidekiq", "root"), pytest.mark.timeout(90)]
RULES = """\
rules:
  - {rule: crashed, each: process, on: ProcessCrashed, keep_firing_for: 10m}
  - {rule: vanished, each: process, on: ProcessVanished, keep_firing_for: 10m}
"""


@pytest.fixture
async def agent(redis_server, tmp_path):
    """Watches, and does nothing."""
    config = write_config(tmp_path, url=redis_server.url, mode="observe")
    (tmp_path / "rules.yml").write_text(RULES)
    agent = AgentProcess(config)
    yield agent
    await agent.aclose()


async def test_a_process_that_the_kernel_kills_has_crashed(redis_server, sidekiq, agent, push):
    """Nobody sent it a signal and nothing stands in its log; that Redis lists it after its end says that it never said goodbye."""
    greedy, other = await sidekiq.start(queues=("push",)), await sidekiq.start(queues=("pull",))
    await agent.start()
    for one in (greedy, other):
        await agent.wait_for(f"{re.escape(one.identity)} is process {one.pid} of this host")
    with limited(greedy.pid, 2**27):
        await push(redis_server.client(), "Hoard", [600])
        await agent.wait_for(f"{re.escape(greedy.identity)} ended without a clean stop", within=30)
    other.signal(15)
    await agent.wait_for(f"{re.escape(other.identity)} stopped cleanly", within=30)
    await agent.wait_for(f"rule='vanished' entity='{re.escape(other.identity)}'")

    fired = {(row["rule"], row["entity"]) for row in await agent.audit(lambda row: row["kind"] == "alert" and row["outcome"] == "firing")}
    assert fired == {("crashed", greedy.identity), ("vanished", greedy.identity), ("vanished", other.identity)}
