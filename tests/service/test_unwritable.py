"""Each way in which a real Redis answers and takes no writes is a common cause: nothing is done for a rule that rests on the host alone, either."""

import shutil
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis

from tests.bench.beats import SimulatedProcess
from tests.ports import free_port
from tests.service.armed import Armed
from tests.service.conftest import RedisServer
from watchdog.engine.why import why

pytestmark = pytest.mark.needs("redis-server")

RULE = "rules:\n  - {rule: here, each: process, when: process.alive, then: [{terminate_process: {process: process}}], guards: {deploy: 0s, keep: 0%, baseline: allow}}\n"


async def can_not_save(server: RedisServer) -> None:
    """MISCONF: the folder of its snapshots is gone."""
    client = server.client()
    folder = server.folder / "data"
    folder.mkdir()
    await client.config_set("dir", str(folder))
    await client.config_set("save", "3600 1")
    shutil.rmtree(folder)
    await client.execute_command("BGSAVE")


async def is_full(server: RedisServer) -> None:
    """OOM: it has less room than it uses, and may throw nothing away."""
    await server.client().config_set("maxmemory", "1000")


async def is_a_replica(server: RedisServer) -> None:
    """READONLY: of a master that nobody has."""
    await server.client().execute_command("REPLICAOF", "127.0.0.1", str(free_port()))


@pytest.mark.parametrize(
    ("harm", "error", "reason"),
    [
        (can_not_save, "MISCONF", "Redis refuses every write because it could not save its data to disk"),
        (is_full, "command not allowed", "Redis has reached its memory limit and refuses writes"),
        (is_a_replica, "read only", "Redis is a replica and refuses writes"),
    ],
    ids=["MISCONF", "OOM", "READONLY"],
)
async def test_a_redis_that_refuses_writes(redis_server, harm: Callable[[RedisServer], Awaitable[None]], error: str, reason: str):
    """It is seen within seconds, and the guard says it in words; Redis does refuse to write then."""
    client = redis_server.client()
    process = SimulatedProcess()
    await process.beat(client)

    def guard(armed: Armed) -> dict[str, Any]:
        told = why(armed._rules, armed.state, "here", process.identity, armed.state.ledger.at)
        return next((one for one in told["guards"] if one["guard"] == "common_cause"), {})

    armed = Armed(url=redis_server.url, text=RULE)
    try:
        await armed.until(lambda: guard(armed).get("answer") == "PASS", what="a picture with nothing wrong in it")
        await harm(redis_server)
        await armed.until(lambda: guard(armed).get("answer") == "DENY", what=reason)
        assert guard(armed)["reason"].startswith(reason)
        with pytest.raises(redis.RedisError, match=error):
            await client.set("x", "y")
    finally:
        await armed.close()
