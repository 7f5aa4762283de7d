"""
Looking at processes and the host, in virtual time.

The kernel is made up, but for pidfds: so every process that is looked at is a real child that sleeps.
"""

import asyncio
import os
import shutil
import subprocess
from collections import Counter
from typing import Any

import pytest

from watchdog.clock import Clock
from watchdog.host.boot import since_boot
from watchdog.host.children import Child
from watchdog.host.group_memory import UNKNOWN
from watchdog.host.sampling import EVERY, MOST_CLOSER, Sampler
from watchdog.host.watch import LocalProcesses
from watchdog.model.events import Delta, Gone, Observed, SourceBack
from watchdog.model.kinds import Kind, Source

pytestmark = pytest.mark.looptime


class Scene:
    """A sampler of host web1 on a made-up kernel; each part of a look (the host, a process) costs `price` seconds of a core."""

    def __init__(self, tree: Any, folder: Any) -> None:
        self.tree = tree
        self.said: list[Any] = []
        self.clock = Clock()
        self.price = 0.0
        self.spent = 0.0
        self.start = since_boot() // 10 - 1000
        self.children: list[subprocess.Popen[bytes]] = []
        made_up = {"proc": tree.proc, "cgroups": tree.cgroups}
        self.processes = LocalProcesses(host="web1", clock=self.clock, emit=self.said.append, **made_up)
        self.sampler = Sampler(
            self.processes, host="web1", folder=folder, clock=self.clock, emit=self.said.append, spent=self._spent, **made_up
        )

    def _spent(self) -> float:
        self.spent += self.price
        return self.spent

    def sidekiq(self) -> tuple[str, int]:
        """A process that was found; its identity and pid."""
        child = subprocess.Popen(["sleep", "600"])
        self.children.append(child)
        self.write(child.pid)
        identity = f"web1:{child.pid}:abc"
        fields = {"host": "web1", "pid": child.pid, "tag": "app", "booted_at": self.clock.at(), "listed": True}
        self.processes.hear(Observed(Source.REDIS, (Delta(Kind.PROCESS, identity, fields),)))
        assert identity in self.processes.found
        return identity, child.pid

    def hear(self, identity: str, fields: dict[str, Any]) -> None:
        """Redis tells more of it."""
        self.processes.hear(Observed(Source.REDIS, (Delta(Kind.PROCESS, identity, fields),)))

    def write(self, pid: int, *, ticks: int = 0, switches: int = 1, **fields: Any) -> None:
        self.tree.write(pid, **{"start": self.start, "ticks": ticks, **fields})
        self.tree.thread(pid, pid, ticks=ticks)
        self.tree.thread(pid, pid + 1, comm=b"heartbeat", switches=switches)

    async def look(self) -> dict[str, dict[str, Any]]:
        """What a look five seconds later tells, by entity; but for moments, since the kernel's clock is not virtual."""
        await asyncio.sleep(EVERY / 1000)
        before = len(self.said)
        await self.sampler.look()
        observed = [body for body in self.said[before:] if isinstance(body, Observed)]
        told = {change.id: change.fields for one in observed for change in one.changes}
        moments = ("booted_at", "started_at")
        without = {entity: {slot: value for slot, value in fields.items() if slot not in moments} for entity, fields in told.items()}
        return {entity: fields for entity, fields in without.items() if fields}


@pytest.fixture
async def scene(tree, tmp_path):
    """Nobody is there yet."""
    scene = Scene(tree, tmp_path)
    yield scene
    scene.processes.close()
    for child in scene.children:
        child.kill()
        child.wait()


async def test_what_a_process_uses(scene):
    """The first look tells what it can, the second what takes two, and then only what has changed."""
    identity, pid = scene.sidekiq()
    first = (await scene.look())[identity]

    assert (first["memory"], first["heartbeat_still"], first["stopped"]) == (204_800 * 1024, 0, False)
    assert "cpu" not in first
    scene.write(pid, ticks=250, switches=4)
    assert (await scene.look())[identity] == {
        "cpu": 0.5, "hottest_cpu": 0.5, "hottest_thread": "ruby", "hottest_kind": "main", "heartbeat_switches": 4, "heartbeat_moved": 0,
    }  # fmt: skip
    scene.write(pid, ticks=500, switches=4)
    assert (await scene.look())[identity] == {"heartbeat_still": 5_000, "heartbeat_moved": 5_000}


