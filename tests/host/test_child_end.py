"""Real children of real processes are ended, or let be."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from tests.host.conftest import TITLE
from tests.patience import PATIENCE
from watchdog.host.boot import boot_id, here
from watchdog.host.child_end import Children
from watchdog.host.child_tree import read_tree
from watchdog.host.children import Child
from watchdog.host.proc import read_process
from watchdog.host.sample import read_sample
from watchdog.host.usage import Seen, see, stood
from watchdog.model.results import ChildEnded, ChildLook, Refused
from watchdog.model.targets import ChildRef, ProcessRef

HERE = here(name="web1")
ROOT = Path(__file__).parents[2]
SLEEP = ["sleep", "600"]
STILL = 1_000
PYTHON = [sys.executable, "-S", "-c"]


class Family:
    """A process with children, and the looks at it: what `sampling.Sampler` does for the agent."""

    def __init__(self, *commands: list[str]) -> None:
        script = [sys.executable, "-S", "-m", "tests.host.family", TITLE, json.dumps(commands), "x" * 200]
        # A service has no terminal, wherever its tests were started.
        self._process = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, start_new_session=True)
        word, *pids = self.line().split()
        assert word == "here"
        self.pids = [int(pid) for pid in pids]
        facts = read_process(self._process.pid)
        assert facts is not None
        pid = facts.pid
        self.ref = ProcessRef("web1/s.service", f"web1:{pid}:abc", "web1", pid, facts.start_ticks, boot_id(), "app", "s.service")
        self.seen: Seen | None = None
        self.children = Children(HERE, stood=self._stood, sidekiqs=lambda: self.sidekiqs)
        self.sidekiqs: set[int] = set()

    def line(self) -> str:
        """The next thing it says."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode().strip()

    def feed(self, number: int) -> None:
        """That child gets a byte."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"%d\n" % number)
        self._process.stdin.flush()

    def child(self, number: int = 0) -> ChildRef:
        """One of its children, the first unless told otherwise."""
        member = read_tree(self.pids[number], HERE)[0]
        return ChildRef(f"web1/s.service child {member.name}", self.ref, member.pid, member.born, member.name)

    def look(self) -> None:
        """Once at all of it."""
        sample = read_sample(self.ref.pid, self.ref.start_ticks, HERE, at=time.monotonic_ns() // 1_000_000)
        assert sample is not None
        self.seen = see(self.seen, sample, step=5_000)

    def until_still(self, number: int = 0, *, size: int = 1) -> ChildRef:
        """That child, as soon as it has stood still for long enough with so many processes in its tree."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.look()
            ref = self.child(number)
            now = self.children.look(ref)
            if now.still >= STILL and now.processes == size:
                return ref
            assert time.monotonic() < deadline, now
            time.sleep(0.3)  # sleeps on purpose: a standstill is seen over time

    def close(self) -> None:
        """It ends, and all that it has started before it."""
        self._process.send_signal(signal.SIGCONT)
        for pid in self.pids:
            for member in read_tree(pid, HERE):
                with suppress(ProcessLookupError):
                    os.kill(member.pid, signal.SIGKILL)
        self._process.communicate()

    def _stood(self, identity: str, child: Child) -> int | None:
        assert identity == self.ref.identity
        return None if self.seen is None else stood(self.seen, child, at=time.monotonic_ns() // 1_000_000, step=5_000)


@pytest.fixture
def family() -> Iterator[Callable[..., Family]]:
    """`family(["sleep", "600"], …)`: a process with such children."""
    started: list[Family] = []

    def start(*commands: list[str]) -> Family:
        started.append(Family(*commands))
        return started[-1]

    yield start
    for one in started:
        one.close()


def _lives(pid: int) -> bool:
    facts = read_process(pid)
    return facts is not None and facts.state != "Z"


async def _let_be(one: Family, ref: ChildRef, *, still_for: int = STILL) -> int:
    """It has not stood still for so long, but for how long it has; it lives afterwards."""
    result = await one.children.end(ref, still_for=still_for)

    assert isinstance(result, ChildLook), result
    assert not result.against
    assert _lives(ref.pid)
    return result.still


async def _refused(one: Family, ref: ChildRef) -> str:
    """Why it is not ended; it lives afterwards."""
    result = await one.children.end(ref, still_for=STILL)

    assert isinstance(result, Refused), result
    assert _lives(ref.pid)
    return result.reason


async def test_a_child_that_hangs_is_ended(family):
    """It is gone, who waited for it is told so, and neither its brother nor its parent is touched."""
    one = family(SLEEP, SLEEP)
    ref = one.until_still()
    result = await one.children.end(ref, still_for=STILL)

    assert isinstance(result, ChildEnded)
    assert (result.processes, result.left, result.was_gone) == (1, 0, False)
    assert result.still >= STILL
    assert one.line() == f"{ref.pid} -9"
    assert _lives(one.pids[1])
    assert _lives(one.ref.pid)


async def test_all_that_it_has_started_is_ended(family, tmp_path):
    """The program that a shell waits for is ended with it, and the shell does not go on to the next."""
    later = tmp_path / "later"
    one = family(["sh", "-c", f"sleep 600; touch {later}"])
    ref = one.until_still(size=2)
    below = read_tree(ref.pid, HERE)[1]
    result = await one.children.end(ref, still_for=STILL)

    assert isinstance(result, ChildEnded)
    assert (result.processes, result.left) == (2, 0)
    assert below.name == "sleep"
    assert not _lives(below.pid)
    assert one.line() == f"{ref.pid} -9"
    assert not later.exists()


async def test_what_has_left_the_tree_is_let_be(family, tmp_path):
    """A server that one of its programs has left behind belongs to nobody's job."""
    left = tmp_path / "left"
    one = family(["sh", "-c", f"(setsid sleep 600 & echo $! > {left}.new; mv {left}.new {left}); exec sleep 600"])
    ref = one.until_still()
    pid = int(left.read_text())
    try:
        assert isinstance(await one.children.end(ref, still_for=STILL), ChildEnded)
        assert _lives(pid)
    finally:
        os.kill(pid, signal.SIGKILL)


async def test_whoever_has_moved_is_let_be(family):
    """One byte in a minute is enough: what has run since the last look does not hang, however long it stood before."""
    echo = [*PYTHON, "import os\nwhile byte := os.read(0, 1): os.write(1, byte + b'\\n')"]
    one = family(echo)
    ref = one.until_still()
    one.feed(0)
    assert one.line() == "x"

    assert await _let_be(one, ref) == 0


async def test_whoever_has_a_child_that_has_moved_is_let_be(family):
    """A shell that only waits does not hang while its program works."""
    echo = "import os\nwhile byte := os.read(0, 1): os.write(1, byte + b'\\n')"
    one = family(["sh", "-c", f'{sys.executable} -S -c "$0"; true', echo])
    ref = one.until_still(size=2)
    one.feed(0)
    assert one.line() == "x"

    assert await _let_be(one, ref) == 0


async def test_not_still_for_long_enough(family):
    """What is asked for is what counts."""
    one = family(SLEEP)

    assert await _let_be(one, one.until_still(), still_for=3_600_000) >= STILL


async def test_whoever_was_not_looked_at_is_let_be(family):
    """An agent that has just begun knows of no standstill."""
    one = family(SLEEP)

    assert await _let_be(one, one.child()) == 0


async def test_a_child_that_somebody_holds(family):
    """What a signal has stopped is in somebody's hands."""
    one = family(SLEEP)
    ref = one.until_still()
    os.kill(ref.pid, signal.SIGSTOP)
    deadline = time.monotonic() + PATIENCE
    while read_tree(ref.pid, HERE)[0].state != "T":
        assert time.monotonic() < deadline
    assert await _refused(one, ref) == f"somebody is holding sleep with pid {ref.pid}: it is stopped"
    os.kill(ref.pid, signal.SIGCONT)


async def test_children_of_whom_somebody_holds(family):
    """Who is stopped reads nothing, and its children wait for it."""
    one = family(SLEEP)
    ref = one.until_still()
    os.kill(one.ref.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, one.ref.pid, os.WSTOPPED)

    assert await _refused(one, ref) == f"somebody is holding pid {one.ref.pid}, and its children may be waiting for it"


async def test_a_terminal(family):
    """Where somebody may sit at it nothing is ended."""
    one = family([*PYTHON, "import pty; pty.spawn(['sleep', '600'])"])
    ref = one.until_still(size=2)
    below = read_tree(ref.pid, HERE)[1]

    assert await _refused(one, ref) == f"sleep with pid {below.pid} has a terminal: somebody may sit at it"


async def test_a_sidekiq_of_its_own(family):
    """A process that Redis knows is no program of a job, were it started by another."""
    one = family(SLEEP)
    ref = one.until_still()
    one.sidekiqs.add(ref.pid)

    assert await _refused(one, ref) == f"sleep with pid {ref.pid} is a Sidekiq process itself"


async def test_a_child_that_has_ended(family):
    """It is gone, whether its process knows it yet or not, and nobody is signalled."""
    one = family(SLEEP)
    ref = one.until_still()
    os.kill(ref.pid, signal.SIGKILL)
    assert one.line() == f"{ref.pid} -9"

    assert not one.children.look(ref).alive
    result = await one.children.end(ref, still_for=STILL)
    assert isinstance(result, ChildEnded)
    assert result.was_gone


@pytest.mark.parametrize("ticks", [-1, 1])
async def test_a_pid_that_was_given_away(family, ticks):
    """Another process with its pid is not touched."""
    one = family(SLEEP)
    ref = one.until_still()
    result = await one.children.end(msgspec.structs.replace(ref, start_ticks=ref.start_ticks + ticks), still_for=STILL)

    assert result == ChildEnded(was_gone=True, detail=f"pid {ref.pid} has been given to another process since")
    assert _lives(ref.pid)


async def test_a_child_of_somebody_else(family):
    """What the named process has not started is not touched, were it started by a Sidekiq."""
    one, other = family(SLEEP), family(SLEEP)
    ref = one.until_still()
    other.look()
    result = await other.children.end(msgspec.structs.replace(ref, process=other.ref), still_for=STILL)

    assert result == ChildEnded(was_gone=True, detail=f"pid {ref.pid} is no child of that process any more")
    assert _lives(ref.pid)


async def test_the_process_is_another_by_now(family):
    """What was said of a process that is dead says nothing of whoever has its pid."""
    one = family(SLEEP)
    ref = one.until_still()
    later = msgspec.structs.replace(one.ref, start_ticks=one.ref.start_ticks + 1)
    result = await one.children.end(msgspec.structs.replace(ref, process=later), still_for=STILL)

    assert isinstance(result, ChildEnded)
    assert result.was_gone
    assert _lives(ref.pid)


UNPRIVILEGED = """
import asyncio, ctypes, os, struct, sys, msgspec
from watchdog.host.boot import here
from watchdog.host.child_end import Children
from watchdog.model.targets import ChildRef
ref = msgspec.json.decode(sys.argv[1], type=ChildRef)
rights = int(sys.argv[2])
children = Children(here(name="web1"), stood=lambda *_: 600_000, sidekiqs=tuple)
children.look(ref)  # imports what it needs while the interpreter's folder may still be read
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
if libc.capset(struct.pack("=Ii", 0x20080522, 0), struct.pack("=6I", rights, rights, 0, 0, 0, 0)):  # capset(2), version 3
    raise OSError(ctypes.get_errno())
print(children.look(ref).processes)
result = asyncio.run(children.end(ref, still_for=1000))
print(getattr(result, "reason", result))
"""
_KILL = 1 << 5  # CAP_KILL (capabilities(7))


def _as_somebody_else(ref: ChildRef, rights: int) -> list[str]:
    """What it says that looks at this child, and ends it, as a user that has nothing but these capabilities."""
    code = [sys.executable, "-c", UNPRIVILEGED, msgspec.json.encode(ref).decode(), str(rights)]
    return subprocess.run(code, check=True, capture_output=True, text=True).stdout.splitlines()


@pytest.mark.needs("setuid")
async def test_missing_permission(family):
    """To look needs no right; without the right to signal nothing is ended, and it is said which right is missing."""
    one = family(["sh", "-c", "sleep 600; true"])
    ref = one.until_still(size=2)

    assert _as_somebody_else(ref, 0) == [
        "2",
        f"not permitted to signal sh with pid {ref.pid}: the agent needs CAP_KILL, or to run as the user that it runs as",
    ]
    assert _lives(ref.pid)


@pytest.mark.needs("setuid")
async def test_the_right_to_signal_is_enough(family):
    """An agent that has CAP_KILL and nothing else can do all of it."""
    one = family(["sh", "-c", "sleep 600; true"])
    ref = one.until_still(size=2)

    assert _as_somebody_else(ref, _KILL) == ["2", "ChildEnded(still=600000, processes=2, left=0, was_gone=False, detail='')"]
    assert one.line() == f"{ref.pid} -9"


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_nothing_is_left_open(family):
    """Whatever comes of it, no handle stays."""
    one = family(["sh", "-c", "sleep 600; true"], SLEEP)
    ref = one.until_still(size=2)
    before = _descriptors()
    await _let_be(one, ref, still_for=3_600_000)
    one.children.look(ref)
    assert _descriptors() == before
    await one.children.end(ref, still_for=STILL)
    one.children.look(ref)

    assert _descriptors() == before
