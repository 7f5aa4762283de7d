"""Broken data in Redis: every turn goes on, the real stuck job is still dealt with, and `status` counts and names what is broken."""

import contextlib
import json
import time
from typing import Any

import pytest

from tests.service.agent import AgentProcess, write_config

pytestmark = pytest.mark.needs("redis-server", "sidekiq")

BROKEN = ("broken:2", "broken:3", "broken:4", "ghost:1", "list:1", "nonsense:9", "wrong", "odd", "retry")
"""What must be named."""


def _named(picture: dict[str, Any]) -> str:
    return " ".join(datum["key"] for datum in picture["broken"])


async def test_everything_broken_at_once(redis_server, sidekiq, push, tmp_path):
    """Invalid JSON, wrong types, 10 MB, bytes that are no text, an identity without a hash: the recovery beside them is as good as ever."""
    victim = await sidekiq.start(("push",), timeout=3)
    client = redis_server.client()
    now = time.time()
    for number, value in enumerate(
        [b"{not json", b'{"queue": 7, "payload": [], "run_at": "soon"}', b"\xff\xfe\x00", b"[]", b"null", b'{"queue":"push"}']
    ):
        identity = f"broken:{number + 2}:{'0' * 12}"
        info = {
            "hostname": "broken",
            "started_at": now,
            "pid": number + 2,
            "tag": "",
            "concurrency": 5,
            "queues": ["push"],
            "identity": identity,
        }
        await client.sadd("processes", identity)
        await client.hset(f"{identity}:workers", mapping={b"tid": value, b"\xff": b"{}"})
        await client.hset(identity, mapping={"info": json.dumps(info), "busy": 2, "beat": now, "quiet": "false"})
        await client.expire(identity, 60)
    big = json.dumps(
        {
            "queue": "push",
            "run_at": int(now),
            "payload": json.dumps({"class": "Big", "jid": "c" * 24, "queue": "push", "args": ["x" * 10_000_000]}),
        }
    )
    await client.hset("broken:2:000000000000:workers", mapping={"big": big})
    await client.sadd("processes", b"\xff\xfe", "not-an-identity", "ghost:1:aaaaaaaaaaaa", "list:1:bbbbbbbbbbbb")
    await client.rpush("list:1:bbbbbbbbbbbb", "x")
    await client.hset("nonsense:9:cccccccccccc", mapping={"info": b"\xff{", "busy": "many", "beat": "NaN"})
    await client.sadd("processes", "nonsense:9:cccccccccccc")
    await client.sadd("queues", b"\xff", "wrong", "odd")
    await client.set("queue:wrong", "a string")
    await client.lpush("queue:odd", b"\xff\xfe{")
    await client.set("retry", "a string")

    async with contextlib.aclosing(AgentProcess(write_config(tmp_path, url=redis_server.url, elapsed="2s"))) as agent:
        await agent.start()
        await push(redis_server.client(), "SleepForever")
        # The list under an identity is too much for the scheduler thread of Sidekiq 7.3, which then ends with 1 (scheduled.rb).
        assert await victim.wait_exit() in {0, 1}
        await agent.wait_for("incident: .*outcome='ended'")
        picture = await agent.status_has(lambda picture: all(key in _named(picture) for key in BROKEN))
        _, text = await agent.ask("status")
        log = "\n".join(agent.lines)

    assert picture["sources"]["redis"]["ok"]
    assert all(datum["count"] >= 1 and datum["reason"] for datum in picture["broken"])
    assert "ghost:1" in text
    assert "xxxxxxxx" not in log + json.dumps(picture) + text, "arguments must not be shown"
    assert "Traceback" not in log
