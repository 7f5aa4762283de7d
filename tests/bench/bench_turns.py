"""
What a turn of the engine costs: with all beats changing, and when nothing happens.

Each beat of a process ends all its jobs and starts others, the worst that a beat can be. Beside it stands the
same judgement made over everything at every beat, by a loop written by hand for just this rule.
"""

import time
from collections.abc import Iterator
from typing import Any

from tests.bench.rows import Row
from tests.scenario.conversation import process, rules
from watchdog.engine.advance import advance
from watchdog.engine.due import next_due
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State, begin
from watchdog.model.events import Delta, Event, Gone, Observed, RulesLoaded, Started, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Mode

RULE = """
rules:
  - rule: stuck-job
    each: job
    where: job.queue in ["push", "pull"]
    when: job.elapsed > 10m
  - rule: silent
    each: process
    when: process.beat_age > 30s
"""
BEAT = 10_000


def identity(number: int) -> str:
    """The name of one process."""
    return f"web{number % 10}:{number}:abcdef012345"


def job(owner: str, thread: int, beat: int, at: int) -> Delta:
    """The job that this thread runs in that beat."""
    fields = {
        "jid": f"{beat:024x}", "job_class": "ActivityPub::DeliveryWorker", "queue": "push", "process": owner, "host": "web1", "thread": f"t{thread}",
        "retries": 0, "started_at": at - 500,
    }  # fmt: skip
    return Delta(Kind.JOB, f"{owner}/t{thread}/{beat}", fields)


def beats(processes: int, threads: int, rounds: int) -> Iterator[tuple[int, Observed]]:
    """Every beat of every process, spread over each round, with its engine time."""
    for beat in range(rounds):
        for number in range(processes):
            at = (beat + 1) * BEAT + number * BEAT // processes
            owner = identity(number)
            ended = tuple(Gone(Kind.JOB, f"{owner}/t{thread}/{beat - 1}", "finished") for thread in range(threads)) if beat else ()
            begun = tuple(job(owner, thread, beat, at) for thread in range(threads))
            yield at, Observed(Source.REDIS, (process(owner, at, threads=threads, busy=threads), *ended, *begun), complete=beat == 0)


def prepared(ruleset: RuleSet) -> tuple[State, int]:
    """A state under these rules, and the number of its last event."""
    state, _ = advance(ruleset, begin(), Event(1, 0, 0, Started("0", "boot", "web1")))
    state, _ = advance(ruleset, state, Event(2, 0, 0, RulesLoaded(ruleset.digest, Mode.ACT)))
    return state, 2


def turns(processes: int, threads: int, rounds: int) -> tuple[float, State, int]:
    """Microseconds a beat of one process, after a first round that fills the picture; the state, and its last event's number."""
    ruleset = rules(RULE)
    state, seq = prepared(ruleset)
    spent, counted = 0.0, 0
    for number, (at, observed) in enumerate(beats(processes, threads, rounds)):
        seq += 1
        event = Event(seq, at, at, observed)
        before = time.perf_counter()
        state, _ = advance(ruleset, state, event)
        if number >= processes:
            spent += time.perf_counter() - before
            counted += 1
    return spent / counted * 1e6, state, seq


def by_hand(state: State, at: int) -> float:
    """Microseconds that one pass over all jobs and processes takes in hand-written Python."""
    jobs: Any = list(state.world.rows[Kind.JOB].values())
    processes: Any = list(state.world.rows[Kind.PROCESS].values())
    before = time.perf_counter()
    stuck = [row for row in jobs if row.queue in ("push", "pull") and row.home.confirmed_at - row.started_at > 600_000]
    silent = [row for row in processes if at - row.confirmed_at > 30_000]
    assert stuck + silent == [], "nothing is wrong in this picture"
    return (time.perf_counter() - before) * 1e6


def idle(state: State, seq: int) -> float:
    """Microseconds of a turn in which only time went on, asking for the next deadline included."""
    ruleset = rules(RULE)
    at = max(row.confirmed_at for row in state.world.rows[Kind.PROCESS].values())  # type: ignore[attr-defined]  # slots come from the field table
    number = 2000
    before = time.perf_counter()
    for extra in range(number):
        state, effects = advance(ruleset, state, Event(seq + extra + 1, at + 1, at + 1, TimeReached()))
        next_due(state)
        assert not effects
    return (time.perf_counter() - before) / number * 1e6


def main() -> list[Row]:
    """The ordinary server and a large one."""
    rows = []
    for processes, threads, rounds in ((3, 25, 400), (1000, 25, 4)):
        each, state, seq = turns(processes, threads, rounds)
        at = (rounds + 1) * BEAT
        name = f"{processes} × {threads}"
        # As many beats as come in a second, each with its own pass in the naive form.
        naive = min(by_hand(state, at) for _ in range(5))
        rows += [
            Row(what=f"{name}: one beat, all its jobs new (turn)", value=each, unit="µs", beside=naive, beside_what="one full pass by hand"),
            Row(what=f"{name}: engine's share of a core", value=each * processes / BEAT / 10, unit="%",
                beside=naive * processes / BEAT / 10, beside_what="full pass at each beat"),
            Row(what=f"{name}: a turn in which only time went on", value=idle(state, seq), unit="µs", beside=naive, beside_what="one full pass by hand"),
        ]  # fmt: skip
    return rows


if __name__ == "__main__":
    for row in main():
        print(row)
