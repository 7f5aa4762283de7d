"""One event, one turn, one commit, then the effects; in virtual time, with a store that does as it is told."""

import asyncio
import itertools

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, found, host, redis
from tests.unit.daemon.conftest import FULL, FakeStore
from tests.unit.daemon.story import LONG_QUEUE, ONE, STUCK, loaded, queue, stuck
from watchdog.engine import ledger as ledgers
from watchdog.engine.ledger import Phase
from watchdog.model.effects import GatherInFlight, Measure, SendSignal
from watchdog.model.events import (
    EffectDone,
    Paused,
    Resumed,
    RulesLoaded,
    SourceLost,
    Started,
    TimeReached,
)
from watchdog.model.kinds import Source
from watchdog.model.results import InFlight, Look
from watchdog.model.verdicts import Mode
from watchdog.store.failures import StoreError

pytestmark = pytest.mark.looptime


async def test_nothing_is_done_before_the_commit_has_been_answered(run):
    """While the store has not answered, the state is the old one, nothing is performed, nobody is told; afterwards all of it at once."""
    one = run()
    await loaded(one, STUCK)
    await asyncio.sleep(60)
    one.turns.offer(host(found(ONE)))
    await asyncio.sleep(0.1)
    before, seen = one.turns.state, len(one.observed)
    one.store.gate.clear()
    one.store.asked.clear()
    one.turns.offer(stuck())
    await one.store.asked.wait()
    assert one.turns.state is before
    assert one.performed == []
    assert len(one.observed) == seen

    one.store.gate.set()
    await asyncio.sleep(0.1)
    assert [alert.phase for alert in one.turns.state.ledger.alerts.values()] == [Phase.FIRING]
    assert [type(command) for command in one.performed] == [Measure]
    assert one.store.ledger is not None
    assert ledgers.decode(one.store.ledger) == one.turns.state.ledger


async def test_a_signal_is_performed_only_after_its_intent_was_committed(run):
    """The commit that holds the intent's row comes before the signal; one that fails leaves the process alone."""
    one = run()
    await loaded(one, STUCK)
    await asyncio.sleep(60)
    one.turns.offer(stuck())
    one.turns.offer(host(found(ONE)))
    await asyncio.sleep(0.1)
    (measure,) = one.performed
    one.store.failure = FULL
    one.turns.offer(EffectDone(measure.id, HEALTHY))
    await asyncio.sleep(10)
    assert [type(command) for command in one.performed] == [Measure]

    one.store.failure = None
    await asyncio.sleep(1.1)
    looked_again = one.performed[-1]
    assert isinstance(looked_again, Measure), "what was seen before the outage is too old to act on"
    for answer in (HEALTHY, InFlight(())):
        one.turns.offer(EffectDone(one.performed[-1].id, answer))
        await asyncio.sleep(0.1)
    assert [type(command) for command in one.performed] == [Measure, Measure, GatherInFlight, Measure]

    one.store.failure = FULL
    one.turns.offer(EffectDone(one.performed[-1].id, HEALTHY))
    await asyncio.sleep(10)
    assert any(row.kind == "intent" for commit in one.store.refused for row in commit.audit)
    assert SendSignal not in map(type, one.performed)
    one.store.failure = None
    await asyncio.sleep(1.1)
    assert [type(command) for command in one.performed][4:] == [SendSignal]
    assert [row.stage for commit in one.store.commits for row in commit.audit if row.kind == "intent"] == ["TERM"]


async def test_numbers_have_no_gaps(run):
    """Events count on from the last one that was committed, through turns that were undone, idle ones, and those that wrote nothing."""
    one = run(FakeStore(last_seq=41))
    await loaded(one, LONG_QUEUE)
    one.turns.offer(redis(queue(1)))
    await asyncio.sleep(12)
    one.store.failure = FULL
    one.turns.offer(Paused("somebody", "why not"))
    await asyncio.sleep(3)
    one.store.failure = None
    one.turns.offer(Resumed("somebody"))
    await asyncio.sleep(3)
    assert one.seqs == list(range(42, 42 + len(one.seqs)))
    assert len(one.seqs) > 6
    assert [commit.seq for commit in one.store.commits] == sorted({commit.seq for commit in one.store.commits})


async def test_time_is_reached_at_the_deadline(run):
    """`for: 31s` is over 31 s after the reading, not at the next idle turn."""
    one = run()
    await loaded(one, LONG_QUEUE)
    await asyncio.sleep(1.3)
    one.turns.offer(redis(queue(10)))
    await asyncio.sleep(40)
    fired = [
        event
        for event, effects in one.observed
        if any(getattr(effect, "row", None) and effect.row.outcome == "firing" for effect in effects)
    ]
    (event,) = fired
    assert event.body == TimeReached()
    assert event.at - 32_300 in (0, 1), "a millisecond of rounding"


