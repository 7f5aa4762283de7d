"""
A week of an ordinary server as an agent would have recorded it: 3 processes with 25 threads each, in files of an hour that begin with checkpoints.

In the busiest hour all threads are, half of them with a new job at each beat, as in `bench_agent`; at night it is a fifth of that. It is written once and kept below the folder for temporary files, since writing it takes longer than reading it.
"""

import math
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.bench_trace import CLASSES, QUEUES
from tests.bench.bench_turns import identity
from tests.scenario.conversation import found, process
from watchdog.engine.advance import advance
from watchdog.engine.checkpoint import checkpoint
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import begin
from watchdog.model.events import Delta, Event, Gone, Observed, RulesLoaded, Started, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.store.trace import recorder as recorders
from watchdog.store.trace.limits import Limits
from watchdog.store.trace.recorder import OLDEST_FILE, Recorder
from watchdog.store.trace.segment import FORMAT, Header, Mark

WALL = 1_790_000_000_000
DAY = 86_400
PROCESSES, THREADS = 3, 25
REDIS = {
    "policy": "noeviction", "maxmemory": 0, "memory": 10**8, "clients": 100, "role": "master", "run_id": "r", "latency": 1, "rejected": 0, "evicted": 0,
    "save_ok": True, "append_only": False, "append_ok": True,
}  # fmt: skip
BEATS: dict[str, Any] = {"clean_stop": False, "outdated": False, "beat_every": 10_000}
KERNEL = {
    "memory": 4 * 10**8, "swap": 0, "native_threads": 40, "cpu": 0.0, "heartbeat_thread": True, "heartbeat_switches": 0, "heartbeat_moved": 0,
    "heartbeat_still": 0, "state": "S", "stopped": False, "traced": False, "blocked_threads": 0, "children": 0, "oldest_child": 0, "child_still": 0, "child": "",
    "cgroup_memory": 4 * 10**8, "cgroup_limit": 0, "oom_kills": 0, "code_changed": False, "changed_file": "",
}  # fmt: skip
"""What the kernel says of a process that is well; a reading that is missing is one that `evaluate` has to decide about, and on a real server hardly any is."""
TOTALS = {
    "processes": PROCESSES,
    "threads": PROCESSES * THREADS,
    "busy": 0,
    "stale": 0,
    "versions": 1,
    "next_retry_overdue": 0,
    "schedule_overdue": 0,
}
QUEUE = {"size": 0, "latency": 0, "threads": PROCESSES * THREADS, "listeners": PROCESSES, "busy": 0, "paused": False}
HOST = {"name": "web1", "cores": 4.0, "cpu": 0.0, "memory": 8 * 10**9, "available": 2 * 10**9, "deploying": False, "deploy_command": ""}
NIGHT = 0.2
"""As much of the evening's work."""


def busy(second: int) -> float:
    """The share of the busiest hour's work that there is then."""
    return NIGHT + (1 - NIGHT) * (1 - math.cos(second / DAY * math.tau)) / 2


def events(seconds: int) -> Iterator[Event]:
    """All that happens, in the rhythm of the sources: beats each 10 s, Sidekiq's numbers each second, the server's own and those of the kernel each 5 s."""
    chance = random.Random(7)
    running: dict[str, list[str]] = {identity(number): [] for number in range(PROCESSES)}
    sizes, processed, seq = dict.fromkeys(QUEUES, 0), 10_000_000, 3
    for second in range(1, seconds):
        at, share = second * 1000, busy(second)
        told: list[tuple[int, Observed | TimeReached]] = []
        for number, owner in enumerate(running):
            if second % 10 == number * 10 // PROCESSES % 10:
                told.append((200, Observed(Source.REDIS, tuple(_beat(chance, owner, running, share, at + 200)))))
        if second % 5 == 3:
            told.append((500, Observed(Source.HOST, tuple(_kernel(chance, running, share)))))
        processed += chance.randrange(max(2, round(40 * share)))
        told.append((800, Observed(Source.REDIS, tuple(_numbers(chance, sizes, processed, share, second)))))
        if second % 10 == 7:
            told.append((900, TimeReached()))
        for after, body in told:
            seq += 1
            yield Event(seq, at + after, WALL + at + after, body)


