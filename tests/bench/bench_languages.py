"""
What an evaluation costs here, written by hand, and in other languages for conditions; all in one run on one machine.

Nanoseconds an evaluation. CEL in Rust is measured twice: with the entity handed over each time, as a watchdog must whose entities change, and with one
that was handed over before, which leaves nothing but the evaluation. The Python languages get a dict, which costs them nothing to take.
"""

import timeit
from collections.abc import Callable
from typing import Any, NamedTuple

import cel
import celpy
import celpy.adapter
import rule_engine

from tests.bench.rows import Row
from watchdog.lang.condition import read_condition
from watchdog.lang.nowhere import NOWHERE
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind
from watchdog.model.rows import ROW_TYPES

NOW = 2_000_000
SECONDS = 0.15
ROUNDS = 5


class Case(NamedTuple):
    """One condition in every language, and the entity that it is asked of as a dict."""

    kind: Kind
    here: str
    by_hand: Callable[[Any, int], bool]
    cel: str
    rule_engine: str
    entity: dict[str, Any]


CASES = (
    Case(
        Kind.JOB,
        'job.queue in ["push", "pull"] and job.elapsed > 10m',
        lambda row, now: row.queue in {"push", "pull"} and row.home.confirmed_at - row.started_at > 600_000,
        'job.queue in ["push", "pull"] && job.elapsed > 600000',
        'job.queue in ["push", "pull"] and job.elapsed > 600000',
        {"queue": "pull", "elapsed": 1_000_000},
    ),
    Case(
        Kind.PROCESS,
        "process.busy / process.threads >= 90% and process.rss > 2GB and not process.quiet",
        lambda row, now: row.busy / row.threads >= 0.9 and row.rss > 2_000_000_000 and not row.quiet,
        "double(process.busy) / double(process.threads) >= 0.9 && process.rss > 2000000000 && !process.quiet",
        "process.busy / process.threads >= 0.9 and process.rss > 2000000000 and not process.quiet",
        {"busy": 10, "threads": 10, "rss": 3_000_000_000, "quiet": False},
    ),
)  # fmt: skip


def rows() -> dict[Kind, Any]:
    """One row of each kind, of which all parts of the cases are true."""
    process: Any = ROW_TYPES[Kind.PROCESS]("web1:7:abc")
    process.confirmed_at, process.quiet, process.busy, process.threads, process.rss = 1_000_000, False, 10, 10, 3_000_000_000
    job: Any = ROW_TYPES[Kind.JOB]("web1:7:abc/1/2/3")
    job.queue, job.started_at, job.home = "pull", 0, process
    return {Kind.PROCESS: process, Kind.JOB: job}


def cost(evaluate: Callable[..., object], *arguments: object) -> float:
    """Nanoseconds a call, the best of some rounds; it must be true."""
    assert evaluate(*arguments)
    names = [f"a{number}" for number in range(len(arguments))]
    timer = timeit.Timer(f"evaluate({', '.join(names)})", globals={"evaluate": evaluate, **dict(zip(names, arguments, strict=True))})
    number, took = timer.autorange()
    number = max(1, int(number * SECONDS / took))
    return min(timer.repeat(number=number, repeat=ROUNDS)) / number * 1e9


def others(case: Case) -> list[tuple[str, float]]:
    """What each other language takes for the same."""
    given = {case.kind.value: case.entity}
    rust, prepared = cel.compile(case.cel), cel.Context()
    prepared.add_variable(case.kind.value, case.entity)
    engine = rule_engine.Rule(case.rule_engine, context=rule_engine.Context(resolver=rule_engine.resolve_item))
    environment = celpy.Environment()
    python = environment.program(environment.compile(case.cel))
    activation: Any = celpy.adapter.json_to_cel(given)
    return [
        ("CEL in Rust, entity handed over", cost(rust.execute, given)),
        ("CEL in Rust, entity there already", cost(rust.execute, prepared)),
        ("rule-engine", cost(engine.matches, given)),
        ("cel-python", cost(python.evaluate, activation)),
    ]


def main() -> list[Row]:
    """Each case: ours beside hand-written Python, the others beside ours."""
    measured: list[Row] = []
    by_kind = rows()
    for case in CASES:
        condition, problems = read_condition(Text(case.here, "bench"), case.kind)
        assert condition is not None, problems
        row = by_kind[case.kind]
        hand, ours = cost(case.by_hand, row, NOW), cost(condition.holds, row, NOW, NOWHERE)
        measured.append(Row(what=case.here, value=ours, unit="ns", beside=hand, beside_what="written by hand", goal="≤ 1.5 ×"))
        measured += [Row(what=name, value=takes, unit="ns", beside=ours, beside_what="here") for name, takes in others(case)]
    return measured


if __name__ == "__main__":
    for line in main():
        print(line)