async def test_an_idle_loop_turns_now_and_then(run):
    """Without any event a turn is made every 5 s, so that systemd hears of a living loop; it writes nothing."""
    one = run()
    await asyncio.sleep(21)
    assert one.turned == [5, 10, 15, 20]
    assert one.store.commits == []


async def test_an_idle_loop_turns_as_often_as_systemd_wants_to_hear(run):
    """A shorter `idle` is kept to, also while nothing can be written."""
    one = run(idle=0.5)
    await asyncio.sleep(1.1)
    assert one.turned == [0.5, 1.0]
    one.store.failure = FULL
    one.turns.offer(Paused("somebody", "why not"))
    await asyncio.sleep(5)
    assert all(later - sooner <= 0.51 for sooner, later in itertools.pairwise(one.turned))
    assert one.turned[-1] > 5.5


async def test_a_store_that_never_answers_completes_no_turn(run):
    """No sign of life comes from a loop that hangs in its store, however many events are offered."""
    one = run()
    await loaded(one, STUCK)
    turned = len(one.turned)
    one.store.gate.clear()
    one.turns.offer(Paused("somebody", "why not"))
    for _ in range(100):
        one.turns.offer(redis(queue(1)))
        await asyncio.sleep(1)
    assert len(one.turned) == turned


async def test_a_store_that_answers_no_is_no_hang(run):
    """While the disk is full the loop lives and says so: to restart it would not make room."""
    one = run()
    await loaded(one, STUCK)
    one.store.failure = FULL
    before = len(one.turned)
    one.turns.offer(Paused("somebody", "why not"))
    await asyncio.sleep(60)
    assert len(one.turned) - before >= 50
    assert one.turns.state.ledger.pauses == {}


async def test_rules_are_in_force_from_their_event_on(run):
    """New rules judge what is known already; while their turn can't be committed the old ones stay."""
    one = run()
    await loaded(one, LONG_QUEUE)
    await asyncio.sleep(60)
    one.turns.offer(stuck())
    one.store.failure = FULL
    await asyncio.sleep(0.1)
    taking = asyncio.create_task(one.turns.settle(RulesLoaded(STUCK.digest, Mode.ACT), rules=STUCK))
    await asyncio.sleep(3)
    assert one.turns.rules is LONG_QUEUE
    assert not taking.done()
    one.store.failure = None
    await taking
    assert one.turns.rules is STUCK
    assert [alert.rule for alert in one.turns.state.ledger.alerts.values()] == ["stuck-job"]


async def test_a_waiter_that_has_given_up_harms_nobody(run):
    """The event of somebody who waits no longer is taken all the same."""
    one = run()
    one.store.failure = FULL
    waiting = asyncio.create_task(one.turns.settle(Started("0", "boot-1", "web1")))
    await asyncio.sleep(0.5)
    waiting.cancel()
    one.store.failure = None
    await asyncio.sleep(2)
    assert one.turns.state.ledger.boot_id == "boot-1"
    assert not one.task.done()


async def test_a_successor_goes_on_from_the_ledger(run):
    """What one loop has committed is the state from which the next begins."""
    store = FakeStore()
    first = run(store)
    await loaded(first, STUCK)
    await first.turns.settle(Paused("somebody", "why not"))
    second = run(FakeStore(ledger=store.ledger, last_seq=store.last_seq))
    assert second.turns.state.ledger == first.turns.state.ledger
    await second.turns.settle(Started("0", "boot-1", "web1"))
    assert second.seqs == [store.last_seq + 1]
    assert second.turns.state.ledger.pauses["somebody"].reason == "why not"


@pytest.mark.parametrize("ledger", [b"", b"{", b"[]", b'{"seq": "many"}', b"\xff\xfe"])
async def test_a_ledger_that_cannot_be_read_is_a_clear_error(run, ledger):
    """Not a traceback: a sentence that says what can be done."""
    with pytest.raises(StoreError, match="what the agent remembers can't be read"):
        run(FakeStore(ledger=ledger))


async def test_messages_are_named_after_the_memory_they_come_from(run):
    """Ids of notices hold the name of the store: two memories never send the same one, and none has a dot in it."""
    one = run()
    await loaded(one, STUCK)
    one.turns.offer(SourceLost(Source.REDIS, "timeout", "Redis does not answer"))
    await asyncio.sleep(0.1)
    notices = [handed.notice for commit in one.store.commits for handed in commit.notices]
    assert [notice.id for notice in notices] == ["memory_3_0"]


async def test_answers_that_nobody_waits_for_are_harmless(run):
    """An answer to an effect of an undone turn, or of a predecessor, changes nothing but the number of events."""
    one = run()
    await loaded(one, STUCK)
    ledger = msgspec.structs.replace(one.turns.state.ledger)
    one.turns.offer(EffectDone("17.4", Look(alive=False, same=False)))
    await asyncio.sleep(0.1)
    assert one.turns.state.ledger == ledger
    assert one.seqs == [1, 2, 3]
