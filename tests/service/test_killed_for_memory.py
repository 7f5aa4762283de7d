"""A real Sidekiq that the kernel kills for want of memory, as the real agent tells it."""

import re
import time

import pytest

from tests.host.limits import limited
from tests.patience import PATIENCE
from tests.service.agent import AgentProcess, write_config
from tests.service.conftest import _eventually
from tests.service.whereabouts import runs, stored

pytestmark = [pytest.mark.needs("redis-server", "sidekiq", "root"), pytest.mark.timeout(180)]
RULES = """\
rules:
  - {rule: crashed, each: process, on: ProcessCrashed, keep_firing_for: 10m}
  - {rule: vanished, each: process, on: ProcessVanished, keep_firing_for: 10m}
"""


PUT_BACK = """\
rules:
  - {rule: sleeps, each: job, when: job.class == "Sleep", severity: info}
  - {rule: crashed, each: process, on: ProcessCrashed, where: process.out_of_memory, then: [{put_back_jobs: {process: process}}]}
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
        await agent.wait_for(f"{re.escape(greedy.identity)} ended without a clean stop")
    other.signal(15)
    await agent.wait_for(f"{re.escape(other.identity)} stopped cleanly")
    await agent.wait_for(f"rule='vanished' entity='{re.escape(other.identity)}'")

    fired = {(row["rule"], row["entity"]) for row in await agent.audit(lambda row: row["kind"] == "alert" and row["outcome"] == "firing")}
    assert fired == {("crashed", greedy.identity), ("vanished", greedy.identity), ("vanished", other.identity)}


async def test_its_jobs_are_suspects(redis_server, sidekiq, push, tmp_path):
    """The kernel kills it for the memory of one job: another comes back through the retries, not at once; the one that had just begun is named, if not more is known of it."""
    client = redis_server.client()
    greedy = await sidekiq.start(queues=("push",))
    config = write_config(tmp_path, url=redis_server.url)
    (tmp_path / "rules.yml").write_text(PUT_BACK)
    with config.open("a") as text:
        text.write(f"log: {{journal: false, files: {{any: {greedy.log}}}}}\n")
    agent = AgentProcess(config)
    try:
        await agent.start()
        await agent.wait_for(f"{re.escape(greedy.identity)} is process {greedy.pid} of this host")
        with limited(greedy.pid, 2**27):
            quick, sleeping = await push(client, "Quick"), await push(client, "Sleep", [600])

            async def has_ended() -> bool:
                return quick in runs([greedy.log], "done")

            await _eventually(has_ended, within=PATIENCE, what=greedy.log.read_text)
            # Told by a beat from within the group: what that counts is known from now on.
            await agent.wait_for("alert: rule='sleeps'.*firing")
            hoard = await push(client, "Hoard", [600])
            await agent.wait_for("incident: rule='crashed'.*outcome='ended'")
        places = await stored(client)
        due = (await client.zrange("retry", 0, -1, withscores=True))[0][1]
        rows = await agent.audit(lambda row: row["rule"] == "crashed" and row["kind"] in ("intent", "incident"))
    finally:
        await agent.aclose()

    assert places == {sleeping: ["retry"]}
    assert 60 < due - time.time() <= 120
    assert next(row["reason"] for row in rows if row["kind"] == "intent") == "one of those that may have used up its memory"
    assert f"Hoard {hoard}" in rows[-1]["reason"]
