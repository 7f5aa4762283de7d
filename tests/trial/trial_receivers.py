"""
Every receiver under every fault: connections refused, answers that never come, an hour of errors, a byte a second, certificates that are no good, resets, answers cut off or none at all; and the agent killed at each step between preparing, sending,
remembering and recording.

What was told arrives, in its order, and comes twice only where the protocol can't prevent it, never more often than our own counter says: the second table has it for each receiver. `make test` tells a few of these stories.
"""

from pathlib import Path
from typing import Final

from tests.conftest import lack
from tests.service.faults import mortal, stories
from tests.service.faults.sides import NEEDS, SIDES
from tests.trial.cases import Row

KILLED: Final = "killed "
CASES = [
    f"{name} | {fault}"
    for name in SIDES
    if not any(map(lack, NEEDS.get(name, ())))
    for fault in (*stories.FAULTS, *(f"{KILLED}{point}" for point in mortal.POINTS))
]


async def run(case: str, folder: Path) -> dict[str, object]:
    """One receiver under one fault."""
    name, _, fault = case.partition(" | ")
    killed = fault.startswith(KILLED)
    row = await (mortal.killed_at(name, fault.removeprefix(KILLED), folder) if killed else stories.under(name, fault, folder))
    return {"ok": not row["broken"], **row}


def sums(rows: list[Row]) -> list[Row]:
    """What the faults did to each receiver, all together."""
    found = []
    for name in dict.fromkeys(str(row["receiver"]) for row in rows if "receiver" in row):
        own = [row for row in rows if row.get("receiver") == name]
        columns = ("told", "shown", "collapsed", "lost", "out of order", "came twice", "counted as sent again")
        found.append({"receiver": name, "faults": len(own), **{column: sum(int(row[column]) for row in own) for column in columns}})
    return found
