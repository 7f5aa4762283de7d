"""
Finding the processes of this host.

The kernel is made up, but for pidfds: so every process that is found here has the pid of the test itself.
"""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from watchdog.clock import Clock
from watchdog.host import watch
from watchdog.host.boot import since_boot
from watchdog.host.watch import LocalProcesses
from watchdog.model.events import CRASHED, KILLED, STOPPED, Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.targets import ProcessRef

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


class Dying:
    """A Sidekiq that was found and has been killed since; `asked` are those of whom Redis was to be read, `said` what came of it."""

    def __init__(self, tree: Any) -> None:
        self.scene = Scene(tree)
        self.asked: list[str] = []
        self.scene.processes = LocalProcesses(
            host="web1",
            clock=self.scene.clock,
            emit=self.scene.said.append,
            ask=self.asked.append,
            proc=tree.proc,
            cgroups=tree.cgroups,
        )
        self.child = subprocess.Popen(["sleep", "600"])
        tree.write(self.child.pid, start=since_boot() // 10 - 1000)
        self.identity = f"web1:{self.child.pid}:abc"
        assert _found(self.scene.beat(self.identity, pid=self.child.pid, clean_stop=False))

    async def die(self) -> None:
        """It ends, and the loop hears of it."""
        before = len(self.scene.said)
        self.child.kill()
        self.child.wait()
        async with asyncio.timeout(5):
            while len(self.scene.said) == before:
                await asyncio.sleep(0)

    def close(self) -> None:
        self.scene.processes.close()
        self.child.kill()
        self.child.wait()

    @property
    def gone(self) -> list[str]:
        """Why it is gone, as often as it was told."""
        return [change.reason for body in self.scene.said for change in body.changes if isinstance(change, Gone)]


@pytest.fixture
async def dying(tree):
    """It lives still."""
    one = Dying(tree)
    yield one
    one.close()


@pytest.mark.parametrize(
    ("told", "asked", "reason"),
    [
        ({}, True, CRASHED),
        ({"listed": False, "clean_stop": True}, True, STOPPED),
        ({"listed": False}, True, "exited"),
        ({}, False, "exited"),
        ({"listed": None}, True, "exited"),
    ],
)
async def test_how_it_ended(dying, told, asked, reason):
    """Dead, and still listed: it crashed. Seen to leave: it stopped. Removed by others, or Redis can't be asked: nobody knows."""
    await dying.die()
    assert dying.scene.said[-1] == Observed(Source.HOST, (Delta(Kind.PROCESS, dying.identity, {"alive": False}),))
    assert (dying.asked, dying.gone) == ([dying.identity], [])
    dying.scene.hear(Delta(Kind.PROCESS, dying.identity, told))
    dying.scene.processes.bury(dying.identity, asked=asked)
    dying.scene.processes.bury(dying.identity, asked=asked)

    assert dying.gone == [reason]


async def test_an_end_after_a_goodbye_needs_no_question(dying):
    """It was seen to leave before it ended; that it does not matter any more what Redis shows."""
    dying.scene.hear(Delta(Kind.PROCESS, dying.identity, {"listed": False, "clean_stop": True}))
    await dying.die()

    assert (dying.asked, dying.gone) == ([], [STOPPED])


async def test_a_process_that_the_agent_kills_has_not_crashed(dying):
    """Its end is the agent's doing, unless the signal was refused: then what follows is not."""
    dying.scene.processes.will_kill(dying.identity)
    dying.scene.processes.did_not_kill(dying.identity)
    dying.scene.processes.will_kill(dying.identity)
    dying.scene.processes.will_kill("web1:1:unknown")
    await dying.die()

    assert (dying.asked, dying.gone) == ([], [KILLED])


async def test_a_signal_that_was_refused_explains_no_end(dying):
    """Whoever ended it then, it was not the agent."""
    dying.scene.processes.will_kill(dying.identity)
    dying.scene.processes.did_not_kill(dying.identity)
    await dying.die()

    assert (dying.asked, dying.gone) == ([dying.identity], [])


async def test_who_died_while_nobody_looked(tree):
    """Found by a predecessor, dead by now, and still listed: that is told as if it had been seen, and Redis asked, once everything has been read."""
    child = subprocess.Popen(["sleep", "600"])
    child.kill()
    child.wait()
    ref = ProcessRef(
        "web1/s.service",
        f"web1:{child.pid}:abc",
        "web1",
        child.pid,
        77,
        (tree.proc / "sys/kernel/random/boot_id").read_text().strip(),
        "app",
        "s.service",
    )
    rebooted = msgspec.structs.replace(ref, identity=f"web1:{PID}:old", pid=PID, boot_id="before")
    one = Scene(tree)
    asked: list[str] = []
    one.processes = LocalProcesses(
        host="web1", clock=one.clock, emit=one.said.append, ask=asked.append, before={ref.identity: ref, rebooted.identity: rebooted},
        proc=tree.proc, cgroups=tree.cgroups,
    )  # fmt: skip
    one.beat(ref.identity, pid=child.pid)
    one.hear(Delta(Kind.PROCESS, rebooted.identity, {"listed": True, "clean_stop": False}))
    dead = {"tag": "app", "host": "web1", "unit": "s.service", "local": True, "alive": False}
    told = [change for body in one.said for change in body.changes]
    assert [(change.id, change.fields | dead == change.fields) for change in told] == [(ref.identity, True), (rebooted.identity, True)]
    assert asked == []
    one.processes.hear(Observed(Source.REDIS, (), complete=True))
    assert asked == [ref.identity, rebooted.identity]
    for identity in asked:
        one.processes.bury(identity, asked=True)

    assert [change.reason for body in one.said for change in body.changes if isinstance(change, Gone)] == [CRASHED, CRASHED]
    one.processes.close()


async def test_who_was_known_and_lives_is_found_as_ever(tree):
    """A predecessor knew it, and it has not ended."""
    one = Scene(tree)
    one.sidekiq()
    ref = ProcessRef(
        "web1/app[push]", ME, "web1", PID, since_boot() // 10 - 1000, (tree.proc / "sys/kernel/random/boot_id").read_text().strip()
    )
    one.processes = LocalProcesses(
        host="web1", clock=one.clock, emit=one.said.append, before={ME: ref}, proc=tree.proc, cgroups=tree.cgroups
    )

    assert _found(one.beat())
    one.processes.close()


@pytest.mark.parametrize(
    ("file", "listing"),
    [("system.slice/mastodon-sidekiq.service/memory.events", ""), ("memory/g/memory.oom_control", "4:memory:/g\n0::/\n")],
)
@pytest.mark.parametrize(("at_the_end", "told"), [("oom_kill 3\n", False), ("oom_kill 4\n", True), (None, None)])
async def test_killed_for_memory(tree, file, listing, at_the_end, told):
    """What the group counts in the moment of the end is compared with the last beat; a group that is gone tells nothing."""
    counter = tree.cgroups / file
    counter.parent.mkdir(parents=True)
    counter.write_text("oom_kill 3\n")
    one = Dying(tree)
    if listing:
        (tree.proc / str(one.child.pid) / "cgroup").write_text(listing)
    one.scene.hear(Delta(Kind.PROCESS, one.identity, {"confirmed_at": 5}))
    counter.unlink() if at_the_end is None else counter.write_text(at_the_end)
    await one.die()
    (ended,) = one.scene.said[-1].changes
    one.close()

    assert ended.fields == {"alive": False} | ({} if told is None else {"out_of_memory": told})


async def test_a_group_that_systemd_has_removed(tree):
    """Version 2 counts its kills in the slice as well, which stays."""
    unit, around = (tree.cgroups / name / "memory.events" for name in ("system.slice/mastodon-sidekiq.service", "system.slice"))
    unit.parent.mkdir(parents=True)
    unit.write_text("oom_kill 0\n")
    around.write_text("oom_kill 7\n")
    one = Dying(tree)
    unit.unlink()
    around.write_text("oom_kill 8\n")
    await one.die()
    (ended,) = one.scene.said[-1].changes
    one.close()

    assert ended.fields["out_of_memory"] is True


async def test_silent(dying):
    """Who has missed two beats is silent, each beat as long as its version makes it; who tells of none is not."""
    processes, clock = dying.scene.processes, dying.scene.clock
    assert processes.silent() == ()
    for beat_every in (5_000, 10_000):
        dying.scene.hear(
            Delta(Kind.PROCESS, dying.identity, {"beat_every": beat_every, "confirmed_at": clock.at() - 2 * beat_every + 1_000})
        )
        assert processes.silent() == ()
        dying.scene.hear(Delta(Kind.PROCESS, dying.identity, {"confirmed_at": clock.at() - 2 * beat_every - 1}))
        assert processes.silent() == (dying.identity,)
    assert processes.lives(dying.identity)
    await dying.die()
    assert (processes.silent(), processes.lives(dying.identity)) == ((), False)


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
