"""
A Sidekiq is killed, and its agent at every single step of putting back what it held, before it and after it; then the agent is started again.

`make test` does so around what can't be undone; here are all points. Whatever the moment: each job is back in its queue, once.
"""

from pathlib import Path

from tests.service.test_put_back_jobs import POINTS, put_back_at

CASES = [*POINTS]


async def run(case: str, folder: Path) -> dict[str, object]:
    """One point."""
    await put_back_at(case, folder / "room")
    return {"ok": True, "point": case}
