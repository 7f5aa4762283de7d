"""
What many rules cost: a hundred of them over ten thousand jobs that all change, and an aggregate for each of five thousand queues.

Each beat of a process brings news of all its jobs. Beside it stands the same judgement by hand: for the jobs one pass of plain Python over
all of them for all rules, for the aggregates one over all jobs for each queue. Memory is that of the whole process, its modules included.
"""

import resource
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.bench.rows import Row
from tests.scenario.conversation import process, rules
from watchdog.engine.advance import advance
from watchdog.engine.due import next_due
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State, begin
from watchdog.model.events import Delta, Event, Observed, RulesLoaded, Started, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Mode

PROCESSES, THREADS, RULES = 400, 25, 100
QUEUES = 5_000
BEAT = 10_000
ROUNDS = 3
TEN_MINUTES = 600_000


def identity(number: int) -> str:
    """The name of one process."""
    return f"web{number % 10}:{number}:abcdef012345"


def job(owner: str, thread: int, queue: str, started_at: int, retries: int) -> Delta:
    """A job as its process reports it at a beat."""
    fields = {
        "jid": f"{thread:024x}", "job_class": "ActivityPub::DeliveryWorker", "queue": queue, "process": owner, "host": "web1", "thread": f"t{thread}",
        "retries": retries, "started_at": started_at,
    }  # fmt: skip
    return Delta(Kind.JOB, f"{owner}/t{thread}", fields)


def beats(queue_of: Callable[[int], str], rounds: int) -> Iterator[tuple[int, Observed]]:
    """Every beat of every process with its engine time; each brings another number of retries for each of its jobs."""
    for beat in range(rounds):
        for number in range(PROCESSES):
            at = TEN_MINUTES + (beat + 1) * BEAT + number * BEAT // PROCESSES
            owner = identity(number)
            jobs = (
                job(owner, thread, queue_of(number * THREADS + thread), 0 if thread < 2 else at - 5_000, beat % 3)
                for thread in range(THREADS)
            )
            yield at, Observed(Source.REDIS, (process(owner, at, threads=THREADS, busy=THREADS), *jobs), complete=False)


def prepared(ruleset: RuleSet) -> tuple[State, int]:
    """A state under these rules that has read all of Redis once, and the number of its last event."""
    state, _ = advance(ruleset, begin(), Event(1, 0, 0, Started("0", "boot", "web1")))
    state, _ = advance(ruleset, state, Event(2, 0, 0, RulesLoaded(ruleset.digest, Mode.ACT)))
    state, _ = advance(ruleset, state, Event(3, 0, 0, Observed(Source.REDIS, (), complete=True)))
    return state, 3


def played(ruleset: RuleSet, state: State, seq: int, queue_of: Callable[[int], str]) -> tuple[float, State, int]:
    """Milliseconds for one beat of all processes, the best round after the first, which fills the picture."""
    rounds: list[float] = []
    spent = 0.0
    for number, (at, observed) in enumerate(beats(queue_of, ROUNDS + 1)):
        seq += 1
        event = Event(seq, at, at, observed)
        before = time.perf_counter()
        state, _ = advance(ruleset, state, event)
        spent += time.perf_counter() - before
        if (number + 1) % PROCESSES == 0:
            rounds.append(spent * 1000)
            spent = 0.0
    return min(rounds[1:]), state, seq


def idle(ruleset: RuleSet, state: State, seq: int) -> float:
    """Microseconds of a turn in which only a millisecond went by, asking for the next deadline included."""
    at = TEN_MINUTES + (ROUNDS + 2) * BEAT
    state, _ = advance(ruleset, state, Event(seq + 1, at, at, TimeReached()))
    number = 500
    before = time.perf_counter()
    for extra in range(number):
        state, _ = advance(ruleset, state, Event(seq + extra + 2, at + 1, at + 1, TimeReached()))
        next_due(state)
    return (time.perf_counter() - before) / number * 1e6


