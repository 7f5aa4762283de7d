"""Engine time over a boot: how much of it has gone by, whatever the clock on the wall says."""

import pytest

from watchdog.engine.advance import advance
from watchdog.engine.ledger import Cooldown, Ledger
from watchdog.engine.rules import NO_RULES
from watchdog.engine.state import begin
from watchdog.engine.switches import Pause
from watchdog.model.events import Event, Started

DAY = 86_400_000
WALL = 1_790_000_000_000
BEFORE = Ledger(
    seq=9, at=50 * DAY, wall=WALL, boot_id="boot-1", host="web1", cooldowns={"web1/app": Cooldown(50 * DAY - 60_000, "r", "terminate_process")},
    pauses={"ada": Pause("ada", "deploy", 50 * DAY + 600_000)},
)  # fmt: skip


@pytest.mark.parametrize(
    ("at", "off", "passed"),
    [
        (20_000, 300_000, 20_000),
        (20_000, 5_000, 5_000),
        (20_000, DAY, 20_000),
        (20_000, 30 * 365 * DAY, 20_000),
        (20_000, -DAY, 0),
        (20_000, -WALL, 0),
        (9 * DAY, 30_000, 30_000),
        (9 * DAY, -30_000, 0),
    ],
    ids=[
        "off for minutes",
        "at once",
        "a day ahead",
        "decades ahead",
        "a day behind",
        "1970",
        "a container",
        "a container, the clock behind",
    ],
)
def test_how_much_has_passed(at, off, passed):
    """No more than since the boot, no more than by the clock on the wall, and no less than nothing: a cooldown neither vanishes nor lasts for years."""
    state, _ = advance(NO_RULES, begin(BEFORE), Event(10, at, WALL + off, Started("0", "boot-2", "web1")))
    ledger = state.ledger
    until_at = ledger.pauses["ada"].until_at
    assert until_at is not None
    assert at - ledger.cooldowns["web1/app"].ended_at == 60_000 + passed
    assert until_at - at == 600_000 - passed
    assert (ledger.at, ledger.boot_id) == (at, "boot-2")


def test_within_a_boot_nothing_is_moved():
    """Engine time has gone on, and the clock on the wall says nothing."""
    state, _ = advance(NO_RULES, begin(BEFORE), Event(10, 50 * DAY + 1_000, WALL - DAY, Started("0", "boot-1", "web1")))
    assert (state.ledger.cooldowns, state.ledger.pauses) == (BEFORE.cooldowns, BEFORE.pauses)
