"""Turns whose commit fails: undone, repeated in order, and said once; in virtual time, with a store that does as it is told."""

import asyncio
import logging

import pytest

from tests.scenario.conversation import process, redis
from tests.unit.daemon.conftest import FULL
from tests.unit.daemon.story import LONG_QUEUE, ONE, SHORT_QUEUE, STUCK, loaded, queue, stuck
from watchdog.engine.ledger import Phase
from watchdog.model.events import (
    EffectDone,
    Paused,
    Resumed,
    SourceBack,
    SourceLost,
    Started,
)
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Sent
from watchdog.store.failures import StoreDamagedError

pytestmark = pytest.mark.looptime


async def test_an_event_that_others_wait_for_comes_again(run):
    """A turn that could not be committed is made again each second until it can; only then does whoever waits go on."""
    one = run()
    one.store.failure = FULL
    waiting = asyncio.create_task(one.turns.settle(Started("0", "boot-1", "web1")))
    await asyncio.sleep(5.5)
    assert not waiting.done()
    assert len(one.store.refused) == 6
    assert one.turns.failing == str(FULL)
    one.store.failure = None
    await asyncio.wait_for(waiting, 1.1)
    assert [row.outcome for commit in one.store.commits for row in commit.audit] == ["started"]
    assert one.turns.failing == ""


async def test_events_keep_their_order_over_a_failure(run):
    """What was lost while nothing could be written, and came back when it could again, is not lost; a pause is heard first, and one that was lifted stays lifted."""
    one = run()
    await loaded(one, STUCK)
    one.store.failure = FULL
    one.turns.offer(SourceLost(Source.REDIS, "timeout", "Redis does not answer"))
    one.turns.offer(Paused("the pause file", "deploy"))
    await asyncio.sleep(0.5)
    one.store.failure = None
    one.turns.offer(SourceBack(Source.REDIS))
    one.turns.offer(Resumed("the pause file"))
    await asyncio.sleep(3)
    assert one.turns.state.ledger.lost == {}
    assert one.turns.state.ledger.pauses == {}
    bodies = [type(event.body) for event, _ in one.observed[2:]]
    assert bodies == [Paused, SourceLost, SourceBack, Resumed]


async def test_a_pause_on_a_full_disk_comes_first(run):
    """Whoever wants nothing done on a full disk is heard before anything is decided that has waited for room; what was said last of it counts."""
    one = run()
    await loaded(one, STUCK)
    one.store.failure = FULL
    one.turns.offer(SourceLost(Source.REDIS, "timeout", "Redis does not answer"))
    await asyncio.sleep(0.5)
    one.turns.offer(EffectDone("9.9", Sent()))
    for said in (Paused("ada", "first"), Resumed("ada"), Paused("ada", "last")):
        one.turns.offer(said)
    await asyncio.sleep(1)
    one.store.failure = None
    await asyncio.sleep(3)
    bodies = [type(event.body) for event, _ in one.observed[2:7]]
    assert bodies == [Paused, SourceLost, EffectDone, Resumed, Paused]
    assert [(pause.by, pause.reason) for pause in one.turns.state.ledger.pauses.values()] == [("ada", "last")]


async def test_a_pause_does_not_overtake_the_start(run):
    """On a disk that is full from the start the first event stays the first."""
    one = run()
    one.store.failure = FULL
    one.turns.offer(Started("0", "boot-1", "web1"))
    await asyncio.sleep(0.5)
    one.turns.offer(Paused("ada", "x"))
    await asyncio.sleep(1)
    one.store.failure = None
    await asyncio.sleep(2)
    assert [type(event.body) for event, _ in one.observed[:2]] == [Started, Paused]


