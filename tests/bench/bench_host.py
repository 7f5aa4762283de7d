"""
What looking at processes costs: 3 and 100 real ones of 28 threads, as the agent looks at them and tells what it saw.

Beside it stands psutil asked for the same (times, threads, memory, state, children with theirs), as far as it knows it: it knows no names of threads,
no switches of a single thread, and no control groups. Then what it is at the agent's own pace, the engine's turn included.
"""

import asyncio
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import psutil

from tests.bench.rows import Row
from tests.scenario.conversation import rules
from watchdog.clock import Clock
from watchdog.engine.advance import advance
from watchdog.engine.state import begin
from watchdog.host.boot import here
from watchdog.host.proc import read_process
from watchdog.host.sampling import Sampler
from watchdog.host.starvation import Starvation
from watchdog.host.watch import LocalProcesses
from watchdog.model.events import Body, Event, Observed, RulesLoaded, Started
from watchdog.model.verdicts import Mode

THREADS = 28
LOOKS = 12
RULE = """
rules:
  - rule: busy-without-work
    each: process
    when: avg(process.cpu, 5m) >= 95%
  - rule: frozen
    each: process
    when: process.heartbeat_still > 20s
"""
MANY = """
import ctypes, os, sys, threading
def wait(name, pause):
    ctypes.CDLL(None).prctl(15, name, 0, 0, 0)
    while True: threading.Event().wait(pause)
for _ in range(int(sys.argv[1])):
    pid = os.fork()
    if not pid:
        os.close(1)
        for number in range(int(sys.argv[2]) - 1):
            threading.Thread(target=wait, args=((b"processor", None) if number else (b"heartbeat", 5)), daemon=True).start()
        sys.stdin.read()
        os._exit(0)
    print(pid)
print(flush=True)
os.close(1)
sys.stdin.read()
"""


@contextlib.contextmanager
def processes(number: int) -> Iterator[list[int]]:
    """So many processes that wait; their pids."""
    child = subprocess.Popen([sys.executable, "-c", MANY, str(number), str(THREADS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        pids = [int(line) for line in child.stdout.read().split()]
        assert len(pids) == number
        while not all(psutil.Process(pid).num_threads() == THREADS for pid in pids):
            time.sleep(0.1)
        yield pids
    finally:
        # They wait for the end of their input.
        child.stdin.close()
        child.wait()
        child.stdout.close()


class Found:
    """Stands in for the matching with Redis: these were found."""

    def __init__(self, pids: list[int]) -> None:
        facts = [read_process(pid) for pid in pids]
        self.starts = {f"web1:{one.pid}:abc": (one.pid, one.start_ticks) for one in facts if one is not None}
        self.found = {identity: pid for identity, (pid, _) in self.starts.items()}
        assert len(self.found) == len(pids)
        place = here(name="web1")
        self._clock = Clock()
        self._starvation = {identity: Starvation(pid, proc=place.proc, cgroups=place.cgroups) for identity, pid in self.found.items()}

    def silent(self) -> tuple[str, ...]:
        """All of them beat."""
        return ()

    def lives(self, identity: str) -> bool:
        """All of them do."""
        return identity in self.found

    def look_at_group(self, identity: str) -> None:
        """As the real one does."""
        self._starvation[identity].look(self._clock.at())


async def ours(pids: list[int]) -> tuple[list[float], list[Body], Sampler]:
    """Milliseconds of a core that each look took, what was told, and who looked."""
    told: list[Body] = []
    sampler = Sampler(cast("LocalProcesses", Found(pids)), host="web1", folder=Path("/tmp"), clock=Clock(), emit=told.append)
    spent = []
    for _ in range(LOOKS):
        before = time.thread_time()
        await sampler.look()
        spent.append((time.thread_time() - before) * 1000)
        await asyncio.sleep(0.6)
    return spent, told, sampler


def by_psutil(pids: list[int]) -> float:
    """Milliseconds of a core for the same, the best of three."""
    them = [psutil.Process(pid) for pid in pids]
    spent = []
    for _ in range(3):
        before = time.thread_time()
        for one in them:
            with one.oneshot():
                asked: list[Any] = [one.cpu_times(), one.threads(), one.memory_info(), one.num_threads(), one.status(), one.create_time()]
            asked += one.children(recursive=True)
        spent.append((time.thread_time() - before) * 1000)
    return min(spent)


def turns(told: list[Body]) -> float:
    """Milliseconds that the engine takes for what one look tells, with a history and a rule on it."""
    ruleset = rules(RULE)
    state, _ = advance(ruleset, begin(), Event(1, 0, 0, Started("0", "boot", "web1")))
    state, _ = advance(ruleset, state, Event(2, 0, 0, RulesLoaded(ruleset.digest, Mode.ACT)))
    spent = []
    for number, body in enumerate(told):
        before = time.thread_time()
        state, _ = advance(ruleset, state, Event(3 + number, 5_000 * number, 0, body))
        spent.append((time.thread_time() - before) * 1000)
    return statistics.median(spent[1:])


async def main() -> list[Row]:
    """A few, and many."""
    rows = []
    for number in (3, 100):
        with processes(number) as pids:
            spent, told, sampler = await ours(pids)
            beside = by_psutil(pids)
        look, turn, every = statistics.median(spent), turns(told), sampler.cost.every
        changes = [len(body.changes) for body in told[2:] if isinstance(body, Observed)]
        name = f"{number} processes × {THREADS} threads"
        rows += [
            Row(what=f"{name}: one look", value=look, unit="ms", beside=beside, beside_what="psutil"),
            Row(what=f"{name}: the engine's turn for it", value=turn, unit="ms", beside=look, beside_what="the look"),
            Row(what=f"{name}: seconds between looks", value=every / 1000, unit="s", beside=5.0, beside_what="where there are few"),
            Row(
                what=f"{name}: part of a core, turns included",
                value=(look + turn) / every * 100,
                unit="%",
                beside=beside / 5_000 * 100,
                beside_what="psutil each 5 s",
                goal="≤ 0.5 %",
            ),
            Row(what=f"{name}, idle: deltas a look", value=statistics.mean(changes or [0]), unit="", beside=float(number + 1), beside_what="all of them"),
        ]  # fmt: skip
    return rows
