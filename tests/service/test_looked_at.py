"""Real Sidekiq processes that look alike in Redis or are not to be seen there, told apart by what the kernel says of them."""

import asyncio
import json
import signal
import socket
from typing import Any

import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.conftest import RedisServer, SidekiqFactory
from watchdog.clock import Clock
from watchdog.host.sampling import Sampler
from watchdog.host.watch import LocalProcesses
from watchdog.model.events import Body, Observed
from watchdog.model.kinds import Kind
from watchdog.sidekiq.follow import Follower

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(150)]

SURE = 20_000
"""Milliseconds after which a heart that stands still is frozen: four beats of Sidekiq 6, two of 7."""


class Watcher:
    """A sampler of this host, fed by followers; `read` is what it has told, by identity and slot."""

    def __init__(self, folder: Any) -> None:
        self.read: dict[str, dict[str, Any]] = {}
        self.stillest: dict[str, int] = {}
        self.tasks: list[asyncio.Task[None]] = []
        self.clock = Clock()
        self.processes = LocalProcesses(host=socket.gethostname(), clock=self.clock, emit=self._take)
        self.sampler = Sampler(self.processes, host=socket.gethostname(), folder=folder, clock=self.clock, emit=self._take)

    def follow(self, server: RedisServer) -> None:
        """Hear of the processes of one more Redis."""
        follower = Follower(url=server.url, clock=self.clock, emit=self._hear)
        self.tasks.append(asyncio.create_task(follower.run()))

    def _hear(self, body: Body) -> None:
        if isinstance(body, Observed):
            self.processes.hear(body)

    def _take(self, body: Body) -> None:
        for change in body.changes if isinstance(body, Observed) else ():
            fields = getattr(change, "fields", {})
            if change.kind is Kind.PROCESS:
                self.read.setdefault(change.id, {}).update(fields)
                still = fields.get("heartbeat_still") or 0
                self.stillest[change.id] = max(still, self.stillest.get(change.id, 0))

    async def close(self) -> None:
        self.processes.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.fixture
async def cut_off(tmp_path):
    """A second Redis, which can be paused, with Sidekiqs of its own."""
    folder = tmp_path / "other"
    folder.mkdir()
    server = RedisServer(folder)
    await server.start()
    factory = SidekiqFactory(server, folder)
    yield factory
    for one in factory.started:
        await one.kill()
    await server.close()


@pytest.fixture
async def agent(redis_server, tmp_path):
    """The real agent, which watches and does nothing."""
    agent = AgentProcess(write_config(tmp_path, url=redis_server.url, mode="observe"))
    yield agent
    await agent.aclose()


@pytest.fixture
async def watcher(tmp_path):
    """Nobody is followed yet."""
    watcher = Watcher(tmp_path)
    yield watcher
    await watcher.close()


async def test_told_apart(redis_server, sidekiq, cut_off, watcher, agent, push, until):
    """Frozen, stopped, cut off, swamped, a zombie, waiting for a child and well: each shows in a way of its own, within half a minute; in the status of the agent too."""
    names = ("well", "frozen", "stopped", "swamped", "waiting")
    launched = await asyncio.gather(
        *(sidekiq.start(queues=(name,), concurrency=2) for name in names),
        sidekiq.start(queues=("zombie",), concurrency=2, timeout=1),
        cut_off.start(concurrency=2),
    )
    one = dict(zip((*names, "zombie", "cut off"), launched, strict=True))
    watcher.follow(redis_server)
    watcher.follow(cut_off.server)
    await until(lambda: len(watcher.processes.found) == 7, what="all to be found")
    await agent.start()
    client = redis_server.client()
    await push(client, "Freeze", [600], "frozen")
    await push(client, "Spin", [], "swamped")
    await push(client, "WaitForChild", [600], "waiting")
    await push(client, "BlockNatively", [600], "zombie")

    async def taken() -> bool:
        return not await client.exists("queue:zombie", "queue:frozen", "queue:waiting", "queue:swamped")

    # Told to end now it gives its job a second, by which that is in native code.
    await until(taken, what="the jobs to begin")
    one["zombie"].signal(signal.SIGTERM)
    one["stopped"].signal(signal.SIGSTOP)
    cut_off.server.pause()
    await watcher.sampler.look()
    watcher.tasks.append(asyncio.create_task(watcher.sampler.run()))
    began = watcher.clock.at()

    def read(name: str) -> dict[str, Any]:
        return watcher.read[one[name].identity]

    await until(
        lambda: all((read(name)["heartbeat_still"] or 0) >= SURE for name in ("frozen", "stopped")),
        within=60,
        what="two hearts to stand still",
    )
    await until(lambda: read("waiting")["child_still"] >= SURE, within=10, what="a child to stand still")
    await until(lambda: read("zombie")["heartbeat_thread"] is False, within=10, what="a zombie")
    table = {name: {**read(name), "stillest": watcher.stillest[one[name].identity]} for name in one}
    print(f"\ntold apart after {(watcher.clock.at() - began) / 1000:.0f} s")
    for name, row in table.items():
        shown = (
            "state",
            "stopped",
            "cpu",
            "hottest_kind",
            "heartbeat_thread",
            "heartbeat_still",
            "stillest",
            "children",
            "child",
            "child_still",
        )
        print(f"{name:>10}", *(f"{slot}={row[slot]}" for slot in shown))

    assert {name for name, row in table.items() if row["stillest"] >= SURE} == {"frozen", "stopped"}
    assert {name for name, row in table.items() if row["stopped"]} == {"stopped"}
    assert {name for name, row in table.items() if row["child"] == "sleep"} == {"waiting"}
    assert (table["swamped"]["hottest_kind"], table["swamped"]["cpu"] > 0.1) == ("processor", True)
    assert {name for name, row in table.items() if not row["heartbeat_thread"]} == {"zombie"}
    assert all(row["memory"] > 2**20 for row in table.values())

    picture = json.loads((await agent.ask("status", "--json"))[1])
    host, cost = picture["hosts"][0], picture["looking"]
    told = {row["id"]: row for row in picture["processes"]}
    assert {name for name in one if told.get(one[name].identity, {}).get("stopped")} == {"stopped"}
    assert told[one["swamped"].identity]["cpu"] > 0.1
    assert 2**20 < told[one["well"].identity]["memory"] < host["memory"]
    assert (host["name"], host["memory"] > host["memory_available"] > 0, host["disk_free"] > 0) == (socket.gethostname(), True, True)
    assert (cost["processes"], cost["every"]) == (6, 5_000)
    assert 0 < cost["last"] < cost["spent"] < 1_000
