"""
Real Sidekiqs crash under 300 jobs a second, killed from outside, or by the kernel for want of memory; the agent watches, and its one rule puts back what is known (`put_back_jobs`).

With *fetch* none may be lost. With *observe* at most one for each thread that was idle, between fetch and note, and never more than the agent says itself. Without the probe
what ran is lost: that row is for comparison, and says how many of the lost the log names. A job that was done in the very moment of the crash is put back as well: Sidekiq promises
at least once, and so do we. Each case has seeds of its own.
"""

import random
from collections import Counter
from pathlib import Path
from typing import Final

from tests.service.matrix.parts import SIDEKIQS
from tests.service.probe.crashing import WAYS, crash_before_an_agent
from tests.service.probe.running import Place

CRASHES: Final = 25
_SUITES: Final = {release: suite for suite, release in SIDEKIQS.items()}
CASES = [f"Sidekiq {release}, {strength}, {way}" for release in _SUITES for strength in ("off", "observe", "fetch") for way in WAYS]


async def run(case: str, folder: Path) -> dict[str, object]:
    """The crashes of one case; the row sums up what became of the jobs."""
    release, strength, way = case.removeprefix("Sidekiq ").split(", ")
    chance = random.Random(case)
    total: Counter[str] = Counter()
    worst, ok = 0, True
    async with Place(_SUITES[release], folder / "place") as place:
        for number in range(CRASHES):
            row = await crash_before_an_agent(place, folder / str(number), strength, way, rate=300, chance=chance)
            total.update(row)
            worst = max(worst, row["lost"])
            if strength == "fetch":
                ok = ok and not row["lost"] and not row["unnamed at most"]
            elif strength == "observe":
                ok = ok and row["lost"] <= row["unnamed at most"]
            ok = ok and not row["keys left"]
    return {"ok": ok, "crashes": CRASHES, "lost at worst": worst, **total}
