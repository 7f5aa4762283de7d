"""
Finding the processes of this host.

The kernel is made up, but for pidfds: so every process that is found here has the pid of the test itself.
"""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from watchdog.clock import Clock
from watchdog.host import watch
from watchdog.host.boot import since_boot
from watchdog.host.watch import LocalProcesses
from watchdog.model.events import Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source

PID = os.getpid()
ME = f"web1:{PID}:abc"


class Scene:
    """A `LocalProcesses` of host web1 on a made-up kernel, and what it said."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        self.said: list[Any] = []
        self.clock = Clock()
        self.processes = LocalProcesses(host="web1", clock=self.clock, emit=self.said.append, proc=tree.proc, cgroups=tree.cgroups)

    def sidekiq(self, **fields: Any) -> None:
        """A process with our pid, that started ten seconds ago."""
        self.tree.write(PID, start=since_boot() // 10 - 1000, **fields)

    def beat(self, identity: str = ME, **fields: Any) -> list[Any]:
        """The first beat of a process that booted just now; answers what was said to it."""
        whole = {"host": "web1", "pid": PID, "tag": "app", "booted_at": self.clock.at(), "listed": True, "queues": ["push"]}
        return self.hear(Delta(Kind.PROCESS, identity, {**whole, **fields}))

    def hear(self, *changes: Delta | Gone, source: Source = Source.REDIS) -> list[Any]:
        before = len(self.said)
        self.processes.hear(Observed(source, changes))
        return self.said[before:]


def _descriptors() -> int:
    """How many descriptors this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
async def scene(tree):
    """Nothing has been heard yet."""
    scene = Scene(tree)
    yield scene
    scene.processes.close()


def _stranger(reason: str, identity: str = ME) -> Observed:
    return Observed(Source.HOST, (Delta(Kind.PROCESS, identity, {"local": False, "mismatch": reason}),))


def _found(said: list[Any]) -> bool:
    match said:
        case [Observed(source=Source.HOST, changes=(Delta(kind=Kind.PROCESS, fields=fields),))]:
            return fields.get("local") is True
    return False


async def test_pids_that_are_claimed(scene):
    """Whoever says of itself in Redis that it runs here under that pid is known by it, whether it is found here or not."""
    scene.sidekiq()
    scene.beat()
    scene.beat("web1:4711:b", pid=4711)
    scene.beat("web2:4712:c", pid=4712, host="web2")

    assert scene.processes.claimed() == {PID, 4711}


async def test_found(scene):
    """A process of this host is told with all that it takes to signal it later."""
    scene.sidekiq()
    start = scene.beat()[0].changes[0].fields["start_ticks"]

    assert scene.said == [
        Observed(
            Source.HOST,
            (
                Delta(
                    Kind.PROCESS,
                    ME,
                    {
                        "local": True,
                        "alive": True,
                        "unit": "mastodon-sidekiq.service",
                        "start_ticks": start,
                        "boot_id": "b0075b07-0000-4000-8000-000000000001",
                    },
                ),
            ),
        )
    ]
    assert scene.processes.found == {ME: PID}


async def test_found_once(scene):
    """What has been found is not told again at its beats."""
    scene.sidekiq()
    scene.beat()

    assert scene.hear(Delta(Kind.PROCESS, ME, {"confirmed_at": 5, "busy": 3})) == []
    assert scene.beat() == []


@pytest.mark.parametrize(
    ("fields", "claim", "reason"),
    [
        ({}, {"tag": "blog"}, f"pid {PID} is another process: its title has another tag than 'blog'"),
        ({}, {"version": "7.0.2"}, f"pid {PID} is another process: its title says Sidekiq 6.4.1, Redis says 7.0.2"),
        ({"cmdline": b"pytest\0"}, {}, f"pid {PID} is another process: its command line is not the title of a Sidekiq process"),
        (
            {},
            {"booted_at": -(10**9)},
            f"pid {PID} is another process: it started after the first beat (or the clock of this host was set since)",
        ),
        ({}, {"pid": None}, "Redis does not tell its pid"),
        ({}, {"tag": None, "booted_at": None}, "Redis does not tell its tag, booted_at"),
        ({"tgid": 1}, {}, None),
    ],
    ids=["tag", "version", "title", "start", "no pid", "no tag", "thread"],
)
async def test_not_found(scene, fields, claim, reason):
    """A process that is not, or not quite, the one of the claim is told with the reason, once; nothing is held."""
    scene.sidekiq(**fields)
    reason = reason or f"process {PID} is not shown to us in {scene.tree.proc}"
    before = _descriptors()

    assert scene.beat(**claim) == [_stranger(reason)]
    assert scene.beat(**claim) == []
    assert scene.processes.found == {}
    assert _descriptors() == before


