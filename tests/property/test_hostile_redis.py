"""
Whatever a Redis answers: nothing escapes but `SourceUnavailableError`, and whatever was answered is either in a reading or counted as broken.

The names of these tests are the cases of the trial that searches by coverage.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.property.hostile import (
    CODES,
    ERRORS,
    IDENTITY,
    NAMES,
    PROCESS_REPLIES,
    REPLIES,
    SERVER_INFO,
    answers,
    mostly,
)
from watchdog.clock import Clock
from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind
from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.connection import demand
from watchdog.sidekiq.decode import Beat, Info, Work, count, label, milliseconds, name
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError, from_reply
from watchdog.sidekiq.fleet import Fleet
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.picture import Picture
from watchdog.sidekiq.reading import ProcessReader, Reading
from watchdog.sidekiq.sampling import Sample, Sampler
from watchdog.sidekiq.serverinfo import log_failed, parse_info, readings, save_failed, save_stops_writes
from watchdog.sidekiq.tracking import Dirty, is_on, switch_on
from watchdog.sidekiq.wire import Wire

AT_REST = 2**53
TOTALS = {"stat:processed": "processed", "stat:failed": "failed", "retry": "retries", "schedule": "scheduled", "dead": "dead"}


@pytest.fixture(autouse=True, scope="module")
def _quiet():
    """Each new broken datum is logged, and thousands are made here."""
    logger = logging.getLogger("watchdog.sidekiq")
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(logging.NOTSET)


class Noon(Clock):
    """A clock that stands, unless it is moved by hand."""

    def __init__(self) -> None:
        self.now = 0

    def at(self) -> int:
        return self.now

    def wall(self) -> int:
        return 0


def finished(work: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine gives that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits for something")


def refused(error: SourceUnavailableError) -> None:
    """A failure has a code and a sentence that can be shown."""
    assert error.code in CODES
    assert error.message


@given(REPLIES, st.binary(max_size=3_000))
def test_names_and_numbers(value, raw):
    """Anything is a name, a count or a time, or is not; a label can always be shown."""
    assert label(raw).isprintable() or not raw
    found = name(value)
    assert found is None or (found.isprintable() and found.encode() == value)
    number, moment = count(value), milliseconds(value)
    assert number is None or 0 <= number < AT_REST
    assert moment is None or 0 <= moment < AT_REST


@given(st.lists(PROCESS_REPLIES, min_size=1, max_size=4))
def test_reading_a_process(rounds):
    """Each entry of a work hash is a job or counted as broken, again at every reading; the parts of an identity likewise."""
    tally = Tally(Noon())
    reader = ProcessReader(Keys("mast"), tally, "h:1")
    for replies in rounds:
        before = sum(datum.count for datum in tally.data())
        try:
            found = reader.reading(IDENTITY, replies, 1_000)
        except SourceUnavailableError as error:
            refused(error)
            continue
        broken = sum(datum.count for datum in tally.data()) - before
        wrong = sum(isinstance(reply, ServerError) for reply in (replies[0], replies[2], replies[3]))
        values = replies[0] if isinstance(replies[0], list) else []
        is_there = any(value is not None for value in values)
        lacking = is_there and (found.beat is None or found.info is None)
        assert found.held == len(_entries(replies[2])) + len(_entries(replies[3]))
        assert broken == found.held - len(found.work) + wrong + lacking
        assert all(datum.reason.isprintable() and "PRIVATE" not in datum.reason for datum in tally.data())


def _entries(reply: Any) -> dict[Any, Any]:
    if isinstance(reply, list):
        return dict(zip(reply[::2], reply[1::2], strict=True))
    return reply if isinstance(reply, dict) else {}


@given(st.data(), st.integers(1, 4))
def test_sampling(data, rounds):
    """Every queue and every total is a reading or counted as broken, over several samples; whatever else is answered is a failure of the source."""
    sample_all(lambda command: data.draw(mostly(answers(command))), rounds)


def sample_all(answer: Callable[[tuple[Any, ...]], Any], rounds: int) -> None:
    """That, for whoever answers; from the hundredth question on a set is at its end."""
    clock = Noon()
    tally = Tally(clock)
    sampler = Sampler(Keys(), tally, "h:1", clock)
    known: dict[tuple[Kind, str], dict[str, Any]] = {}
    asked = 0
    for _ in range(rounds):
        clock.now += 20_000
        replies: list[tuple[tuple[Any, ...], Any]] = []

        async def ask(commands: Any, replies: Any = replies) -> list[Any]:
            nonlocal asked
            asked += len(commands)
            given_ = [answer(command) if asked < 100 or command[0] not in ("SSCAN", "HSCAN") else [b"0", []] for command in commands]
            replies += zip(commands, given_, strict=True)
            return given_

        before = {datum: datum.count for datum in tally.data()}
        try:
            sample = finished(sampler.sample(ask, Fleet(heard=1)))
        except SourceUnavailableError as error:
            refused(error)
            continue
        assert isinstance(sample, Sample)
        for change in sample.changes:
            if isinstance(change, Gone):
                del known[change.kind, change.id]
            else:
                known.setdefault((change.kind, change.id), {}).update(change.fields)
        fresh = {(datum.key, datum.reason) for datum in tally.data() if datum.count > before.get(datum, 0)}
        _all_told(replies, known, fresh)


def _all_told(replies, known, fresh) -> None:
    keys = {key for key, _ in fresh}
    for command, reply in replies:
        match command[0], reply:
            case "SSCAN", [_, list() as members] if command[1] == b"queues":
                for member in members:
                    assert name(member) in {entity for kind, entity in known if kind is Kind.QUEUE} or label(member) in keys
            case "SSCAN", ServerError():
                assert label(command[1]) in keys
            case "LLEN", int() as length if (queue := known.get((Kind.QUEUE, label(command[1])[len("queue:") :]))) is not None:
                assert queue["size"] == length
            case "LINDEX", bytes() | ServerError() if (queue := known.get((Kind.QUEUE, label(command[1])[len("queue:") :]))) is not None:
                assert queue.get("latency") is not None or label(command[1]) in keys
            case "GET" | "ZCARD", bytes() | int() | ServerError() if label(command[1]) in TOTALS:
                assert known[Kind.SIDEKIQ, "sidekiq"].get(TOTALS[label(command[1])]) is not None or label(command[1]) in keys


@given(REPLIES | SERVER_INFO, st.lists(REPLIES, min_size=2, max_size=2))
def test_what_a_server_says_of_itself(info, settings):
    """Numbers that every store can hold, and answers to yes-or-no questions."""
    said = parse_info(info)
    for value in readings(said).values():
        assert isinstance(value, str) or 0 <= value < AT_REST
    assert {save_failed(said), log_failed(said), save_stops_writes(settings)} <= {True, False}


@given(st.lists(REPLIES | st.lists(NAMES, max_size=4).map(lambda keys: [b"invalidate", keys]) | st.just([b"invalidate", None]), max_size=6))
def test_pushed_messages(messages):
    """Every key that a message names marks its process; nothing else marks anything, and nothing raises."""
    keys = Keys("mast")
    dirty = Dirty(keys)
    expected: dict[str, None] = {}
    for message in messages:
        if not isinstance(message, list):
            continue
        dirty.hear(message)
        if len(message) == 2 and message[0] == b"invalidate" and isinstance(message[1], list):
            meant = (name(keys.member(key)) for key in message[1] if isinstance(key, bytes) and key != keys.processes)
            expected |= dict.fromkeys(one for one in meant if one is not None)
    assert dirty.take(1_000) == list(expected)


class Answering:
    """Stands for a wire."""

    where = "h:1"
    speaks_resp3 = True

    def __init__(self, reply: Any) -> None:
        self.reply = reply

    async def ask(self, commands: Any) -> list[Any]:
        return [self.reply for _ in commands]


@given(REPLIES, ERRORS)
def test_other_answers(reply, error):
    """Whether tracking is on is yes or no, why it is refused a short text; an error is the failure that it means."""
    wire: Any = Answering(reply)
    assert finished(is_on(wire)) in (True, False)
    try:
        assert len(finished(switch_on(wire))) <= 200
        demand([reply], "h:1")
    except SourceUnavailableError as failure:
        refused(failure)
    refused(from_reply(error, "h:1"))


JIDS = st.sampled_from(["a", "b", "c"])
WORK = st.builds(
    lambda jid, thread, at: Work(run=f"{thread}/{jid}/{at}", thread=thread, jid=jid, job_class="C", queue="push", retries=0, run_at=at * 1000),
    JIDS, st.sampled_from(["t1", "t2"]), st.integers(1_000, 1_005),
)  # fmt: skip
BEATS = st.builds(
    lambda at, busy, quiet: Beat(at=at, written=str(at).encode(), busy=busy, quiet=quiet),
    st.integers(1_000_000, 1_010_000), st.integers(0, 4) | st.none(), st.booleans() | st.none(),
)  # fmt: skip
INFOS = st.just(Info(host="web1", pid=42, queues=("push",), threads=5, started_at=1_000_000)) | st.none()
READINGS = st.builds(
    lambda identity, ttl, member, info, beat, work, broken: Reading(
        identity=identity, at=0, ttl=ttl, member=member, info=info, beat=beat, work=tuple(work), held=len(work) + broken
    ),
    st.sampled_from([IDENTITY, "web1:42:second", "odd"]), st.integers(-2, 61_000), st.booleans(), INFOS, BEATS | st.none(),
    st.lists(WORK, max_size=4, unique_by=lambda work: work.run), st.integers(0, 1),
)  # fmt: skip


@given(st.lists(READINGS, max_size=30), st.lists(st.integers(0, 20_000), min_size=30, max_size=30))
def test_any_sequence_of_readings(sequence, pauses):
    """
    What was said of jobs always amounts to what runs.

    Every job of a reading is told once, when it is first read; none ends that is still shown, and none that was never told; a process that
    is told whole again comes with all its jobs.
    """
    picture = Picture()
    told: dict[str, str] = {}
    at = 100_000
    for drawn, pause in zip(sequence, pauses, strict=False):
        at += pause
        reading = msgspec.structs.replace(drawn, at=at)
        picture.is_stale(reading)
        picture.is_torn(reading)
        for change in picture.take(reading):
            match change:
                case Delta(kind=Kind.JOB):
                    told[change.id] = change.fields["process"]
                    assert change.fields["started_at"] <= at
                case Delta(kind=Kind.PROCESS):
                    assert change.id == reading.identity
                case Gone():
                    assert told.pop(change.id) == reading.identity
        shown = {f"{reading.identity}/{work.run}" for work in reading.work}
        is_known = reading.beat is not None and (picture.beat(reading.identity) is not None)
        if is_known:
            assert shown <= told.keys()
        assert set(picture.listed()) <= {IDENTITY, "web1:42:second", "odd"}
        assert 0 <= picture.fleet(at).heard <= 3


def _resp(value: Any) -> bytes:
    """A reply as RESP3 writes it."""
    match value:
        case None:
            return b"_\r\n"
        case bool():
            return b"#t\r\n" if value else b"#f\r\n"
        case int():
            return b":%d\r\n" % value
        case bytes():
            return b"$%d\r\n%b\r\n" % (len(value), value)
        case list():
            return b"*%d\r\n%b" % (len(value), b"".join(map(_resp, value)))
        case dict():
            return b"%%%d\r\n%b" % (len(value), b"".join(_resp(part) for pair in value.items() for part in pair))
        case _:
            raise TypeError(value)


SAID = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def _pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[begin:end] for begin, end in itertools.pairwise(places)]


class Silent(asyncio.Transport):
    """The other end of a wire."""

    def write(self, data: Any) -> None:
        """Nobody reads it."""

    def abort(self) -> None:
        """Nothing to end."""


@given(st.lists(SAID, min_size=1, max_size=6), st.lists(st.integers(0, 5_000), max_size=6), st.lists(NAMES, max_size=3))
def test_replies_in_pieces(values, cuts, pushed):
    """However a stream of replies and pushes is cut, each reply finds its question and each push is heard."""
    stream = b"".join(b">2\r\n$10\r\ninvalidate\r\n" + _resp([key]) for key in pushed) + b"".join(map(_resp, values))

    async def talk() -> tuple[list[Any], list[Any]]:
        heard: list[Any] = []
        wire = Wire("h:1", heard.append, answer_within=5)
        wire.connection_made(Silent())
        asking = asyncio.ensure_future(wire.ask([("PING",)] * len(values)))
        await asyncio.sleep(0)
        for piece in _pieces(stream, cuts):
            wire.data_received(piece)
        return await asking, heard

    replies, heard = asyncio.run(talk())
    assert replies == values
    assert [list(message) for message in heard] == [[b"invalidate", [key]] for key in pushed]


@given(st.lists(st.binary(max_size=40) | SAID.map(_resp), max_size=8), st.lists(st.integers(0, 5_000), max_size=6))
def test_bytes_of_no_redis(parts, cuts):
    """Whatever bytes come: whoever asked gets an answer or the failure of the source, and nothing escapes."""

    async def talk() -> None:
        wire = Wire("h:1", lambda message: None, answer_within=5)
        wire.connection_made(Silent())
        asking = asyncio.ensure_future(wire.ask([("PING",)] * 2))
        await asyncio.sleep(0)
        for piece in _pieces(b"".join(parts), cuts):
            wire.data_received(piece)
        wire.connection_lost(None)
        try:
            assert len(await asking) == 2
        except SourceUnavailableError as error:
            refused(error)
        assert wire.ended.done()
        refused(wire.ended.result())

    asyncio.run(talk())
