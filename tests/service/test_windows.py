"""Windows over a real Redis: they fill as time goes on, outlive a restart in order, and a crash leaves them unknown rather than wrong."""

import contextlib
import signal
import sqlite3

import pytest

from tests.service.agent import AgentProcess, write_config
from watchdog.store.opening import DATABASE

pytestmark = pytest.mark.needs("redis-server")

RULES = """\
rules:
  - {rule: full, each: queue, when: 'min(queue.size, 5s) >= 3', notify: [ops]}
  - {rule: grew, each: queue, on: QueueGrew, keep_firing_for: 1h}
"""


async def test_a_window_outlives_a_restart(redis_server, tmp_path):
    """What the queue was is known again after the restart: the alert goes on without being resolved, and histories lie in the state folder."""
    config = write_config(tmp_path, url=redis_server.url)
    (tmp_path / "rules.yml").write_text(RULES)
    client = redis_server.client()
    await client.sadd("queues", "push")
    await client.lpush("queue:push", *[b'{"enqueued_at":1790000000.0}'] * 3)
    async with contextlib.aclosing(AgentProcess(config)) as agent:
        await agent.start()
        await agent.wait_for("alert: rule='full' entity='push' outcome='firing'")
        await client.lpush("queue:push", b'{"enqueued_at":1790000000.0}')
        await agent.wait_for("alert: rule='grew' entity='push' outcome='firing'")
        assert await agent.stop() == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / DATABASE)) as database:
        assert len(database.execute("SELECT body FROM history").fetchone()[0]) > 50
    async with contextlib.aclosing(AgentProcess(config)) as agent:
        await agent.start()
        await client.ltrim("queue:push", 0, 0)
        await agent.wait_for("alert: rule='full' entity='push' outcome='resolved'")
        agent.signal(signal.SIGKILL)
        await agent.wait_exit()
        rows = await agent.audit(lambda row: row["kind"] == "alert")
    assert [(row["rule"], row["outcome"]) for row in rows] == [("full", "firing"), ("grew", "firing"), ("full", "resolved")]
    await client.aclose()