def peak() -> float:
    """MB that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def many_rules() -> list[Row]:
    """A hundred rules, none of which fires: each has a time limit and a number of retries of its own."""
    text = "rules:\n" + "".join(
        f'  - rule: r{number}\n    each: job\n    where: job.queue in ["push", "pull"]\n'
        f"    when: job.elapsed > {30 + number}m and job.retries >= {number % 7}\n"
        for number in range(RULES)
    )  # fmt: skip
    before = time.perf_counter()
    ruleset = rules(text)
    read = (time.perf_counter() - before) * 1000
    bare = peak()
    state, seq = prepared(ruleset)
    took, state, seq = played(ruleset, state, seq, lambda number: "push" if number % 2 else "pull")
    name = f"{RULES} rules × {PROCESSES * THREADS:,} jobs"
    jobs = list(state.world.rows[Kind.JOB].values())
    assert len(jobs) == PROCESSES * THREADS
    return [
        Row(what=f"{name}: one beat of all of them", value=took, unit="ms", beside=all_by_hand(jobs), beside_what="one pass by hand"),
        Row(what=f"{name}: engine's share of a core", value=took / BEAT * 100, unit="%"),
        Row(what=f"{name}: a turn in which only time went on", value=idle(ruleset, state, seq), unit="µs"),
        Row(what=f"{name}: peak memory", value=peak(), unit="MB", beside=bare, beside_what="before the first job"),
        Row(what=f"{RULES} rules read and compiled", value=read, unit="ms"),
    ]


def all_by_hand(jobs: list[Any]) -> float:
    """Milliseconds that one pass over all jobs takes for the same rules."""
    limits = [((30 + number) * 60_000, number % 7) for number in range(RULES)]
    before = time.perf_counter()
    for row in jobs:
        for elapsed, retries in limits:
            if row.queue in {"push", "pull"} and row.home.confirmed_at - row.started_at > elapsed and row.retries >= retries:
                raise AssertionError(row)
    return (time.perf_counter() - before) * 1000


def one_aggregate() -> list[Row]:
    """A rule that counts the slow jobs of each queue, with two jobs a queue, of which few are slow."""
    ruleset = rules(
        "rules:\n  - rule: slow\n    each: queue\n    when: count(job where job.queue == queue.name and job.elapsed > 10m) > 3\n"
    )
    state, seq = prepared(ruleset)
    queues = tuple(Delta(Kind.QUEUE, f"q{number}", {"name": f"q{number}", "size": 0, "latency": 0}) for number in range(QUEUES))
    state, _ = advance(ruleset, state, Event(seq + 1, 1, 1, Observed(Source.REDIS, queues, complete=False)))
    took, state, seq = played(ruleset, state, seq + 1, lambda number: f"q{number % QUEUES}")
    name = f"an aggregate for each of {QUEUES:,} queues, {PROCESSES * THREADS:,} jobs"
    return [
        Row(what=f"{name}: one beat of all of them", value=took, unit="ms", beside=naive(state), beside_what="one naive pass"),
        Row(what=f"{name}: a turn in which only time went on", value=idle(ruleset, state, seq), unit="µs"),
        Row(what=f"{name}: peak memory", value=peak(), unit="MB"),
    ]


def naive(state: State) -> float:
    """Milliseconds to count once for every queue by looking at every job: of a sample of them, times their number."""
    jobs: list[Any] = list(state.world.rows[Kind.JOB].values())
    queues: list[Any] = list(state.world.rows[Kind.QUEUE].values())
    sample = queues[:50]
    before = time.perf_counter()
    for queue in sample:
        slow = sum(1 for row in jobs if row.queue == queue.name and row.home.confirmed_at - row.started_at > TEN_MINUTES)
        assert slow <= len(jobs) // QUEUES
    return (time.perf_counter() - before) / len(sample) * len(queues) * 1000


def main() -> list[Row]:
    """Rules first: their memory is the smaller one, and a process never has less than it had."""
    return [*many_rules(), *one_aggregate()]


if __name__ == "__main__":
    for line in main():
        print(line)