async def test_readings_are_judged_again_after_a_failure(run):
    """A reading whose turn was undone is not repeated by its source; its alert fires all the same once it can be written down."""
    one = run()
    await loaded(one, STUCK)
    await asyncio.sleep(60)
    one.store.failure = FULL
    one.turns.offer(stuck())
    await asyncio.sleep(3)
    assert one.turns.state.ledger.alerts == {}
    one.store.failure = None
    await asyncio.sleep(1.1)
    assert [alert.phase for alert in one.turns.state.ledger.alerts.values()] == [Phase.FIRING]


async def test_readings_do_not_pile_up_while_nothing_can_be_written(run):
    """A thousand readings during an outage of the store are in the picture at its end, without a turn for each."""
    one = run()
    await loaded(one, LONG_QUEUE)
    one.store.failure = FULL
    one.turns.offer(SourceLost(Source.HOST, "gone", "no /proc"))
    for size in range(1000):
        one.turns.offer(redis(queue(size)))
        await asyncio.sleep(0.01)
    tried = len(one.store.refused)
    assert one.turns.state.world.find(Kind.QUEUE, "push").size >= 998  # type: ignore[union-attr]
    one.store.failure = None
    await asyncio.sleep(1.1)
    assert one.turns.state.world.find(Kind.QUEUE, "push").size == 999  # type: ignore[union-attr]
    assert tried <= 12
    assert list(one.turns.state.ledger.lost) == [Source.HOST]


async def test_it_is_said_once_that_nothing_can_be_written_and_once_that_it_can(run, caplog):
    """Turns that have nothing to write in between are no proof of anything."""
    one = run()
    await loaded(one, STUCK)
    one.store.failure = FULL
    with caplog.at_level(logging.WARNING, "watchdog"):
        one.turns.offer(SourceLost(Source.REDIS, "timeout", "Redis does not answer"))
        for _ in range(20):
            one.turns.offer(redis(queue(1)))
            await asyncio.sleep(0.3)
        assert [record.message for record in caplog.records] == [f"nothing can be written down, so nothing is done: {FULL}"]
        one.store.failure = None
        await asyncio.sleep(1.1)
    assert [record.message for record in caplog.records[1:]] == ["the store can be written again"]


async def test_a_failure_with_nothing_else_to_write_ends_when_a_write_succeeds(run):
    """If what could not be written has gone meanwhile, the ledger is written as a proof: a failure is over when, and not before, a write succeeds."""
    one = run()
    await loaded(one, STUCK)
    await asyncio.sleep(60)
    one.store.failure = FULL
    one.turns.offer(stuck())
    await asyncio.sleep(2.5)
    one.turns.offer(redis(process(ONE, 62_000, listed=False)))
    await asyncio.sleep(5)
    assert one.turns.failing == str(FULL)
    written = len(one.store.commits)
    one.store.failure = None
    await asyncio.sleep(1.1)
    assert one.turns.failing == ""
    (proof,) = one.store.commits[written:]
    assert proof.ledger is not None
    assert proof.audit == ()


async def test_a_reading_that_could_not_be_judged_does_not_cover_a_newer_one(run):
    """What is tried again is the judging, not the old reading."""
    one = run()
    await loaded(one, SHORT_QUEUE)
    one.store.failure = FULL
    one.turns.offer(redis(queue(10)))
    await asyncio.sleep(0.1)
    one.turns.offer(redis(queue(1)))
    await asyncio.sleep(1.5)
    one.store.failure = None
    await asyncio.sleep(1.1)
    assert one.turns.failing == ""
    assert one.turns.state.world.find(Kind.QUEUE, "push").size == 1  # type: ignore[union-attr]
    assert one.turns.state.ledger.alerts == {}


async def test_a_damaged_database_ends_the_loop(run):
    """Nothing here can mend it: the error goes to whoever runs the loop, and nothing of the turn is done."""
    one = run()
    await loaded(one, STUCK)
    one.store.failure = StoreDamagedError("database disk image is malformed")
    one.turns.offer(Paused("somebody", "why not"))
    with pytest.raises(StoreDamagedError):
        await one.task
    assert one.turns.state.ledger.pauses == {}
