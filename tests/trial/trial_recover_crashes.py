"""
A recovery with jobs in flight whose agent is killed at every single step, before it and after it, and started again.

`make test` does so around what can't be undone; here are all points. Whatever the moment: the recovery ends, the process is killed once, and each job
is in one place.
"""

from pathlib import Path

from tests.service.test_recover_crashes import POINTS, killed_at

CASES = [*POINTS]


async def run(case: str, folder: Path) -> dict[str, object]:
    """One point."""
    await killed_at(case, folder / "room")
    return {"ok": True, "point": case}