def _beat(chance: random.Random, owner: str, running: dict[str, list[str]], share: float, at: int) -> Iterator[Delta | Gone]:
    """As many threads as the hour gives work to are busy, half of them with a new job."""
    before = running[owner]
    wanted = max(1, round(THREADS * share))
    ended = before[: max(len(before) - wanted // 2, 0)]
    left = before[len(ended) :]
    begun = [
        f"{owner}/t{chance.randrange(2**20):x}/{chance.randbytes(12).hex()}/{at - chance.randrange(3) * 1000}"
        for _ in range(wanted - len(left))
    ]
    running[owner] = left + begun
    yield Delta(Kind.PROCESS, owner, {"busy": len(running[owner]), "confirmed_at": at, "rss": chance.randrange(300_000, 900_000) * 1024})
    for name in ended:
        yield Gone(Kind.JOB, name, "finished")
    for name in begun:
        _, thread, jid, started = name.split("/")
        fields = {
            "jid": jid, "job_class": chance.choice(CLASSES), "queue": chance.choice(QUEUES), "process": owner, "host": "web1", "thread": thread,
            "retries": chance.choice((0, 0, 0, 0, 1, 2, 5)), "started_at": int(started),
        }  # fmt: skip
        yield Delta(Kind.JOB, name, fields)


def _kernel(chance: random.Random, running: dict[str, list[str]], share: float) -> Iterator[Delta]:
    yield Delta(Kind.HOST, "web1", {"cpu": share * chance.random(), "available": chance.randrange(10**9, 2 * 10**9)})
    for owner in running:
        yield Delta(
            Kind.PROCESS,
            owner,
            {"cpu": share * chance.random(), "heartbeat_switches": chance.randrange(10**6), "memory": chance.randrange(3, 9) * 10**8},
        )


def _numbers(chance: random.Random, sizes: dict[str, int], processed: int, share: float, second: int) -> Iterator[Delta]:
    yield Delta(Kind.SIDEKIQ, "sidekiq", {"processed": processed, "failed": processed // 50, "arrived": processed + 3})
    for name in QUEUES:
        size = max(0, sizes[name] + chance.randrange(-3, 4)) if chance.random() < share else sizes[name]
        if size != sizes[name]:
            sizes[name] = size
            yield Delta(Kind.QUEUE, name, {"size": size, "latency": chance.randrange(3_000) if size else 0})
    if second % 5 == 0:
        yield Delta(Kind.REDIS, "redis", {"memory": chance.randrange(10**8, 2 * 10**8), "clients": chance.randrange(90, 110)})


def write(folder: Path, rules: RuleSet, seconds: int) -> int:
    """The trace of so long below that folder; how many events it has."""
    recorders.RESERVE = 0  # type: ignore[misc]
    recorder = Recorder(folder, Limits(10**15, 2**40), wall=lambda: WALL)
    state = begin()
    there = [process(identity(number), 0, threads=THREADS, **BEATS) for number in range(PROCESSES)]
    here = [found(identity(number), unit=f"sidekiq{number}.service") for number in range(PROCESSES)]
    known = (
        *(Delta(Kind.PROCESS, identity(number), KERNEL) for number in range(PROCESSES)),
        *(Delta(Kind.QUEUE, name, {"name": name, **QUEUE}) for name in QUEUES),
        Delta(Kind.HOST, "web1", HOST),
        Delta(Kind.SIDEKIQ, "sidekiq", TOTALS),
        Delta(Kind.REDIS, "redis", REDIS),
    )
    first = [
        Event(1, 0, WALL, Started("0", "b", "web1")),
        Event(2, 0, WALL, RulesLoaded(rules.digest, rules.mode)),
        Event(3, 0, WALL, Observed(Source.REDIS, (*there, *here, *known), complete=True)),
    ]
    for event in first:
        state, _ = advance(rules, state, event)
    recorder.begin(_header(rules, 3, 0), checkpoint(state, at=0, wall=WALL))
    began, number = 0, 0
    for event in events(seconds):
        if event.at - began >= OLDEST_FILE:
            began = event.at
            recorder.begin(_header(rules, event.seq - 1, event.at), checkpoint(state, at=event.at, wall=event.wall))
        recorder.add(Mark.TAKEN, event)
        if isinstance(event.body, Observed):
            # The picture alone; nothing of the rules is asked.
            state.world.take(event.body, event.at)
        number += 1
        if number % 2_000 == 0:
            assert recorder.settle(60)
    assert recorder.settle(60)
    recorder._ending = True
    with recorder._lock:
        recorder._lock.notify_all()
    assert recorder._thread is not None
    recorder._thread.join(60)
    return number


def _header(rules: RuleSet, seq: int, at: int) -> Header:
    return Header(
        format=FORMAT, version="0", memory="m", host="web1", boot_id="b", digest=rules.digest, mode=rules.mode.value, seq=seq, at=at, wall=WALL + at,
        cause="age" if seq > 3 else "recorded again",
    )  # fmt: skip


def kept(rules: RuleSet, days: int) -> Path:
    """The folder of such a trace; written now if it was not before."""
    name = sha256(Path(__file__).read_bytes() + rules.digest.encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"sidekiq-watchdog-week-{os.getuid()}" / f"{name}-{days}"
    if not folder.is_dir():
        being_written = folder.with_suffix(".new")
        shutil.rmtree(being_written, ignore_errors=True)
        being_written.mkdir(parents=True)
        number = write(being_written, rules, days * DAY)
        (being_written / "events").write_bytes(msgspec.json.encode(number))
        being_written.rename(folder)
    return folder
