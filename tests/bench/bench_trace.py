"""
What the trace costs: the loop for each event, its thread for packing, the disk for a day; and a start that carries histories on.

A simulated day of an ordinary server in virtual time: beats each 10 s with new jobs in most threads, queues and totals sampled each second.
Beside it stand the same events as plain lines of JSON, and as one file of gzip, which nobody could read the end of before it is complete.
"""

import gc
import gzip
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.bench.bench_turns import BEAT, RULE, beats, identity, prepared
from tests.bench.rows import Row
from tests.scenario.conversation import process, rules
from watchdog.engine.advance import advance
from watchdog.engine.catching_up import MOST, caught_up
from watchdog.engine.checkpoint import checkpoint, hold, rebuild
from watchdog.engine.state import State, keep
from watchdog.model.events import Delta, Event, Gone, Observed, TimeReached, encode
from watchdog.model.kinds import Kind, Source
from watchdog.store.trace import recorder as recorders
from watchdog.store.trace.limits import Limits
from watchdog.store.trace.reading import Segment, segments
from watchdog.store.trace.recorder import Recorder
from watchdog.store.trace.segment import FORMAT, Header, Mark

DAY = 86_400
CLASSES = ("ActivityPub::DeliveryWorker", "LinkCrawlWorker", "FeedInsertWorker", "ActivityPub::ProcessingWorker", "ThreadResolveWorker")
QUEUES = ("push", "pull", "default", "ingress", "mailers")


