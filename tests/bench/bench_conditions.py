"""
What a condition costs, next to the same condition written by hand.

Nanoseconds a call. The entity is one for which every part of the condition must be looked at.
"""

import timeit
from collections.abc import Callable
from typing import Any

from tests.bench.rows import Row
from watchdog.lang.condition import read_condition
from watchdog.lang.demands import Function, Tally
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind
from watchdog.model.rows import ROW_TYPES

CALLS = 200_000
ROUNDS = 7


class Kept:
    """A world that has every answer at hand: what asking costs is not what is measured."""

    def __init__(self) -> None:
        self.answer, self.group = 2_500_000_000.0, Tally(all=10, true=4)

    def over(self, series: str, entity: str, function: Function, window: int, now: int) -> Any:
        return self.answer

    def tally(self, aggregate: str, group: object) -> Tally:
        return self.group


def stuck(row: Any, now: int, scope: Any) -> bool:
    """A job of two queues that runs too long."""
    return row.queue in {"push", "pull"} and row.home.confirmed_at - row.started_at > 600_000


def silent(row: Any, now: int, scope: Any) -> bool:
    """A local process that lives and does not beat."""
    return row.local and row.alive and now - row.confirmed_at > 30_000


def held(row: Any, now: int, scope: Any) -> bool:
    """A process that is full and big."""
    return row.busy / row.threads >= 0.9 and row.rss > 2_000_000_000 and not row.quiet


def full(row: Any, now: int, scope: Any) -> bool:
    """A comparison with calculated floats, which have to be looked at for being finite."""
    return row.busy > row.threads * 0.8


def big(row: Any, now: int, scope: Any) -> bool:
    """A history, asked once."""
    average = scope.over("process: process.rss", row.id, Function.AVG, 300_000, now)
    return 2_000_000_000 < average < row.rss


def crowded(row: Any, now: int, scope: Any) -> bool:
    """An aggregate that is kept for the entity."""
    tally = scope.tally("job: job where job.elapsed > 10m by job.process", row.id)
    return not tally.unknown and tally.true > 3


CASES: tuple[tuple[str, Kind, Callable[[Any, int, Any], bool]], ...] = (
    ('job.queue in ["push", "pull"] and job.elapsed > 10m', Kind.JOB, stuck),
    ("process.local and process.alive and process.beat_age > 30s", Kind.PROCESS, silent),
    ("process.busy / process.threads >= 90% and process.rss > 2GB and not process.quiet", Kind.PROCESS, held),
    ("process.busy > process.threads * 80%", Kind.PROCESS, full),
    ("avg(process.rss, 5m) > 2GB and avg(process.rss, 5m) < process.rss", Kind.PROCESS, big),
    ("count(job where job.process == process.id and job.elapsed > 10m) > 3", Kind.PROCESS, crowded),
)


def rows() -> dict[Kind, Any]:
    """One row of each kind, with all that the cases read."""
    process: Any = ROW_TYPES[Kind.PROCESS]("web1:7:abc")
    process.confirmed_at, process.local, process.alive, process.quiet = 1_000_000, True, True, False
    process.busy, process.threads, process.rss = 10, 10, 3_000_000_000
    job: Any = ROW_TYPES[Kind.JOB]("web1:7:abc/1/2/3")
    job.queue, job.started_at, job.home = "pull", 0, process
    return {Kind.PROCESS: process, Kind.JOB: job}


def cost(function: Callable[[Any, int, Any], object], row: Any, scope: Any) -> float:
    """Nanoseconds a call, the best of some rounds."""
    timer = timeit.Timer("function(row, 2_000_000, scope)", globals={"function": function, "row": row, "scope": scope})
    return min(timer.repeat(number=CALLS, repeat=ROUNDS)) / CALLS * 1e9


def main() -> list[Row]:
    """The cost of a condition beside the hand-written one, and that of its deadline."""
    measured: list[Row] = []
    by_kind = rows()
    scope: Any = Kept()
    for text, kind, by_hand in CASES:
        condition, problems = read_condition(Text(text, "bench"), kind)
        assert condition is not None, problems
        row = by_kind[kind]
        assert condition.holds(row, 2_000_000, scope) is by_hand(row, 2_000_000, scope) is True
        hand, compiled = cost(by_hand, row, scope), cost(condition.holds, row, scope)
        measured += [
            Row(what=text, value=compiled, unit="ns", beside=hand, beside_what="written by hand", goal="≤ 1.5 ×"),
            Row(what=f"deadline of {text}", value=cost(condition.deadline, row, scope), unit="ns"),
        ]
    return measured


if __name__ == "__main__":
    for line in main():
        print(line)
