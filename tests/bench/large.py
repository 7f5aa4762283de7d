"""A very large Sidekiq in the engine's picture: 1,000 processes of 25 threads that are all busy, and rules of every kind on it."""

from pathlib import Path
from typing import Any, Final

from tests.scenario.conversation import found, process, redis, rules
from watchdog.engine.advance import advance
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State, begin
from watchdog.model.events import Delta, Event, Observed, RulesLoaded, Started
from watchdog.model.kinds import Kind, Source
from watchdog.model.told import Told
from watchdog.model.verdicts import Mode
from watchdog.web.answered import Answered
from watchdog.web.charts.charts import Charts

PROCESSES: Final = 1_000
THREADS: Final = 25
QUEUES: Final = 40
NOW: Final = 3_600_000
WALL: Final = 1_790_000_000_000
RULES: Final = """
rules:
  - {rule: stuck-job, each: job, where: 'job.queue in ["push", "pull"]', when: job.elapsed > 10m, for: 30s}
  - {rule: long-job, each: job, when: job.elapsed > 20m}
  - {rule: retried, each: job, when: 'job.retries > 5 and job.elapsed > 5m'}
  - {rule: silent, each: process, when: process.beat_age > 30s}
  - {rule: full, each: process, when: 'process.busy == process.threads and process.threads > 5', for: 10m}
  - {rule: hot, each: process, when: 'process.cpu > 95%', for: 5m}
  - {rule: fat, each: process, when: 'process.rss > 4GiB'}
  - {rule: held, each: process, when: 'share(job where job.process == process.id and job.elapsed > 10m) >= 50%'}
  - {rule: waiting, each: queue, when: queue.latency > 5m, for: 1m}
  - {rule: growing, each: queue, when: 'queue.size > 10000'}
"""


def large(processes: int = PROCESSES, threads: int = THREADS) -> tuple[RuleSet, State, int]:
    """The rules, the state after one full reading, and the number of its last event; some jobs and queues are near to firing, a few fire."""
    ruleset = rules(RULES, Mode.DRY_RUN)
    state, _ = advance(ruleset, begin(), Event(1, 0, WALL, Started("0", "boot-1", "web1")))
    state, _ = advance(ruleset, state, Event(2, 0, WALL, RulesLoaded(ruleset.digest, Mode.DRY_RUN)))
    changes: list[Delta] = []
    for number in range(processes):
        identity = f"web{number % 50}:{10_000 + number}:abcdef0123456789"
        beat = NOW - number * 10_000 // processes
        changes.append(
            process(identity, beat, queues=("push", "pull", f"q{number % QUEUES}"), threads=threads, rss=400_000_000 + number * 100_000, version="7.3.2") if number % 7
            else process(identity, beat - 25_000, queues=("default",), threads=threads, rss=300_000_000)
        )  # fmt: skip
        for thread in range(threads):
            run = number * threads + thread
            fields = {
                "jid": f"{run:024x}", "job_class": "ActivityPub::DeliveryWorker", "queue": ("push", "pull", "default")[run % 3], "process": identity, "host": f"web{number % 50}",
                "thread": f"t{thread}", "retries": run % 4, "started_at": beat - (run * 7919) % 601_000,
            }  # fmt: skip
            changes.append(Delta(Kind.JOB, f"{identity}/t{thread}/{run}", fields))
    changes.extend(
        Delta(
            Kind.QUEUE,
            f"q{number}",
            {"name": f"q{number}", "size": number * 240, "latency": number * 7_000, "threads": 25, "listeners": 1, "busy": 3},
        )
        for number in range(QUEUES)
    )
    totals = {
        "processes": processes,
        "threads": processes * threads,
        "busy": processes * threads,
        "enqueued": 90_000,
        "retries": 1_000_000,
        "scheduled": 500,
        "dead": 12,
    }
    changes.append(Delta(Kind.SIDEKIQ, "sidekiq", {**totals, "processed": 10_000_000, "failed": 5_000}))
    state, _ = advance(ruleset, state, Event(3, NOW, WALL + NOW, redis(*changes, complete=True)))
    here = tuple(found(f"web0:{10_000 + number}:abcdef0123456789") for number in range(0, processes, 50))
    state, _ = advance(ruleset, state, Event(4, NOW, WALL + NOW, Observed(Source.HOST, here, True)))
    return ruleset, state, 4


class Large:
    """The inside of an agent that sees it."""

    def __init__(self, ruleset: RuleSet, state: State, seq: int, *, folder: Path = Path("/nonexistent")) -> None:
        self.rules = ruleset
        self.state = state
        self.seq = seq
        self.folder = folder
        self.host = "web1"
        self.failing = ""
        self.charts = Charts()
        self.now = NOW

    def at(self) -> int:
        return self.now

    def wall(self) -> int:
        return WALL + self.now

    def picture(self) -> dict[str, Any]:
        raise AssertionError("no view asks for the whole picture")

    async def tell(self, told: Told) -> Answered:
        raise AssertionError(f"a view says nothing: {told}")
