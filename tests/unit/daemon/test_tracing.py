"""What the loop of turns tells the trace, in virtual time: so that whoever replays it comes to the very same picture."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from tests.scenario.conversation import redis
from tests.unit.daemon.conftest import FULL, FakeStore
from tests.unit.daemon.story import LONG_QUEUE, SHORT_QUEUE, STUCK, loaded, queue, stuck
from watchdog.clock import Clock
from watchdog.daemon.tracing import TraceKeeper
from watchdog.engine.advance import advance
from watchdog.engine.checkpoint import rebuild
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.model.events import Delta, Observed, Paused, RulesLoaded, SourceLost, Stopping
from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Mode
from watchdog.store.trace import recorder as recorders
from watchdog.store.trace.limits import Limits
from watchdog.store.trace.reading import Hole, Segment, segments
from watchdog.store.trace.recorder import Recorder
from watchdog.store.trace.segment import Mark

pytestmark = pytest.mark.looptime
RULES = {one.digest: one for one in (NO_RULES, LONG_QUEUE, SHORT_QUEUE, STUCK)}


@pytest.fixture
async def traced(run, tmp_path, monkeypatch):
    """A loop of turns with a trace, and its recorder."""
    monkeypatch.setattr(recorders, "RESERVE", 0)
    traces = []

    def make(store=None, **settings):
        recorder = Recorder(tmp_path, Limits(10**9, 2**30), wall=Clock().wall)
        trace = TraceKeeper(recorder, clock=Clock(), memory="memory", host="web1", boot_id="boot-1")
        one = run(store or FakeStore(), trace=trace, **settings)
        trace.begin(one.turns.state, one.turns.seq)
        traces.append(trace)
        return one, recorder

    yield make
    for trace in traces:
        await trace.close()


def replayed(state: Path) -> list[tuple[int, bytes]]:
    """Number and effects of each turn that was taken, replayed file by file, each from its own checkpoint."""
    said = []
    for segment in segments(state):
        assert isinstance(segment, Segment)
        rules: RuleSet = RULES[segment.header.digest]
        data = segment.checkpoint()
        assert data is not None
        engine = rebuild(data, rules)
        for record in segment.records():
            assert not isinstance(record, Hole)
            event = record.event
            if record.mark is Mark.NOTED:
                assert isinstance(event.body, Observed)
                engine.world.take(event.body, event.at)
                continue
            now = RULES[event.body.digest] if isinstance(event.body, RulesLoaded) else rules
            after, effects = advance(now, engine, event)
            if record.mark is Mark.UNDONE:
                engine.world.must_judge_all = True
                continue
            engine, rules = after, now
            said.append((event.seq, msgspec.json.encode(effects)))
    return said


def committed(one) -> list[tuple[int, bytes]]:
    """The same, as it was."""
    return [(event.seq, msgspec.json.encode(effects)) for event, effects in one.observed]


async def test_turns_that_were_undone_are_replayed_as_they_were(traced, tmp_path):
    """A full store: turns that failed, readings that were only noted, and all that came of them when there was room again."""
    one, recorder = traced()
    await loaded(one, STUCK)
    await asyncio.sleep(60)
    one.store.failure = FULL
    one.turns.offer(stuck())
    await asyncio.sleep(0.5)
    one.turns.offer(redis(queue(3)))
    one.turns.offer(Paused("ada", "why not"))
    one.turns.offer(redis(Delta(Kind.QUEUE, "pull", {"size": 9})))
    await asyncio.sleep(2.5)
    one.store.failure = None
    await asyncio.sleep(2)
    one.turns.offer(SourceLost(Source.REDIS, "refused", "x"))
    await asyncio.sleep(7)
    recorder.settle()

    marks = [record.mark for segment in segments(tmp_path) for record in segment.records()]  # type: ignore[union-attr]
    assert marks.count(Mark.UNDONE) >= 3
    assert marks.count(Mark.NOTED) == 2
    assert replayed(tmp_path) == committed(one)


async def test_a_new_file_is_begun_with_other_rules(traced, tmp_path):
    """Its checkpoint is the state under the new rules; those of the start need none of their own."""
    one, recorder = traced()
    await loaded(one, LONG_QUEUE)
    one.turns.offer(redis(queue(10), complete=True))
    await asyncio.sleep(3)
    await one.turns.settle(RulesLoaded(SHORT_QUEUE.digest, Mode.ACT), rules=SHORT_QUEUE)
    await asyncio.sleep(40)
    recorder.settle()

    headers = [segment.header for segment in segments(tmp_path)]  # type: ignore[union-attr]
    assert [(header.cause, header.digest, header.mode) for header in headers] == [("start", "", ""), ("rules", SHORT_QUEUE.digest, "act")]
    assert replayed(tmp_path) == committed(one)


async def test_each_hour_begins_a_new_file(traced, tmp_path):
    """Every one of them can be replayed by itself, and together they are the whole."""
    one, recorder = traced()
    await loaded(one, LONG_QUEUE)
    for size in range(8):
        one.turns.offer(redis(queue(size * 2), complete=not size))
        await asyncio.sleep(1_200)
        recorder.settle()

    assert [segment.header.cause for segment in segments(tmp_path)] == ["start", "age", "age"]  # type: ignore[union-attr]
    assert replayed(tmp_path) == committed(one)


async def test_an_agent_without_a_trace_tells_nobody(traced, tmp_path):
    """`keep: 0s`: nothing is written, and nothing is missing."""
    one, recorder = traced()
    recorder.limit(Limits(0, 2**30))
    await loaded(one, LONG_QUEUE)
    await one.turns.settle(Stopping("asked to end"))
    recorder.settle()
    assert list(segments(tmp_path)) == []
    assert recorder.how().failing == ""
    assert recorder.how().missed == 0


async def test_a_state_that_can_not_be_written_down_stops_no_turn(traced, tmp_path):
    """A name that is no text: it is said, no file is begun, and the loop goes on."""
    one, recorder = traced()
    await loaded(one, LONG_QUEUE)
    one.turns.state.world.reasons["1.0"] = "\udc80"
    await one.turns.settle(RulesLoaded(SHORT_QUEUE.digest, Mode.ACT), rules=SHORT_QUEUE)
    recorder.settle()
    assert "the state of the engine can't be written down" in recorder.how().failing
    one.turns.offer(redis(queue(3)))
    await asyncio.sleep(1)
    assert not one.task.done()
    assert [segment.header.cause for segment in segments(tmp_path)] == ["start"]  # type: ignore[union-attr]


def test_everything_in_the_picture_is_thought_of():
    """What is new in the world must have its place in a checkpoint, or be made again of what has; then it is added here."""
    from watchdog.engine.news import News
    from watchdog.engine.world import World

    written = {
        "rows", "jobs_of", "read_at", "complete", "looks", "again", "denials", "reasons", "stopping", "kept", "graves", "deadlines",
        "beat_deadlines", "proofs", "watches", "echoes", "watchers", "counted", "tallies", "history", "settling", "gaps",
    }  # fmt: skip
    of_the_rules = {"_vocabulary", "_row_types", "_accepted", "_types", "reads", "demanding"}
    of_the_ledger = {"tellings", "alerted"}
    over_between_turns = {"must_judge_all", "_notes"}
    # Of the news only who has fallen silent is written: what is awaited is of the rules, and so is what moves it; `begun` follows from what is complete.
    assert set(vars(World())) == written | of_the_rules | of_the_ledger | over_between_turns | {"news"}
    assert set(News.__slots__) == {"_moving", "awaited", "begun", "is_doubtful", "silences", "told", "untold"}