async def test_dead_already(scene):
    """An identity that a dead process left in Redis is not found, and not called dead: it may run in a container."""
    with subprocess.Popen(["/bin/true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        scene.tree.write(child.pid)

        assert scene.beat(pid=child.pid) == [_stranger(f"process {child.pid} has ended")]
    assert scene.beat(pid=child.pid) == [_stranger(f"there is no process {child.pid} on this host: it has ended, or runs in a container")]


@pytest.mark.parametrize("pid", [0, -5, 2**31, 2**63, 4_194_305])
async def test_impossible_pid(scene, pid):
    """A pid that no process can have is a process that is not there."""
    assert scene.beat(pid=pid) == [_stranger(f"there is no process {pid} on this host: it has ended, or runs in a container")]


async def test_tried_again_at_beats(scene):
    """A process that wore no title yet is found at a later beat, which says only what changed; the old reason is taken back."""
    scene.sidekiq(cmdline=b"ruby\0sidekiq\0")
    scene.beat()
    scene.sidekiq()
    said = scene.hear(Delta(Kind.PROCESS, ME, {"confirmed_at": 5}))

    assert _found(said)
    assert said[0].changes[0].fields["mismatch"] is None


async def test_reason_told_anew_when_it_changes(scene):
    """Each change of the reason is told."""
    scene.beat()
    scene.sidekiq(cmdline=b"ruby\0")

    assert len(scene.hear(Delta(Kind.PROCESS, ME, {"confirmed_at": 5}))) == 1
    assert scene.hear(Delta(Kind.PROCESS, ME, {"confirmed_at": 6})) == []


async def test_remote(scene):
    """A process of another host is told as such, once, even if a local one has its pid and title."""
    scene.sidekiq()

    assert scene.beat(host="web2") == [_stranger("it runs on host web2, not on web1")]
    assert scene.hear(Delta(Kind.PROCESS, ME, {"confirmed_at": 5})) == []
    assert scene.beat(host="web2") == []
    assert scene.processes.found == {}


async def test_only_processes_of_redis_are_heard(scene):
    """Jobs, and what was read from this host itself, are nothing to it."""
    scene.sidekiq()
    delta = Delta(Kind.PROCESS, ME, {"host": "web1", "pid": PID, "tag": "app", "booted_at": scene.clock.at()})

    assert scene.hear(delta, source=Source.HOST) == []
    assert scene.hear(Delta(Kind.JOB, "x", {"host": "web1", "process": ME}), Gone(Kind.JOB, "x", "finished")) == []


async def test_left_redis_but_lives(scene):
    """A process that left Redis stays known as long as it lives."""
    scene.sidekiq()
    scene.beat()

    assert scene.hear(Delta(Kind.PROCESS, ME, {"listed": False}), Gone(Kind.PROCESS, ME, "clean stop")) == []
    assert scene.processes.found == {ME: PID}


@pytest.mark.parametrize("parting", [Gone(Kind.PROCESS, ME, "pruned"), Delta(Kind.PROCESS, ME, {"listed": False})])
@pytest.mark.parametrize("host", ["web1", "web2"])
async def test_stranger_that_left_is_forgotten(scene, parting, host):
    """Who was not found and has left Redis is forgotten: it is told anew if it comes back."""
    first = scene.beat(host=host)
    scene.hear(parting)

    assert scene.beat(host=host) == first


async def test_execution_anew(scene):
    """A process that executed itself anew keeps pid and start: its later identity takes the place of the earlier."""
    scene.sidekiq()
    scene.beat(booted_at=scene.clock.at() - 5000)
    new = f"web1:{PID}:def"
    said = scene.beat(new)

    assert said[0] == Observed(Source.HOST, (Gone(Kind.PROCESS, ME, f"began anew as {new}"),))
    assert _found(said[1:])
    assert scene.processes.found == {new: PID}


async def test_rival(scene):
    """Of two identities with one pid the one that began later is believed."""
    scene.sidekiq()
    scene.beat()
    rival = f"web1:{PID}:def"
    said = scene.beat(rival, booted_at=scene.clock.at() - 5000)

    assert said == [_stranger(f"pid {PID} is known as {ME}, which has begun later", rival)]


async def test_memory_is_bounded(scene, monkeypatch):
    """However many identities Redis makes up, only so many are kept in mind."""
    monkeypatch.setattr(watch, "MOST", 3)
    for number in range(10):
        scene.beat(f"web1:9:{number}", pid=None)
        scene.beat(f"web2:9:{number}", host="web2")

    assert list(scene.processes._strangers) == ["web1:9:7", "web1:9:8", "web1:9:9"]
    assert list(scene.processes._remote) == ["web2:9:7", "web2:9:8", "web2:9:9"]


async def test_close(scene):
    """After the end nothing is held: no descriptor stays open, none is watched."""
    before = _descriptors()
    scene.sidekiq()
    scene.beat()
    held, descriptor = _descriptors(), scene.processes._locals[ME].pidfd.fileno()
    scene.processes.close()

    assert held == before + 1
    assert _descriptors() == before
    assert not asyncio.get_running_loop().remove_reader(descriptor)
    assert scene.processes.found == {}


async def test_no_descriptor_left(scene, monkeypatch):
    """A kernel that gives no handle is a reason, told once; the turn goes on."""

    def refuse(_: int) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pidfd_open", refuse)

    assert scene.beat() == [_stranger(f"the kernel gives no handle on pid {PID}: Too many open files")]
    assert scene.beat() == []
