"""What the guards are shown, to be changed in one place a test."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, found, job, process
from watchdog.engine.guards.view import View
from watchdog.engine.ledger import Ledger
from watchdog.engine.targeting import find_target
from watchdog.engine.world import World
from watchdog.model.events import Observed
from watchdog.model.hours import Hours
from watchdog.model.kinds import Source
from watchdog.model.parameters import Allowance
from watchdog.model.targets import Signal

ONE = "web1:10:abc"
AT = 100_000


def picture(*changes: Any) -> World:
    """A picture of Redis read in full at `AT`."""
    world = World()
    world.take(Observed(Source.REDIS, changes, complete=True), AT)
    return world


@pytest.fixture
def view() -> Callable[..., View]:
    """`view(changes…)`: a request for TERM on a healthy local process whose job is stuck, but for what is named."""
    world = picture(process(ONE, AT - 5_000), job(ONE, "j1", 1_000))
    world.take(Observed(Source.HOST, (found(ONE),)), AT)
    target = find_target(world, ONE)
    base = View(
        at=AT, subject="7.0", incident="", rule="stuck-job", target=target.name, process=ONE, ref=target.ref, unreachable="", sources=(Source.HOST, Source.REDIS),
        settings={"settle": 0, "max_unhealthy": 0.5, "deploy": 1_800_000, "cooldown": 300_000, "cooldown_max": 14_400_000, "target_budget": Allowance(6, 86_400_000), "host_budget": Allowance(6, 3_600_000), "keep": 0.5, "alone": "when_half_held", "veto": (), "culprits": 3, "min_success": 0.5, "trials": 4, "protected": (), "budget": Allowance(3, 3_600_000), "flaps": Allowance(6, 3_600_000), "hours": Hours(0, 1_440), "zone": "local", "surge": "deny", "idle": 0.5, "answer_within": 3_600_000, "approvals": 1}, signal=Signal.TERM, holds=True, look=HEALTHY, committed=False,
        ledger=Ledger(at=AT), held={}, sick=frozenset(), cooldowns={}, world=world,
    )  # fmt: skip

    def make(**changes: Any) -> View:
        return msgspec.structs.replace(base, **changes)

    return make
