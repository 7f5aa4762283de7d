"""
Things done to units of a booted Debian by an agent that is killed at every single step, before it and after it, and started again: a unit is started, a command is run, an instance is stopped.

`make test` does so around what can't be undone; here are all points, each on a machine of its own. Whatever the moment, each thing is done once and told truly. An agent that has done its work
before it came to the point has not died (`died`).
"""

import asyncio
import inspect
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.host.systemd import deaths
from tests.host.systemd.conftest import redis_in, with_users
from tests.host.systemd.test_commands import installed
from tests.host.systemd.test_scaling import two_instances
from tests.host.systemd.test_start_unit import ready
from tests.patience import PATIENCE
from tests.suites.booted import boot

STORIES = {"start_unit": (ready, deaths.started), "run": (installed, deaths.ran), "scale_in": (two_instances, deaths.stopped)}
"""Action → what makes a machine ready for it, and what happens there."""
CASES = [f"{action} {point}" for action, points in deaths.POINTS.items() for point in points]


async def until(condition: Callable[[], Any], *, within: float = PATIENCE, what: str = "") -> Any:
    """As the fixture of that name."""
    deadline = time.monotonic() + within
    while True:
        seen = condition()
        if seen := (await seen if inspect.isawaitable(seen) else seen):
            return seen
        assert time.monotonic() < deadline, f"waited {within} s for {what or inspect.getsource(condition).strip()}"
        await asyncio.sleep(0.05)


async def run(case: str, folder: Path) -> dict[str, object]:
    """One point."""
    action, _, point = case.partition(" ")
    prepared, story = STORIES[action]
    with boot() as machine:
        with_users(machine)
        async with redis_in(machine, until) as inside:
            with prepared(machine):
                died = await story(machine, inside, until, point)
    return {"ok": True, "point": case, "died": died}
