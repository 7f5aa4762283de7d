"""
What a replay takes: a week of an ordinary server, as it was decided and under other rules, beside the mere reading of the same events.

The rules are all those of the packs, and seven of them: what a replay takes grows with the rules, and with what they count. All of it is done on as many cores as there are, up to eight; of the rules that are tried nothing comes in an ordinary week, so that none of it
is played twice. Writing the week takes a minute or two, and is done once.
"""

import gc
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import week
from tests.bench.rows import Row
from watchdog.config import inspect_rules
from watchdog.model.verdicts import Mode
from watchdog.replay.report import as_it_was, tried
from watchdog.store.trace.reading import Segment, segments

DAYS = 7
PACKS = Path(__file__).parents[2] / "rules"
GOAL = "< 60"
FEW = ("check-failing", "queue-latency", "redis-full", "silent-process", "stuck-job", "threads-held", "stuck-delivery")


def seconds(work: Callable[[], object]) -> float:
    """How long that takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> list[Row]:
    """Read, played as it was, tried."""
    rules, _ = inspect_rules([PACKS / "sidekiq", PACKS / "mastodon"])
    rules = rules.but(mode=Mode.DRY_RUN)
    folder = week.kept(rules, DAYS)
    gc.collect()
    gc.freeze()
    number = 0

    def read() -> None:
        nonlocal number
        number = sum(1 for segment in segments(folder) if isinstance(segment, Segment) for _ in segment.records())

    reading = seconds(read)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    exact = seconds(lambda: as_it_was(folder, rules, since=None, until=None, database=None))
    trial = seconds(lambda: tried(folder, rules, since=None, until=None))
    few, _ = inspect_rules([path for path in sorted(PACKS.glob("*/*.yml")) if path.stem in FEW])
    less = seconds(lambda: tried(folder, few.but(mode=Mode.DRY_RUN), since=None, until=None))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    name, cores = f"3 × 25, a week, {number:,} events, {len(rules.rules)} rules", len(os.sched_getaffinity(0))
    taken = {
        f"{name}: as it was decided, on {cores} cores": exact,
        f"{name}: under other rules, on {cores} cores": trial,
        f"the same week, {len(few.rules)} rules: under other rules, on {cores} cores": less,
    }
    rows = [Row(what=what, value=value, unit="s", beside=reading, beside_what="reading them", goal=GOAL) for what, value in taken.items()]
    return [*rows, Row(what=f"{name}: memory more than for reading", value=grown, unit="MB")]


if __name__ == "__main__":
    for row in main():
        print(row)
