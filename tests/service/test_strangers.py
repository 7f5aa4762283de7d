"""Processes that only look like the one that was meant: none of them ever gets a signal."""

import contextlib
import json
import socket
import time

import pytest

from tests.service.agent import AgentProcess, write_config

pytestmark = pytest.mark.needs("redis-server", "sidekiq")


async def claim(client, identity: str, *, started_at: float, tag: str) -> None:
    """Writes into Redis what a Sidekiq 6.4.1 with that identity would have written, with a job that has run for an hour."""
    now = time.time()
    host, pid, _ = identity.rsplit(":", 2)
    info = {
        "hostname": host,
        "started_at": started_at,
        "pid": int(pid),
        "tag": tag,
        "concurrency": 5,
        "queues": ["push"],
        "labels": [],
        "identity": identity,
    }
    payload = {"retry": True, "queue": "push", "class": "SleepForever", "args": [], "jid": "b" * 24, "created_at": now, "enqueued_at": now}
    work = {"queue": "push", "payload": json.dumps(payload), "run_at": int(now) - 3600}
    async with client.pipeline(transaction=True) as pipeline:
        pipeline.sadd("queues", "push")
        pipeline.hset(f"{identity}:workers", mapping={"tid1": json.dumps(work)})
        pipeline.expire(f"{identity}:workers", 60)
        pipeline.sadd("processes", identity)
        pipeline.hset(identity, mapping={"info": json.dumps(info), "busy": 1, "beat": now, "quiet": "false", "rss": 1000, "rtt_us": 100})
        pipeline.expire(identity, 60)
        await pipeline.execute()


async def denial(agent: AgentProcess) -> dict:
    """The first decision."""
    await agent.wait_for("decision: .*guard='last_look'")
    rows = await agent.audit(lambda row: row["kind"] == "decision")
    assert all(row["decision"] == "DENY" for row in rows)
    return rows[0]


async def assert_untouched(agent: AgentProcess, sidekiq) -> None:
    """No intent was ever written, and Sidekiq neither heard nor felt anything."""
    assert await agent.audit(lambda row: row["kind"] in ("intent", "incident")) == []
    assert sidekiq.alive
    assert "Shutting down" not in sidekiq.log.read_text()


async def test_a_pid_that_now_belongs_to_another_sidekiq(redis_server, sidekiq, tmp_path):
    """The identity of an earlier process with the same host, pid and tag is not taken for the one that has the pid now."""
    stranger = await sidekiq.start(("push",), tag="app")
    earlier = f"{socket.gethostname()}:{stranger.pid}:{'d' * 12}"
    await claim(redis_server.client(), earlier, started_at=time.time() - 7200, tag="app")
    async with contextlib.aclosing(AgentProcess(write_config(tmp_path, url=redis_server.url, elapsed="2s"))) as agent:
        await agent.start()
        row = await denial(agent)
        await assert_untouched(agent, stranger)

    assert "start" in row["reason"]


async def test_a_process_of_another_host(redis_server, sidekiq, tmp_path):
    """An identity of another host is never acted upon here, even where the pid, start and title would fit."""
    stranger = await sidekiq.start(("push",), tag="app")
    elsewhere = f"elsewhere.example:{stranger.pid}:{'e' * 12}"
    await claim(redis_server.client(), elsewhere, started_at=time.time(), tag="app")
    async with contextlib.aclosing(AgentProcess(write_config(tmp_path, url=redis_server.url, elapsed="2s"))) as agent:
        await agent.start()
        row = await denial(agent)
        await assert_untouched(agent, stranger)

    assert "elsewhere.example" in row["reason"]


async def test_a_sidekiq_that_is_still_booting(redis_server, sidekiq, tmp_path):
    """While its application loads it handles no signal yet, and is left alone; nothing of it ends."""
    booting = await sidekiq.launch(("push",), env={"BOOT_SECONDS": "60"})
    identity = f"{socket.gethostname()}:{booting.pid}:{'f' * 12}"
    await claim(redis_server.client(), identity, started_at=time.time(), tag="app")
    async with contextlib.aclosing(AgentProcess(write_config(tmp_path, url=redis_server.url, elapsed="2s"))) as agent:
        await agent.start()
        await denial(agent)
        await assert_untouched(agent, booting)
