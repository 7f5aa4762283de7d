"""Routes of a real agent: what is told at once, what waits for the end of quiet hours, and what a reload changes, through a real webhook."""

import contextlib
import signal
import time

import pytest
import redis.asyncio

from tests.service.agent import AgentProcess, write_config
from tests.service.hook import Hook

pytestmark = pytest.mark.needs("redis-server")

RULES = """
rules:
  - {rule: long-queue, each: queue, when: queue.size > 0, summary: "{{ queue.name }} is long"}
  - {rule: full-queue, each: queue, when: queue.size > 1, severity: critical, summary: "{{ queue.name }} is full"}
"""
HOUR = 3_600


def clock(seconds: float) -> str:
    """What clocks of UTC show then."""
    return time.strftime("%H:%M", time.gmtime(seconds))


async def test_quiet_hours_and_a_reload(redis_server, tmp_path):
    """Rules that name nobody are told by the route; in its quiet hours only what is critical; by another route, after a reload, all of it."""
    now = time.time()
    quiet = f"routes: [{{route: nights, notify: [ops], quiet_hours: {{from: '{clock(now - 2 * HOUR)}', to: '{clock(now + 2 * HOUR)}', zone: UTC}}}}]\n"
    async with Hook() as hook, redis.asyncio.from_url(redis_server.url) as client:
        config = write_config(tmp_path, url=redis_server.url, hook=hook.url)
        (tmp_path / "rules.yml").write_text(RULES)
        common = config.read_text()
        config.write_text(common + quiet)
        async with contextlib.aclosing(AgentProcess(config)) as agent:
            await agent.start()
            await client.sadd("queues", "push")
            await client.lpush("queue:push", "{}", "{}")
            assert (await hook.wait_for("alert.firing"))["data"]["title"] == "push is full"
            (waits,) = await agent.audit(lambda row: row["kind"] == "alert" and row["rule"] == "long-queue")
            assert waits["detail"]["told"] == "ops"
            assert waits["detail"]["route"] == "nights"
            assert waits["detail"]["quiet_until"].endswith(f"{clock(now + 2 * HOUR)} UTC")

            config.write_text(common + "routes: [{route: days, notify: [ops]}]\n")
            agent.signal(signal.SIGHUP)
            await agent.wait_for("reloaded: mode act, 2 rules")
            await client.sadd("queues", "pull")
            await client.lpush("queue:pull", "{}")
            await hook.wait_for("alert.firing", title="pull is long")
            rows = await agent.audit(lambda row: row["kind"] == "alert" and row["entity"] == "pull")
            assert [(row["detail"]["told"], row["detail"]["route"]) for row in rows] == [("ops", "days")]
            assert await agent.stop() == 0

    assert [body["data"]["title"] for body in hook.got if body["type"] == "alert.firing"] == ["push is full", "pull is long"]
