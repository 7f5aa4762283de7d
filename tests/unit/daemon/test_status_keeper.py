"""The picture in the store: when it is written, and what happens when it can't be."""

import asyncio
import itertools

import msgspec
import orjson
import pytest

from tests.unit.daemon.conftest import FULL, FakeStore
from watchdog.cli.picture import read_picture
from watchdog.clock import Clock
from watchdog.daemon.lock_counting import LockCounter
from watchdog.daemon.status import StatusKeeper
from watchdog.model.events import Paused, Resumed, SourceLost, Started
from watchdog.model.kinds import Source
from watchdog.picture.picture import Locks
from watchdog.recovery.lock_census import LockCensus
from watchdog.store.failures import StoreDamagedError
from watchdog.store.standing import OutboxCounts

pytestmark = pytest.mark.looptime


class StatusStore(FakeStore):
    """Keeps the pictures, with the moment of each."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[tuple[float, dict]] = []
        self.tried = 0

    async def outbox_counts(self):
        self.tried += 1
        if self.failure is not None:
            raise self.failure
        return {"ops": OutboxCounts(1, 2, 3, 4, "")}

    async def keep_status(self, data: bytes) -> None:
        self.pictures.append((asyncio.get_running_loop().time(), orjson.loads(data)))


@pytest.fixture
async def start(run):
    """Starts a keeper that runs, on a loop of turns; begun in the test, for only there is time virtual."""
    tasks = []

    async def begin():
        one = run(StatusStore())
        keeper = StatusKeeper(store=one.store, clock=Clock(), turns=one.turns, host="web1")
        one.turns._after_turn = keeper.turned
        await one.turns.settle(Started("0", "boot-1", "web1"))
        task = asyncio.create_task(keeper.run())
        tasks.append(task)
        return keeper, one, task

    yield begin
    for task in tasks:
        task.cancel()
        await asyncio.wait({task})


async def test_an_idle_agent_is_shown_every_ten_seconds(start):
    """The picture says when it was made: one that is not renewed is of an agent that hangs."""
    _keeper, one, _task = await start()
    await asyncio.sleep(45)
    moments = [moment for moment, _ in one.store.pictures]
    assert all(later - sooner <= 10.5 for sooner, later in itertools.pairwise(moments))
    assert 4 <= len(moments) <= 6


async def test_a_change_is_shown_soon_and_many_are_shown_together(start):
    """At most two pictures a second, and the last one is of the last change."""
    _keeper, one, _task = await start()
    await asyncio.sleep(5)
    before = len(one.store.pictures)
    for number in range(100):
        one.turns.offer(Paused("somebody", str(number)))
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.6)
    pictures = [picture for _, picture in one.store.pictures[before:]]
    assert 2 <= len(pictures) <= 6
    assert pictures[-1]["paused"]["reason"] == "99"


async def test_what_it_shows(start):
    """The agent itself, the engine's state, and how each receiver stands."""
    _keeper, one, _task = await start()
    await asyncio.sleep(1)
    _, picture = one.store.pictures[-1]
    assert picture["agent"]["host"] == "web1"
    assert picture["agent"]["failing"] == ""
    assert picture["outbox"] == {"ops": msgspec.to_builtins(OutboxCounts(1, 2, 3, 4, ""))}
    assert {"mode", "sources", "alerts", "incidents"} <= picture.keys()


async def test_locks_are_shown_as_soon_as_they_were_counted(start):
    """Before, nothing is said of them; afterwards the command of this version reads what was counted."""
    keeper, one, _task = await start()
    keeper.locks = LockCounter(lambda: pytest.fail("it is not to be asked here"), wall=lambda: 0)
    await asyncio.sleep(11)
    keeper.locks.found = LockCensus(1_200, 1_000, 3, 5)
    await asyncio.sleep(11)
    first, last = (read_picture(orjson.dumps(one.store.pictures[number][1])).locks for number in (0, -1))
    assert first is None
    assert last == Locks(1_200, 1_000, 3, 5)


async def test_a_store_that_fails_is_tried_again(start):
    """That the picture can't be kept stops nothing; it is kept again as soon as it can."""
    _keeper, one, task = await start()
    one.store.failure = FULL
    await asyncio.sleep(25)
    tried, kept = one.store.tried, len(one.store.pictures)
    assert tried > kept
    one.store.failure = None
    await asyncio.sleep(11)
    assert len(one.store.pictures) > kept
    assert not task.done()


async def test_a_damaged_store_is_not_kept_quiet(start):
    """An agent that has nothing to commit still finds out that its memory is broken, before it must act."""
    _keeper, one, task = await start()
    one.store.failure = StoreDamagedError("malformed")
    with pytest.raises(StoreDamagedError):
        await asyncio.wait_for(task, 11)


async def test_the_line_for_systemd(start):
    """Mode, alerts, incidents; and whatever stands in the way of work."""
    keeper, one, _task = await start()
    assert keeper.line() == "observe: 0 alerts, 0 incidents"
    await one.turns.settle(SourceLost(Source.REDIS, "timeout", "no answer"))
    await one.turns.settle(Paused("somebody", "why not"))
    assert keeper.line() == "observe: 0 alerts, 0 incidents, can't read redis, paused"
    one.store.failure = FULL
    one.turns.offer(Resumed("somebody"))
    await asyncio.sleep(0.1)
    assert keeper.line().endswith("paused, can't write anything down and does nothing")


async def test_a_refused_reload_stays_until_one_is_taken_over(start):
    """It stands in the picture and in the line of systemd with the first mistake, and is gone with the next reload that is taken over."""
    keeper, one, _ = await start()
    keeper.reload_refused("rules.yml:2:1: E101 x")
    assert keeper.line() == "observe: 0 alerts, 0 incidents, reload refused"
    await keeper.keep()
    refused = read_picture(orjson.dumps(one.store.pictures[-1][1])).refused
    assert refused is not None
    assert refused.why == "rules.yml:2:1: E101 x"
    keeper.reload_refused("")
    assert keeper.line() == "observe: 0 alerts, 0 incidents"
    await keeper.keep()
    assert read_picture(orjson.dumps(one.store.pictures[-1][1])).refused is None