def ordinary(seconds: int, processes: int = 3, threads: int = 25, least: int = 5) -> Iterator[Event]:
    """The events of that many seconds: of each process at least so many threads have a new job at each beat."""
    chance = random.Random(1)
    running: dict[str, list[str]] = {identity(number): [] for number in range(processes)}
    sizes, processed, seq = dict.fromkeys(QUEUES, 0), 10_000_000, 0
    for second in range(seconds):
        at = second * 1000
        for number, owner in enumerate(running):
            if second % 10 == number * 10 // processes % 10:
                seq += 1
                yield _event(seq, at + 200, _beat(chance, owner, running, (least, threads), at + 200))
        changes = []
        processed += chance.randrange(40)
        changes.append(Delta(Kind.SIDEKIQ, "sidekiq", {"processed": processed, "failed": processed // 50}))
        for name in QUEUES:
            size = max(0, sizes[name] + chance.randrange(-3, 4))
            if size != sizes[name]:
                sizes[name] = size
                changes.append(Delta(Kind.QUEUE, name, {"size": size, "latency": chance.randrange(3_000) if size else 0}))
        changes.append(Delta(Kind.REDIS, "redis", {"memory": chance.randrange(10**8, 2 * 10**8), "clients": chance.randrange(90, 110)}))
        yield _event(seq + 1, at + 800, Observed(Source.REDIS, tuple(changes)))
        yield _event(seq + 2, at + 900, TimeReached())
        seq += 2


def _beat(chance: random.Random, owner: str, running: dict[str, list[str]], threads: tuple[int, int], at: int) -> Observed:
    ended = [Gone(Kind.JOB, name, "finished") for name in running[owner]]
    running[owner] = []
    begun = []
    for thread in range(chance.randint(*threads)):
        jid, start = chance.randbytes(12).hex(), at - chance.randrange(3) * 1000
        name = f"{owner}/t{thread:x}/{jid}/{start}"
        running[owner].append(name)
        fields = {
            "jid": jid, "job_class": chance.choice(CLASSES), "queue": chance.choice(QUEUES), "process": owner, "host": "web1", "thread": f"t{thread:x}",
            "retries": chance.choice((0, 0, 0, 0, 1, 2, 5)), "started_at": start,
        }  # fmt: skip
        begun.append(Delta(Kind.JOB, name, fields))
    beat = Delta(Kind.PROCESS, owner, {"busy": len(begun), "confirmed_at": at, "rss": chance.randrange(300_000, 900_000) * 1024})
    return Observed(Source.REDIS, (beat, *ended, *begun))


def _event(seq: int, at: int, body: Observed | TimeReached) -> Event:
    return Event(seq, at, 1_790_000_000_000 + at, body)


def header() -> Header:
    """Of a file that begins at the beginning."""
    return Header(
        format=FORMAT, version="0", memory="m", host="web1", boot_id="b", digest="", mode="", seq=0, at=0, wall=1_790_000_000_000, cause="start"
    )  # fmt: skip


def recorded(events: list[Event], folder: Path, *, second: int) -> tuple[int, float, float]:
    """Bytes on the disk, microseconds of the loop for each event, and processor seconds of it all, written second by second as it would be."""
    recorder = Recorder(folder, Limits(10**12, 2**40), wall=lambda: 0)
    recorder.begin(header(), b"")
    loop, before, since = 0.0, time.process_time(), 0
    for event in events:
        begun = time.perf_counter()
        recorder.add(Mark.TAKEN, event)
        loop += time.perf_counter() - begun
        if event.at - since >= second:
            since = event.at
            recorder.settle(60)
    recorder.settle(60)
    return recorder.how().size, loop / len(events) * 1e6, time.process_time() - before


def a_day() -> list[Row]:
    """Of the ordinary server: an eighth of it, that is 3 hours, times eight."""
    part = DAY // 8
    events = list(ordinary(part))
    lines = b"".join(encode(event) + b"\n" for event in events)
    whole = len(gzip.compress(lines)) * 8 / 1e6
    with tempfile.TemporaryDirectory() as folder:
        size, each, cpu = recorded(events, Path(folder), second=1000)
        begun = time.perf_counter()
        number = sum(1 for segment in segments(Path(folder)) if isinstance(segment, Segment) for _ in segment.records())
        reading = time.perf_counter() - begun
    assert number == len(events)
    return [
        Row(
            what="3 × 25: a day of the trace",
            value=size * 8 / 1e6,
            unit="MB",
            beside=len(lines) * 8 / 1e6,
            beside_what="plain JSON lines",
            goal="≤ 40",
        ),
        Row(what="3 × 25: the same", value=size * 8 / 1e6, unit="MB", beside=whole, beside_what="gzip of the whole"),
        Row(what="3 × 25: the loop, each event", value=each, unit="µs"),
        Row(what="3 × 25: loop and thread, share of a core", value=cpu / part * 100, unit="%"),
        Row(what="3 × 25: reading a week", value=reading * 56, unit="s"),
    ]


def at_large() -> list[Row]:
    """1,000 processes of 25 threads, all with new jobs at each beat."""
    rounds = 3
    picture = _event(3, 0, Observed(Source.REDIS, tuple(process(identity(number), 0, threads=25) for number in range(1000)), complete=True))
    observed = [picture, *(msgspec.structs.replace(event, seq=event.seq + 3) for event in ordinary(rounds * 10, 1000, 25, least=25))]
    ruleset = rules(RULE)
    state, _ = prepared(ruleset)
    begun = time.perf_counter()
    for event in observed:
        state, _ = advance(ruleset, state, event)
    turn = (time.perf_counter() - begun) / len(observed) * 1e6
    begun = time.perf_counter()
    lines = [encode(event) for event in observed]
    plain = (time.perf_counter() - begun) / len(observed) * 1e6
    with tempfile.TemporaryDirectory() as folder:
        size, each, cpu = recorded(observed, Path(folder), second=1000)
    spent = cpu / (rounds * BEAT / 1000) * 100
    return [
        Row(what="1,000 × 25: the loop, each beat", value=each, unit="µs", beside=turn, beside_what="its turn"),
        Row(what="1,000 × 25: the same", value=each, unit="µs", beside=plain, beside_what="plain JSON lines, unwritten"),
        Row(what="1,000 × 25: loop and thread, share of a core", value=spent, unit="%", beside=turn * 100 / 1e4, beside_what="the turns"),
        Row(what="1,000 × 25: a second on the disk", value=size / (rounds * BEAT / 1000) / 1e3, unit="kB",
            beside=sum(map(len, lines)) / (rounds * BEAT / 1000) / 1e3, beside_what="plain JSON lines"),
        *_checkpoints(state, observed[-1].at),
    ]  # fmt: skip


def _checkpoints(state: State, at: int) -> list[Row]:
    ruleset = rules(RULE)
    gc.collect()
    held, made = min(_checkpoint(state, at) for _ in range(5))
    data = checkpoint(state, at=at, wall=at)
    begun = time.perf_counter()
    rebuild(data, ruleset)
    again = time.perf_counter() - begun
    return [
        Row(
            what="1,000 × 25: a checkpoint, once an hour, on the loop",
            value=held * 1e3,
            unit="ms",
            beside=made * 1e3,
            beside_what="on its thread",
        ),
        Row(what="1,000 × 25: to put it together again", value=again * 1e3, unit="ms"),
        Row(what="1,000 × 25: its size", value=len(data) / 1e6, unit="MB"),
    ]


def _checkpoint(state: State, at: int) -> tuple[float, float]:
    """Seconds in which the state is held, and those in which it is encoded."""
    begun = time.perf_counter()
    encode = hold(state, at=at, wall=at)
    held = time.perf_counter() - begun
    encode(tuple)
    return held, time.perf_counter() - begun - held


def a_start() -> list[Row]:
    """Carrying histories on over as many changes as a start takes in: two windows of every process."""
    ruleset = rules(
        "rules:\n  - {rule: busy, each: process, when: 'avg(process.busy, 5m) > 30'}\n  - {rule: mute, each: process, when: 'held(process.beat_age > 20s, 1m)'}\n"
    )
    state, seq = prepared(ruleset)
    all_beats = list(beats(1000, 25, 3))
    for at, observed in all_beats[:1000]:
        seq += 1
        state, _ = advance(ruleset, state, _event(seq, at, observed))
    at = all_beats[999][0]
    begun = time.perf_counter()
    data = keep(state, at=at, wall=at, seq=seq)
    kept = time.perf_counter() - begun
    assert data is not None
    events = [_event(seq + 1 + number, at, body) for number, (at, body) in enumerate(all_beats[1000:])]
    begun = time.perf_counter()
    caught_up(data, events, ruleset.series)
    spent = time.perf_counter() - begun
    return [
        Row(
            what=f"1,000 × 25: a start carries histories on ({MOST:,} changes at most)",
            value=spent * 1e3,
            unit="ms",
            goal="≤ 1000 with all else",
        ),
        Row(
            what="1,000 × 25: keeping them with the rows, each 30 s", value=kept * 1e3, unit="ms", beside=len(data) / 1e6, beside_what="MB"
        ),
        _ordinary_start(),
    ]


def _ordinary_start() -> Row:
    ruleset = rules(
        "rules:\n  - {rule: full, each: queue, when: 'avg(queue.size, 5m) > 30'}\n  - {rule: long, each: job, when: 'held(job.elapsed > 10m, 1m)'}\n"
    )
    state, seq = prepared(ruleset)
    owners = [process(identity(number), 0, threads=25) for number in range(3)]
    state, _ = advance(ruleset, state, _event(seq + 1, 0, Observed(Source.REDIS, tuple(owners), complete=True)))
    data = keep(state, at=0, wall=0, seq=seq + 1)
    assert data is not None
    events = list(ordinary(30))
    begun = time.perf_counter()
    caught_up(data, events, ruleset.series)
    return Row(what="3 × 25: a start carries 30 s on", value=(time.perf_counter() - begun) * 1e3, unit="ms")


def main() -> list[Row]:
    """The ordinary server and a large one."""
    recorders.RESERVE = 0  # type: ignore[misc]
    return [*a_day(), *at_large(), *a_start()]


if __name__ == "__main__":
    for row in main():
        print(row)
