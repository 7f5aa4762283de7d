"""
How the processes of this host end, and who falls silent.

The kernel is made up as in `test_watch`, but for a child that lives and dies.
"""

import asyncio
import subprocess
from typing import Any

import msgspec
import pytest

from tests.patience import PATIENCE
from tests.unit.host.test_watch import ME, PID, Scene, _found
from watchdog.host.boot import since_boot
from watchdog.host.watch import LocalProcesses
from watchdog.model.events import CRASHED, KILLED, STOPPED, Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.targets import ProcessRef


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
        async with asyncio.timeout(PATIENCE):
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
    deaths = [one.processes.death_of(identity) for identity in asked]
    assert [(death.pid, death.unit, bool(death.began)) for death in deaths] == [
        (child.pid, "s.service", True),
        (PID, "s.service", False),
    ]
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
    is_open = one.scene.processes.death_of(one.identity) is not None
    one.close()

    assert is_open is not told, "the journal is asked where the counters have not told it"
    assert ended.fields == {"alive": False} | ({} if told is None else {"out_of_memory": told})


async def test_what_the_journal_tells_comes_before_the_end(dying):
    """Nothing counted it: where the journal is to be asked of whom is known, and its answer is heard before that the process is gone."""
    began = dying.scene.clock.wall() - since_boot() + (since_boot() // 10 - 1000) * 10
    await dying.die()
    death = dying.scene.processes.death_of(dying.identity)
    assert (death.pid, death.unit) == (dying.child.pid, "mastodon-sidekiq.service")
    assert abs(death.began - began) < 10_000
    dying.scene.processes.bury(dying.identity, asked=True, starved=True)

    told = [change for body in dying.scene.said[-2:] for change in body.changes]
    assert told[0] == Delta(Kind.PROCESS, dying.identity, {"out_of_memory": True})
    assert isinstance(told[1], Gone)
    assert dying.scene.processes.death_of(dying.identity) is None


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
