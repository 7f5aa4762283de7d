"""One event, one turn, one commit, then the effects; in virtual time, with a store that does as it is told."""

import asyncio
import itertools
import logging

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, found, host, job, process, redis, rules
from tests.unit.daemon.conftest import FULL, FakeStore
from watchdog.engine import ledger as ledgers
from watchdog.engine.ledger import Phase
from watchdog.model.effects import Measure, SendSignal
from watchdog.model.events import (
    Delta,
    EffectDone,
    Observed,
    Paused,
    Resumed,
    RulesLoaded,
    SourceBack,
    SourceLost,
    Started,
    TimeReached,
)
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Look
from watchdog.model.verdicts import Mode
from watchdog.store.failures import StoreDamagedError, StoreError

pytestmark = pytest.mark.looptime

ONE = "web1:10:abc"
STUCK = rules(
    """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then:
      - terminate_process: {process: job.process, grace: 10s}
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""
)
LONG_QUEUE = rules(
    """
rules:
  - rule: long-queue
    each: queue
    when: queue.size > 5
    for: 31s
    notify: [ops]
"""
)
SHORT_QUEUE = rules(
    """
rules:
  - rule: any-queue
    each: queue
    when: queue.size > 5
    notify: [ops]
"""
)


async def loaded(run, ruleset):
    """The turns with these rules in force."""
    await run.turns.settle(Started("0", "boot-1", "web1"))
    await run.turns.settle(RulesLoaded(ruleset.digest, Mode.ACT), rules=ruleset)


def stuck(at: int = 60_000) -> Observed:
    """A process that at `at` has been running a job for a minute."""
    return redis(process(ONE, at), job(ONE, "j1", at - 60_000), complete=True)


def queue(size: int) -> Delta:
    """A queue of that size."""
    return Delta(Kind.QUEUE, "push", {"size": size})


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
    assert any(row.kind == "intent" for commit in one.store.refused for row in commit.audit)
    assert [type(command) for command in one.performed] == [Measure]

    one.store.failure = None
    await asyncio.sleep(1.1)
    looked_again = one.performed[-1]
    assert isinstance(looked_again, Measure), "what was seen before the outage is too old to act on"
    one.turns.offer(EffectDone(looked_again.id, HEALTHY))
    await asyncio.sleep(0.1)
    assert [type(command) for command in one.performed] == [Measure, Measure, SendSignal]
    assert [row.stage for commit in one.store.commits for row in commit.audit if row.kind == "intent"] == ["TERM"]


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
    """What was lost while nothing could be written, and came back when it could again, is not lost; a pause that was lifted stays lifted."""
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
    assert one.turns.state.ledger.pause is None
    bodies = [type(event.body) for event, _ in one.observed[2:]]
    assert bodies == [SourceLost, Paused, SourceBack, Resumed]


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
    assert one.turns.state.ledger.pause is None


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
    fired = [event for event, effects in one.observed if any(getattr(effect, "row", None) and effect.row.outcome == "firing" for effect in effects)]
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
    assert one.turns.state.ledger.pause is None


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
    assert second.turns.state.ledger.pause.reason == "why not"  # type: ignore[union-attr]


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
    notices = [notice for commit in one.store.commits for _, notice in commit.notices]
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
