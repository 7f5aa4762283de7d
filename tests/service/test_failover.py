"""
Redis itself changes, is emptied, or throws the agent out: the picture is the truth again soon, and no false decision came of it.

Rules that would act on every absence are armed in `act` meanwhile.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.service.armed import RULES, Armed, Fleet
from tests.service.conftest import RedisServer
from tests.service.proxy import Proxy
from tests.service.sentinels import NAME, Quorum
from watchdog.model.kinds import Kind
from watchdog.model.verdicts import Decision
from watchdog.sidekiq.address import sentinels

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
WITHIN = 45.0
"""Seconds; fifteen where nothing else runs."""


class Stage:
    """A fleet on a Redis, and an armed agent before which it has stood still for as long as it takes to trust it."""

    def __init__(self, fleet: Fleet, agent: Armed) -> None:
        self.fleet = fleet
        self.agent = agent

    async def ready(self) -> "Stage":
        """Everything has been seen, and the picture has settled."""
        await self.agent.until(lambda: self.agent.shows(self.fleet), what="a true picture to begin with")
        settling = self.agent.state.world.settling
        await self.agent.until(lambda: all(settling.beats(process.identity) >= 3 for process in self.fleet.processes), what="three beats")
        return self

    async def resynchronised(self) -> None:
        """The picture is the truth again in time, and nothing was done, decided or told about anybody meanwhile."""
        await self.agent.until(lambda: self.agent.shows(self.fleet), within=WITHIN, what="a true picture")
        assert self.agent.alerts == []
        assert self.agent.decisions <= {Decision.DENY}
        assert self.agent.asked == []


@pytest.fixture
async def stages() -> AsyncIterator[Callable[..., Any]]:
    """What makes stages, on a Redis of which `master` gives a client."""
    async with contextlib.AsyncExitStack() as stack:

        async def stage(url: Any, master: Callable[[], Any], *, size: int = 3, text: str = RULES) -> Stage:
            fleet = await Fleet(master, size=size).start()
            stack.push_async_callback(fleet.close)
            agent = Armed(url=url, text=text)
            stack.push_async_callback(agent.close)
            return await Stage(fleet, agent).ready()

        yield stage


@pytest.fixture
async def quorum(tmp_path: Path, until: Callable[..., Any]) -> AsyncIterator[Quorum]:
    """A master, its replica, and three Sentinels that are ready for a failover."""
    one = Quorum(tmp_path)
    try:
        await one.start()
        await one.known(until)
        yield one
    finally:
        await one.close()


async def test_a_process_that_is_really_gone(redis_server, stages):
    """The counter-proof: one that beats no more is told, and would be ended."""
    client = redis_server.client()
    stage = await stages(redis_server.url, lambda: client, size=4, text=RULES.replace("15s", "6s"))
    silent = stage.fleet.processes.pop()
    await stage.agent.until(lambda: stage.agent.asked, what="a decision")
    assert stage.agent.asked[0].target.identity == silent.identity


async def test_the_master_dies_and_sentinel_names_another(quorum, stages):
    """SIGKILL in the middle of everything: the replica is promoted, found, and read in full."""
    old, new = quorum.servers
    clients = [old.client(), new.client()]
    current = [clients[0]]
    stage = await stages(sentinels(quorum.at, master=NAME), lambda: current[0])
    await old.stop()
    await stage.agent.until(lambda: stage.agent.losses, what="the loss of the master")
    current[0] = clients[1]
    await stage.resynchronised()

    row: Any = stage.agent.state.world.find(Kind.REDIS, "redis")
    assert row.role == "master"
    assert set(stage.agent.losses) <= {"reset", "refused", "demoted"}


async def test_a_failover_that_somebody_asked_for(quorum, stages):
    """The old master lives on as a replica; the agent leaves it for the new one."""
    old, new = quorum.servers
    clients = [old.client(), new.client()]
    current = [clients[0]]
    stage = await stages(sentinels(quorum.at, master=NAME), lambda: current[0])
    await quorum.sentinels[0].client().execute_command("SENTINEL", "FAILOVER", NAME)
    await stage.agent.until(lambda: stage.agent.losses, what="a word of the change")
    current[0] = clients[1]
    await stage.resynchronised()


async def test_an_old_master_that_knows_nothing_is_left(quorum, stages):
    """A master that the others can't see any more goes on answering; Sentinel's word counts, within 5 s and a moment."""
    old, new = quorum.servers
    clients = [old.client(), new.client()]
    current = [clients[0]]
    stage = await stages(sentinels(quorum.at, master=NAME), lambda: current[0])
    for sentinel in quorum.sentinels:
        # As if there had been a failover that the old master has not heard of.
        client = sentinel.client()
        await client.execute_command("SENTINEL", "REMOVE", NAME)
        await client.execute_command("SENTINEL", "MONITOR", NAME, "127.0.0.1", new.port, 2)
    await clients[1].execute_command("REPLICAOF", "NO", "ONE")
    current[0] = clients[1]
    await stage.agent.until(lambda: "moved" in stage.agent.losses, what="Sentinel's word")
    await stage.resynchronised()


async def test_a_replica_that_is_promoted_by_hand(redis_server, stages, tmp_path):
    """Another server takes over the address of the old one, with the data that had been copied."""
    folder = tmp_path / "replica"
    folder.mkdir()
    replica = RedisServer(folder, "--replicaof", f"127.0.0.1 {redis_server.port}", "--repl-diskless-sync-delay", "0")
    await replica.start()
    current = [redis_server.client()]
    try:
        async with Proxy(redis_server.port) as address:
            stage = await stages(address.url, lambda: current[0])
            await redis_server.stop()
            await replica.client().execute_command("REPLICAOF", "NO", "ONE")
            current[0] = replica.client()
            address.move(replica.port)
            await stage.agent.until(lambda: stage.agent.losses, what="the loss of the old one")
            await stage.resynchronised()
            await stage.fleet.close()
    finally:
        await replica.close()


async def test_a_redis_that_starts_empty(redis_server, stages):
    """Everything is gone with the restart and comes back with the beats: nobody has vanished."""
    client = redis_server.client()
    stage = await stages(redis_server.url, lambda: client)
    await redis_server.stop()
    await stage.agent.until(lambda: stage.agent.losses, what="the loss of Redis")
    await redis_server.start()
    await stage.resynchronised()


@pytest.mark.parametrize("command", ["FLUSHALL", "FLUSHDB"])
async def test_a_redis_that_is_emptied(redis_server, stages, command):
    """The same without any connection being lost; the processes are believed until their beats come."""
    client = redis_server.client()
    await client.set("stat:processed", 50)
    stage = await stages(redis_server.url, lambda: client)
    await stage.fleet.close()
    await client.execute_command(command)
    # The agent looks before anybody has beaten again.
    await stage.agent.until(lambda: stage.agent.state.world.settling.why.startswith("Redis has lost data"), what="the loss to be seen")
    assert len(stage.agent.state.world.rows[Kind.PROCESS]) == 3
    await stage.fleet.start()
    await stage.resynchronised()


async def test_client_kill_again_and_again(redis_server, stages):
    """Thrown out five times in a row, the agent is back each time, and right after the last."""
    client = redis_server.client()
    stage = await stages(redis_server.url, lambda: client)
    for number in range(5):
        mine = [one["id"] for one in await client.client_list() if one["name"] == "sidekiq-watchdog"]
        for one in mine:
            with contextlib.suppress(Exception):
                await client.execute_command("CLIENT", "KILL", "ID", one)
        await stage.agent.until(
            lambda number=number: stage.agent.follower.cost()["connections"] > number + 1, within=WITHIN, what="another"
        )
    await stage.resynchronised()


async def test_a_burst_beyond_the_output_buffer_limit(redis_server, stages):
    """Three thousand keys change at once, Redis ends the connection that it can't tell fast enough, and the agent reads everything anew."""
    client = redis_server.client()
    stage = await stages(redis_server.url, lambda: client)
    crowd = [f"web2:{number}:cafe" for number in range(3000)]
    async with client.pipeline(transaction=True) as pipeline:
        pipeline.sadd("processes", *crowd)
        for one in crowd:
            pipeline.hset(one, mapping={"info": "{}", "beat": "1.0"})
            pipeline.expire(one, 60)
        await pipeline.execute()
    await stage.agent.until(lambda: len(stage.agent.state.world.rows[Kind.PROCESS]) > 2900, what="the crowd")
    before = stage.agent.follower.cost()["connections"]
    await client.config_set("client-output-buffer-limit", "normal 131072 131072 1")
    async with client.pipeline(transaction=True) as pipeline:
        for one in crowd:
            pipeline.hset(one, "beat", "2.0")
        await pipeline.execute()
    await stage.agent.until(lambda: stage.agent.follower.cost()["connections"] > before, within=WITHIN, what="another connection")
    await client.config_set("client-output-buffer-limit", "normal 0 0 0")
    await stage.agent.until(lambda: not stage.agent.state.ledger.lost, within=WITHIN, what="everything to be read anew")
    truth = {process.identity for process in stage.fleet.processes}.union(crowd)
    assert set(stage.agent.state.world.rows[Kind.PROCESS]) == truth
    assert stage.agent.alerts == []
    assert stage.agent.asked == []


async def test_a_tracking_table_that_overflows(redis_server, stages):
    """Redis forgets what it was to watch and says so: everything is still followed, and nobody reads in circles for it."""
    client = redis_server.client()
    stage = await stages(redis_server.url, lambda: client, size=20)
    await client.config_set("tracking-table-max-keys", 3)
    before = stage.agent.follower.cost()["commands"]
    await stage.agent.until(lambda: not stage.agent.follower.tracking, within=WITHIN, what="the end of vain telling")
    spent = stage.agent.follower.cost()["commands"] - before
    assert spent < 20 * (10 * 20 + 100)
    await stage.resynchronised()
