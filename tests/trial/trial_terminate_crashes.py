"""
The end of a process whose agent is killed at every single step, before it and after it, and started again.

`make test` does so around what can't be undone; here are all points. Whatever the moment: the process is ended once, KILL comes neither early nor to
another, and its job is put back once.
"""

from pathlib import Path

from tests.service.test_crashes import POINTS, terminated_at

CASES = [*POINTS]


async def run(case: str, folder: Path) -> dict[str, object]:
    """One point."""
    await terminated_at(case, folder / "room")
    return {"ok": True, "point": case}
