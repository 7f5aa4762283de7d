"""
Real Sidekiqs are killed again and again under 300 jobs a second, with the probe and without: how many jobs are lost.

With *fetch* none may be. With *observe* it is at most one for each thread, those between the fetch and the note. Without the probe all that were running
are: that row is for comparison. Each case has seeds of its own, so it can be run again.
"""

import random
from collections import Counter
from pathlib import Path
from typing import Final

from tests.service.matrix.parts import SIDEKIQS
from tests.service.probe.running import THREADS, Place, kill_under_load

KILLS: Final = 25
MOST_LOST: Final = {"fetch": 0, "observe": THREADS}
_SUITES: Final = {release: suite for suite, release in SIDEKIQS.items()}
CASES = [
    f"Sidekiq {release}, {strength}, {number}" for release in _SUITES for strength in ("off", "observe", "fetch") for number in range(1, 5)
]


async def run(case: str, folder: Path) -> dict[str, object]:
    """The kills of one case; the row sums up what became of the jobs."""
    release, strength, _ = case.removeprefix("Sidekiq ").split(", ")
    chance = random.Random(case)
    total: Counter[str] = Counter()
    worst = 0
    async with Place(_SUITES[release], folder / "place") as place:
        for _ in range(KILLS):
            row = await kill_under_load(place, strength, rate=300, chance=chance)
            total.update(row)
            worst = max(worst, row["lost"])
    return {"ok": worst <= MOST_LOST.get(strength, worst) and not total["doubled"], "kills": KILLS, **total, "lost at worst": worst}