async def test_a_child_up_to_this_moment(scene):
    """A child that was read just now is compared with the last look; of a process that nobody has looked at nothing is known."""
    identity, pid = scene.sidekiq()
    scene.tree.thread(pid, pid, children="90 ")
    scene.tree.write(90, comm=b"ffmpeg", parent=pid, start=6000)
    scene.tree.thread(90, 90, ran=5)
    child = Child(90, 6000, "ffmpeg", ((90, 5),))

    assert scene.sampler.stood(identity, child) is None
    await scene.look()
    await scene.look()
    await asyncio.sleep(2)
    assert scene.sampler.stood(identity, child) == 7_000
    assert scene.sampler.stood(identity, Child(90, 6000, "ffmpeg", ((90, 6),))) == 0
    shutil.rmtree(scene.tree.proc / str(pid))
    await scene.look()
    assert scene.sampler.stood(identity, child) is None


async def test_an_idle_host_is_silent(scene):
    """Where nothing moves nothing is told of a process but that its heart stands still, and nothing of the host."""
    identity, _ = scene.sidekiq()
    await scene.look()
    told = await scene.look()

    assert told == {identity: {"cpu": 0.0, "hottest_cpu": 0.0, "hottest_thread": "", "hottest_kind": "", "heartbeat_still": 5_000}}
    assert await scene.look() == {identity: {"heartbeat_still": 10_000}}


async def test_a_process_that_can_not_be_read(scene):
    """It is told to be missing, takes nothing from the others, and begins anew when it can be read again."""
    (one, pid), (other, _) = scene.sidekiq(), scene.sidekiq()
    await scene.look()
    shutil.rmtree(scene.tree.proc / str(pid))
    told = await scene.look()

    assert set(told[one].values()) == {None}
    assert {"memory", "state", "heartbeat_still"} <= set(told[one])
    assert told[other]["cpu"] == 0.0
    assert one not in await scene.look()
    scene.write(pid, ticks=9_000)
    again = (await scene.look())[one]
    assert (again["state"], again.get("cpu")) == ("S", None)


async def test_a_pid_that_was_given_away_between_two_looks(scene):
    """The process that now has the pid is not taken for the one that was found."""
    identity, pid = scene.sidekiq()
    await scene.look()
    scene.write(pid, start=scene.start + 1, ticks=5_000)

    assert set((await scene.look())[identity].values()) == {None}


async def test_a_process_that_ends(scene):
    """After its end nothing is told of it any more, also where it ends in the middle of a look."""
    identity, pid = scene.sidekiq()
    await scene.look()
    scene.write(pid, ticks=250)
    looking = asyncio.create_task(scene.sampler.look())
    await asyncio.sleep(0)
    scene.processes._ended(identity)
    await looking

    assert scene.said[-1].changes[-1] == Gone(Kind.PROCESS, identity, "exited")
    assert identity not in await scene.look()


async def test_what_its_group_counts_is_known_from_the_same_look(scene):
    """A process that has been moved, and is killed for want of memory before its next beat: that is told, since the look that saw its new group."""
    identity, pid = scene.sidekiq()
    counter = scene.tree.cgroups / "other" / "memory.events"
    counter.parent.mkdir()
    counter.write_text("oom_kill 1\n")
    (scene.tree.proc / str(pid) / "cgroup").write_text("0::/other\n")
    await scene.look()
    counter.write_text("oom_kill 2\n")
    scene.processes._ended(identity)

    (ended,) = (
        change for body in scene.said for change in body.changes if isinstance(change, Delta) and change.fields.get("alive") is False
    )
    assert ended.fields["out_of_memory"] is True


async def test_the_host(scene):
    """The host is an entity of its own, told by the same look."""
    (scene.tree.proc / "loadavg").write_text("3.5 2.0 1.0 1/2 3\n")
    told = (await scene.look())["web1"]

    assert (told["name"], told["load"], told["disk_free"] > 0) == ("web1", 3.5, True)
    (scene.tree.proc / "loadavg").write_text("3.55 2.0 1.0 1/2 3\n")
    assert "web1" not in await scene.look()
    (scene.tree.proc / "loadavg").write_text("9.0 2.0 1.0 1/2 3\n")
    assert (await scene.look())["web1"] == {"load": 9.0}


async def test_a_host_that_shows_nothing_of_what_lives(scene):
    """Once all that live are hidden the host is lost, said once; one of several that can't be read says nothing of the host."""
    (one, pid), (_, other) = scene.sidekiq(), scene.sidekiq()
    await scene.look()
    shutil.rmtree(scene.tree.proc / str(pid))
    await scene.look()
    assert all(isinstance(body, Observed) for body in scene.said)
    shutil.rmtree(scene.tree.proc / str(other))
    await scene.look()
    await scene.look()
    (lost,) = (body for body in scene.said if not isinstance(body, Observed))
    assert (lost.source, lost.code) == (Source.HOST, "unreadable")

    scene.write(pid)
    await scene.look()
    assert scene.said[-1] == SourceBack(Source.HOST)
    assert scene.said[-2].changes[-1].id == one


