"""
Storms again and again: Redis that takes no writes, a PostgreSQL that is gone or full, a surge, a deployment, and a host that stands still, for eight minutes as well.

In none of them is anybody sent a signal, each receiver hears of one cause once, and what is really stuck is ended afterwards, alone and not before its time. `make test` tells
each story once; the columns say how often rules fired here, and how often a guard kept them from acting.
"""

import os
from pathlib import Path
from typing import Final

from tests.conftest import lack
from tests.service.storm_stories import STORIES, stands_still
from tests.service.storms import Storm
from tests.service.test_storms import NEEDS
from tests.trial.cases import Row

EACH: Final = int(os.environ.get("STORMS", "5"))
MINUTES: Final = 8
LONG: Final = f"the host stands still for {MINUTES} minutes"
CASES = [
    f"{name} | {number}"
    for number in range(1, EACH + 1)
    for name in (*(name.replace("_", " ") for name in STORIES), LONG)
    if not any(lack(program) for program in NEEDS.get(name.replace(" ", "_"), ()))
]


async def run(case: str, folder: Path) -> Row:
    """One storm; the row says what the agent made of it."""
    name = case.partition(" | ")[0]
    async with Storm(folder / "s") as storm:
        if name == LONG:
            told: dict[str, float] | None = await stands_still(storm, seconds=MINUTES * 60)
        else:
            told = await STORIES[name.replace(" ", "_")](storm)
        rows = await storm.agent.audit()
    return {
        "ok": True,
        "story": name,
        "alerts": sum(row["kind"] == "alert" and row["outcome"] == "firing" for row in rows),
        "denied": sum(row["kind"] == "decision" and row["decision"] == "DENY" for row in rows),
        "guards": ", ".join(sorted({row["guard"] for row in rows if row["kind"] == "decision" and row["guard"]})),
        "signals": sum(row["kind"] == "intent" for row in rows),
        **(told or {}),
    }
