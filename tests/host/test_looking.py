"""What is seen of real processes on the real /proc."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.host.limits import limited
from tests.patience import PATIENCE
from watchdog.host.boot import here, since_boot
from watchdog.host.machine import read_machine, read_ticks
from watchdog.host.proc import read_process
from watchdog.host.sample import read_sample
from watchdog.host.usage import Seen, readings, see

HERE = here(name="web1")
BURDEN = Path(__file__).with_name("burden.py")


class Looked:
    """A process, and each look at it."""

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        self.child = child
        facts = read_process(self.child.pid)
        assert facts is not None
        self.start = facts.start_ticks
        self.seen: Seen | None = None

    @classmethod
    def burdened(cls, *arguments: str) -> "Looked":
        """A process of burden.py, as soon as all of it goes on."""
        child = subprocess.Popen([sys.executable, "-S", str(BURDEN), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == b"here\n"
        return cls(child)

    def look(self) -> dict[str, Any]:
        """The readings of now, compared with the look before."""
        sample = read_sample(self.child.pid, self.start, HERE, at=time.monotonic_ns() // 1_000_000)
        assert sample is not None
        before, self.seen = self.seen, see(self.seen, sample, step=5_000)
        return readings(before, self.seen, ticks_per_second=HERE.ticks_per_second, since_boot=since_boot())

    def until(self, wanted: Callable[[dict[str, Any]], bool], *, within: float = PATIENCE) -> dict[str, Any]:
        """Look each half second until it is as wanted."""
        deadline = time.monotonic() + within
        while not wanted(told := self.look()):
            assert time.monotonic() < deadline, told
            time.sleep(0.6)  # sleeps on purpose: a share is only told over half a second and more
        return told

    def close(self) -> None:
        """It ends when its standard input does, or at once."""
        self.child.send_signal(signal.SIGCONT)
        self.child.communicate()


@pytest.fixture
def burden() -> Iterator[Callable[..., Looked]]:
    """Starts processes (see burden.py)."""
    started: list[Looked] = []

    def start(*arguments: str) -> Looked:
        started.append(Looked.burdened(*arguments))
        return started[-1]

    yield start
    for one in started:
        one.close()


def test_a_thread_that_burns(burden):
    """A thread that computes is the hottest, whatever it calls itself, and uses most of what the process uses."""
    one = burden("burn")
    told = one.until(lambda told: (told["hottest_cpu"] or 0) > 0.1)

    assert (told["hottest_thread"], told["hottest_kind"]) == ("foo) Z ", "other")
    assert 0.1 < told["hottest_cpu"] < 1.3
    assert told["heartbeat_thread"] is True


def test_an_idle_process(burden):
    """A process that waits uses nothing; its heart moves at every look."""
    one = burden("threads", "5")
    one.look()
    told = one.until(lambda told: told["cpu"] is not None and told["heartbeat_still"] == 0)

    assert (told["children"], told["stopped"], told["traced"], told["blocked_threads"]) == (0, False, False, 0)
    assert told["native_threads"] == 7
    assert told["cpu"] < 0.1
    assert 2**20 < told["memory"] < 2**30
    one.until(lambda later: later["heartbeat_switches"] > told["heartbeat_switches"])


def test_a_stopped_process(burden):
    """SIGSTOP shows as stopped and as a heart that stands still; after SIGCONT all is as before."""
    one = burden("threads", "2")
    one.look()
    one.child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, one.child.pid, os.WSTOPPED)
    one.look()  # what it used up to its stop counts between these two looks, and no later
    told = one.until(lambda told: (told["heartbeat_still"] or 0) >= 1_000)

    assert (told["stopped"], told["state"], told["cpu"]) == (True, "T", 0.0)
    one.child.send_signal(signal.SIGCONT)
    assert one.until(lambda told: told["heartbeat_still"] == 0)["stopped"] is False


def test_children(burden):
    """A child that sleeps through stands still; one that works a little all the time never does."""
    one = burden("child")
    one.until(lambda told: told["children"] == 2)
    told = one.until(lambda told: told["child_still"] >= 1_000)

    assert (told["children"], told["child"]) == (2, "sleep")
    assert told["child_still"] <= told["oldest_child"] < 60_000
    still = one.seen.still
    assert len(still) == 1


def test_a_child_that_reads_slowly_does_not_hang(burden):
    """A byte now and then, from a slow disk or network, is work; one that waits for what never comes hangs. Who it is is told by pid and start."""
    one = burden("reading")
    one.until(lambda told: told["children"] == 2)
    told = one.until(lambda told: told["child_still"] >= 6_000)

    assert (told["children"], told["child"]) == (2, "cat")
    facts = read_process(told["child_pid"])
    assert facts is not None
    assert (facts.comm, facts.start_ticks) == ("cat", told["child_start_ticks"])
    assert one.seen is not None
    assert one.seen.sample.children is not None
    shortest, longest = sorted(one.seen.still.get((child.pid, child.born), 0) for child in one.seen.sample.children)
    assert (shortest < 4_000, longest >= 6_000) == (True, True)


LOCKED = """
require "fiddle"
sleeping = Fiddle::Function.new(Fiddle::Handle::DEFAULT["sleep"], [Fiddle::TYPE_INT], Fiddle::TYPE_INT, need_gvl: true)
Thread.new { Thread.current.name = "heartbeat"; loop { sleep 0.5 } }
sleep 0.2
puts "here"
$stdout.flush
sleeping.call(60)
"""


@pytest.mark.needs("ruby")
def test_a_heart_that_waits_for_rubys_lock():
    """Whoever waits for the lock first wakes up ten times a second up to Ruby 3.2, and does no more than one that never wakes up."""
    with subprocess.Popen(["ruby", "-e", LOCKED], stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"here\n"
            one = Looked(child)
            told = one.until(lambda told: (told["heartbeat_still"] or 0) >= 5_000)
        finally:
            child.kill()

    assert (told["heartbeat_thread"], told["stopped"]) == (True, False)


def test_a_process_that_ends(burden):
    """A zombie has nothing left but its name; a process that was buried is not there."""
    one = burden("threads", "2")
    one.child.kill()
    os.waitid(os.P_PID, one.child.pid, os.WEXITED | os.WNOWAIT)
    told = one.look()

    assert (told["state"], told["memory"], told["swap"]) == ("Z", None, None)
    one.child.wait()
    assert read_sample(one.child.pid, one.start, HERE, at=0) is None


@pytest.mark.needs("root")
def test_memory_of_a_control_group(burden):
    """The limit of a group, what its processes use, and that the kernel has killed one of them for want of memory."""
    one = burden("threads")
    hungry = "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid())); print(len(b'x' * 2**27))"
    with limited(one.child.pid, 2**26) as group:
        before = one.look()
        ended = subprocess.run([sys.executable, "-S", "-c", hungry, str(group / "cgroup.procs")], check=False, stdout=subprocess.DEVNULL)
        told = one.look()

    assert (before["cgroup_limit"], before["oom_kills"]) == (2**26, 0)
    assert ended.returncode == -signal.SIGKILL
    assert (told["oom_kills"], told["state"]) == (1, "S")
    assert told["cgroup_memory"] is not None
    assert 0 < told["cgroup_memory"] <= 2**26


def test_this_machine():
    """The real host tells what every Linux tells."""
    ticks = read_ticks(HERE.proc)
    told = read_machine(HERE, Path("/"), at=0, ticks=ticks, last=None)

    assert {slot for slot, value in told.items() if value is None} <= {
        "cpu", "steal", "cpu_pressure", "memory_pressure", "memory_stall", "io_pressure", "io_stall",
    }  # fmt: skip
    assert 0 < told["memory_available"] <= told["memory"]
    assert told["booted_at"] < 0