async def test_no_process_and_dead_ones_lose_no_host(scene):
    """Where nobody is found, or who was found is dead, there is nothing that could be hidden."""
    await scene.look()
    _, pid = scene.sidekiq()
    shutil.rmtree(scene.tree.proc / str(pid))
    scene.children[0].kill()
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    await scene.sampler.look()

    assert all(isinstance(body, Observed) for body in scene.said)


async def test_who_may_be_sick_is_looked_at_more_often(scene):
    """One that has missed two beats, or is stopped, is read each second; others each five."""
    (silent, one), (stopped, other), (well, third) = (scene.sidekiq() for _ in range(3))
    scene.hear(silent, {"confirmed_at": scene.clock.at() - 20_001, "beat_every": 10_000})
    scene.hear(well, {"confirmed_at": scene.clock.at() + 60_000, "beat_every": 10_000})
    scene.hear(stopped, {"confirmed_at": scene.clock.at() + 60_000, "beat_every": 10_000})
    scene.write(other, state=b"T")
    running = asyncio.create_task(scene.sampler.run())
    await asyncio.sleep(0.1)
    before = len(scene.said)
    for switches in range(2, 6):
        for pid in (one, other, third):
            scene.write(pid, switches=switches, state=b"T" if pid == other else b"S")
        await asyncio.sleep(1)
    running.cancel()

    moves = Counter(change.id for body in scene.said[before:] for change in body.changes if "heartbeat_switches" in change.fields)
    assert moves == {silent: 4, stopped: 4}


async def test_of_many_that_may_be_sick_each_has_its_turn(scene):
    """Where all are silent, since Redis is away for instance, eight are read in one go, in turn."""
    known = [scene.sidekiq()[0] for _ in range(MOST_CLOSER + 3)]
    for identity in known:
        scene.hear(identity, {"confirmed_at": scene.clock.at() - 30_000})
    await scene.sampler.look()
    at = scene.clock.at()
    await asyncio.sleep(1)
    await scene.sampler.look_closer()
    assert sum(one.at > at for one in scene.sampler._known.values()) == MOST_CLOSER
    await asyncio.sleep(1)
    await scene.sampler.look_closer()
    assert all(one.at > at for one in scene.sampler._known.values())


@pytest.mark.parametrize(("price", "looks"), [(0.0, 4), (0.001, 2)])
async def test_closer_looks_keep_a_budget_of_their_own(scene, monkeypatch, price, looks):
    """They come each second between two looks at all, and more seldom where they would take more than a thousandth of a core."""
    for _ in range(3):
        scene.hear(scene.sidekiq()[0], {"confirmed_at": scene.clock.at() - 30_000})
    closer = scene.sampler.look_closer
    spent = []

    async def counted():
        spent.append(await closer())
        return spent[-1]

    monkeypatch.setattr(scene.sampler, "look_closer", counted)
    scene.price = price
    running = asyncio.create_task(scene.sampler.run())
    await asyncio.sleep(EVERY / 1000 - 0.1)
    running.cancel()

    assert len(spent) == looks
    assert spent[0] == pytest.approx(3_000 * price)
    assert scene.sampler.cost.spent == pytest.approx(sum(spent) + scene.sampler.cost.last)


async def test_looks_are_all_of_the_host(scene):
    """Everything that is told is told by the source HOST, and never as complete: that would be said of what only Redis can tell."""
    scene.sidekiq()
    await scene.look()

    assert {(observed.source, observed.complete) for observed in scene.said} == {(Source.HOST, False)}


async def test_a_group_is_read_once(scene, monkeypatch):
    """Processes of one unit share the reading of its group."""
    asked = Counter[str]()

    def read_group(listing, _):
        asked[listing] += 1
        return UNKNOWN

    monkeypatch.setattr("watchdog.host.sampling.read_group", read_group)
    for _ in range(3):
        scene.sidekiq()
    await scene.look()

    assert list(asked.values()) == [1]


@pytest.mark.parametrize(("price", "every"), [(0.0, 5_000), (0.0001, 5_000), (0.1, 75_000)])
async def test_dear_looks_come_seldom(scene, price, every):
    """The pause between looks grows with what they cost, so that they take no more than 0.4 % of a core, and shrinks again."""
    scene.sidekiq()
    scene.sidekiq()
    scene.price = price
    await scene.look()
    cost = scene.sampler.cost

    assert (cost.every, cost.processes, cost.looks) == (every, 2, 1)
    assert cost.last <= cost.every * 0.004
    scene.price = 0.0
    await scene.look()
    await scene.look()
    assert scene.sampler.cost.every == EVERY


async def test_looks_for_ever(scene):
    """It looks every five seconds, and when looking is dear as seldom as it must."""
    running = asyncio.create_task(scene.sampler.run())
    await asyncio.sleep(60.1)

    assert scene.sampler.cost.looks == 13
    scene.price = 0.08
    await asyncio.sleep(100)
    assert scene.sampler.cost.looks == 18
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
