"""
Retries that a rule takes while its agent is killed at every transaction, every command, and before and after single jobs, and started again.

`make test` does so at six of these points; `tests/service/edit` at every call of the store and of Redis, without an agent around it. Whatever the moment: each of the 120 is
taken once, and nothing else.
"""

from pathlib import Path

from tests.service.test_edits import killed_at

STEPS = {
    "commit": range(1, 7),
    "CountJobs": (1,),
    "TakeJobs": (1,),
    "begin": (1, 2, 3),
    "edit": (1, 2, 25, 50, 51, 75, 99, 101, 120),
    "settle": (1, 2, 3),
}
CASES = [f"{step}:{number}:{when}" for step, numbers in STEPS.items() for number in numbers for when in ("before", "after")]


async def run(case: str, folder: Path) -> dict[str, object]:
    """One point."""
    await killed_at(case, folder / "room")
    return {"ok": True, "point": case}
