"""
A whole day of an ordinary Mastodon server in some seconds, several times with other jobs: every action, every denial with its reason, and what came of it.

The same server and the same programme as in `tests/scenario/test_day.py`, which lives some hours of it. The account is printed below the row of each day.
"""

import io
import time
from collections import Counter
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.scenario.day_programme import CHAPTERS, as_table, differences, lived, unexplained
from tests.trial.cases import Row

DAYS: Final = 5
LONGEST: Final = 60
"""Seconds of processor time that a day may take: in real time it takes as long where nothing else runs."""
CASES = [f"a day, seed {seed}" for seed in range(1, DAYS + 1)]
_WIDTH: Final = 220


async def run(case: str, folder: Path) -> Row:
    """One day; the row says how long it took, and what it came to."""
    began, used = time.monotonic(), time.process_time()
    day = lived(folder, seed=int(case.rpartition(" ")[2]))
    took, used = time.monotonic() - began, time.process_time() - used
    wrong = [*differences(day, "00:00", "24:00"), *unexplained(day), *(f"lost or done twice: {jid}" for jid in day.lost())]
    decisions = Counter(row.decision for _, row in day.said if row.kind == "decision" and row.outcome != "no longer wanted")
    guards = Counter(
        row.guard for _, row in day.said if row.kind == "decision" and row.decision == "DENY" and row.outcome != "no longer wanted"
    )
    printed = io.StringIO()
    Console(file=printed, width=_WIDTH).print(as_table(day))
    return {
        "ok": not wrong and used < LONGEST,
        "took": f"{took:.1f} s", "processor": f"{used:.1f} s", "events": len(day.events), "jobs": len(day.pushed), "chapters": len(CHAPTERS),
        "allowed": decisions["ALLOW"], "asked": decisions["ASK"], "denied": decisions["DENY"], "signals": len(day.sent),
        "guards": ", ".join(f"{guard} {count}" for guard, count in sorted(guards.items())),
        "error": "; ".join(wrong) if wrong else "" if used < LONGEST else f"a day took {used:.0f} s",
        "traceback": printed.getvalue().splitlines(),
    }  # fmt: skip
