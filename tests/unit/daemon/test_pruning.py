"""Old rows go: soon after each start, and each day from then on."""

import asyncio
import logging

import pytest

from watchdog.clock import Clock
from watchdog.daemon.pruning import DAY, KEPT, prune_daily
from watchdog.store.failures import StoreDamagedError, StoreError

pytestmark = pytest.mark.looptime


class Pruned:
    """Notes when it was asked, and for what."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, int]] = []
        self.failure: StoreError | None = None

    async def prune(self, before: int) -> int:
        self.asked.append((asyncio.get_running_loop().time(), before))
        if self.failure is not None:
            raise self.failure
        return 0


@pytest.fixture
async def pruning():
    """Starts the pruning of such a store."""
    tasks = []

    def start():
        store = Pruned()
        tasks.append(asyncio.create_task(prune_daily(store, Clock())))  # type: ignore[arg-type]
        return store, tasks[0]

    yield start
    for task in tasks:
        task.cancel()
        await asyncio.wait({task})


async def test_it_comes_soon_after_the_start_and_each_day(pruning):
    """An agent that is restarted each night prunes as well; a year is kept."""
    store, _ = pruning()
    await asyncio.sleep(700 + 2 * DAY / 1000)
    moments = [moment for moment, _ in store.asked]
    assert moments == [600, 600 + DAY / 1000, 600 + 2 * DAY / 1000]
    assert abs(Clock().wall() - KEPT - store.asked[-1][1]) < 60_000


async def test_a_failure_is_said_and_it_is_tried_the_next_day(pruning, caplog):
    """A full disk on that day stops nothing."""
    store, task = pruning()
    store.failure = StoreError("disk full")
    with caplog.at_level(logging.WARNING, "watchdog"):
        await asyncio.sleep(700 + DAY / 1000)
    assert len(store.asked) == 2
    assert not task.done()
    assert "could not be removed today: disk full" in caplog.text


async def test_damage_is_passed_on(pruning):
    """A damaged database is for the whole agent to end with."""
    store, task = pruning()
    store.failure = StoreDamagedError("malformed")
    with pytest.raises(StoreDamagedError):
        await task
