"""What the loop of turns counts, and what is told of an agent beside its state."""

import asyncio

import pytest

from tests.unit.daemon.conftest import FULL, FakeStore
from tests.unit.daemon.story import STUCK, loaded, stuck
from watchdog.clock import Clock
from watchdog.daemon.status import StatusKeeper
from watchdog.model.events import Observed, Paused, TimeReached
from watchdog.model.kinds import Source
from watchdog.store.standing import OutboxCounts

pytestmark = pytest.mark.looptime


class CountingStore(FakeStore):
    """Says what waits in it, unless it is told not to."""

    def __init__(self) -> None:
        super().__init__()
        self.quarantine = self

    async def outbox_counts(self):
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return {"ops": OutboxCounts(1, 2, 3, 4, "")}

    async def count(self):
        return 5


async def test_each_turn_counts_once_it_is_committed(run):
    """By kind of event and by what came of it; how long the engine took, and where something was written how long that took."""
    one = run()
    await loaded(one, STUCK)
    await one.turns.settle(stuck())
    await one.turns.settle(Observed(Source.HOST, ()))
    counted = one.turns.counted

    assert {kind.__name__: count for kind, count in counted.events.items()} == {"Started": 1, "RulesLoaded": 1, "Observed": 2}
    assert sum(counted.turns.counts) == 4
    assert sum(counted.commits.counts) == len(one.store.commits) == 3
    assert counted.sums.by_name["watchdog_alert_changes_total"] == {("stuck-job", "firing"): 1}
    assert counted.turns.total > 0


async def test_what_was_undone_has_not_happened(run):
    """A turn that could not be written down counts as such, and its alert once it is."""
    one = run()
    await loaded(one, STUCK)
    one.store.failure = FULL
    one.turns.offer(stuck())
    await asyncio.sleep(2.5)
    counted = one.turns.counted
    assert counted.undone >= 2
    assert Observed not in counted.events
    assert "watchdog_alert_changes_total" not in counted.sums.by_name

    one.store.failure = None
    await asyncio.sleep(2)
    assert counted.events[TimeReached] >= 1
    assert counted.sums.by_name["watchdog_alert_changes_total"] == {("stuck-job", "firing"): 1}


async def test_events_that_wait_are_counted(run):
    """Those in the inbox behind the one that is being written down."""
    one = run()
    await one.turns.settle(Paused("ada", "x"))
    one.store.gate.clear()
    one.store.asked.clear()
    for number in range(3):
        one.turns.offer(Paused("ada", str(number)))
    await one.store.asked.wait()
    assert one.turns.waiting == 2
    one.store.gate.set()


async def test_figures_of_an_agent(run):
    """What waits to be told and what is in quarantine as the store says, and what the loop has counted."""
    one = run(CountingStore())
    figures = await StatusKeeper(store=one.store, clock=Clock(), turns=one.turns, host="web1").figures()

    assert figures.outbox is not None
    assert (figures.outbox["ops"].delivered, figures.quarantined) == (2, 5)
    assert figures.counted is one.turns.counted
    assert (figures.failing, figures.refused, figures.waiting) == (False, False, 0)
    assert (figures.cost, figures.trace, figures.tracking) == (None, None, None)


@pytest.mark.parametrize("how", ["fails", "hangs"])
async def test_a_store_that_says_nothing_keeps_nobody_from_being_told_the_rest(run, how):
    """A disk that is broken, or that does not answer within a second: all other figures come."""
    one = run(CountingStore())
    await one.turns.settle(Paused("ada", "x"))
    if how == "fails":
        one.store.failure = FULL
    else:
        one.store.gate.clear()
    keeper = StatusKeeper(store=one.store, clock=Clock(), turns=one.turns, host="web1")
    keeper.reload_refused("a mistake")
    began = asyncio.get_running_loop().time()
    figures = await keeper.figures()

    assert (figures.outbox, figures.quarantined) == (None, None)
    assert figures.refused
    assert sum(figures.counted.turns.counts) == 1
    assert asyncio.get_running_loop().time() - began <= 1.5
