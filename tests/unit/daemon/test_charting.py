"""The charts of a running agent: looked at each half minute, kept each five minutes and at the end."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from watchdog.clock import Clock
from watchdog.daemon.charting import ChartKeeper
from watchdog.model.events import Delta, Observed, Started
from watchdog.model.kinds import Kind, Source
from watchdog.web.charts.file import NAME, restored

pytestmark = pytest.mark.looptime


class FakeFollower:
    """Redis spends a thousandth of a core on it."""

    def budget(self) -> dict[str, float]:
        return {"share": 0.001}


@pytest.fixture
async def start(run, tmp_path: Path):
    """Starts a keeper on a loop of turns that has read Redis; `used` counts how often it was asked what the agent has used."""
    tasks = []

    async def begin():
        one = run()
        await one.turns.settle(Started("0", "boot-1", "web1"))
        await one.turns.settle(Observed(Source.REDIS, (Delta(Kind.QUEUE, "push", {"size": 4}),), complete=True))
        used = iter(range(1_000))
        follower: Any = FakeFollower()
        keeper = ChartKeeper(tmp_path, turns=one.turns, clock=Clock(), follower=follower, used=lambda: float(next(used)))
        tasks.append(asyncio.create_task(keeper.run()))
        return keeper

    yield begin
    for task in tasks:
        task.cancel()
        await asyncio.wait({task})


async def test_it_looks_each_half_minute(start) -> None:
    """After two minutes there are the looks at 3, 33, 63 and 93 s; what the agent uses is known from the second on."""
    keeper = await start()
    await asyncio.sleep(120)
    lines = {(line.name, line.of): line.values for line in keeper.charts.series()}
    assert lines["queue.size", "push"] == (4.0,) * 4
    assert lines["agent.redis", ""] == (0.001,) * 4
    assert lines["agent.cpu", ""] == (None, *[pytest.approx(1 / 30, rel=0.01)] * 3)


async def test_it_writes_each_five_minutes(start, tmp_path: Path) -> None:
    """With the tenth look the file is there; a successor has what was kept."""
    keeper = await start()
    await asyncio.sleep(270)
    assert not (tmp_path / NAME).exists()
    await asyncio.sleep(10)
    await keeper.keep()
    assert [line.values for line in restored(tmp_path)[0].series("queue.size")] == [(4.0,) * 10]


async def test_a_folder_that_takes_nothing_ends_nobody(start, tmp_path: Path) -> None:
    """Charts that can't be written are still shown."""
    keeper = await start()
    (tmp_path / f".{NAME}").mkdir()
    await asyncio.sleep(400)
    await keeper.keep()
    assert len(keeper.charts.series("queue.size")[0].values) == 14
