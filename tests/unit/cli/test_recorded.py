"""What changed before now, from the files of a trace as an agent leaves them."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenario.conversation import WALL, Conversation, job, process, redis, rules
from tests.unit.cli.conftest import apart
from watchdog.cli.changes_asked import Place, Wanted, pieced
from watchdog.engine.checkpoint import checkpoint
from watchdog.model.changes import CHANGES
from watchdog.model.events import Body, Delta, Gone, SourceBack, SourceLost, Stopping, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Mode
from watchdog.store.moments import rfc3339
from watchdog.store.trace import recorder as recorders
from watchdog.store.trace.limits import Limits
from watchdog.store.trace.recorder import Recorder
from watchdog.store.trace.segment import FOLDER, FORMAT, Header, Mark
from watchdog.timeline.changes import Shown
from watchdog.timeline.failures import NothingRecordedError
from watchdog.timeline.recorded import recorded

ONE = "web1:10:abc"
EVERY = [spec.name for spec in CHANGES]
RULES = "rules:\n  - {rule: it, each: queue, when: queue.size > 5, for: 1m}\n"
FIRST = redis(process(ONE, 0), job(ONE, "j1", 0), Delta(Kind.QUEUE, "push", {"name": "push", "size": 2, "latency": 0}), complete=True)


def size(number: int) -> Body:
    """So many jobs wait."""
    return redis(Delta(Kind.QUEUE, "push", {"size": number}))


class Agent:
    """Records a conversation with the engine, a second an event; `None` begins a new file."""

    def __init__(self, state: Path, wall: int) -> None:
        self.talk = Conversation(rules(RULES, Mode.OBSERVE))
        self.talk.booted_wall = wall
        self.recorder = Recorder(state, Limits(keep=10**13, most=2**30), wall=lambda: wall)

    def record(self, *bodies: Body | None) -> None:
        """All of it, until it is on the disk."""
        self._begin("start")
        for body in bodies:
            if body is None:
                self._begin("age")
                continue
            self.talk.hear(body, at=self.talk.at + 1_000)
            self.recorder.add(Mark.TAKEN, self.talk.events[-1][1])
        assert self.recorder.settle()

    def _begin(self, cause: str) -> None:
        wall = self.talk.booted_wall + self.talk.at
        header = Header(
            format=FORMAT, version="1", memory="m", host="web1", boot_id="boot-1", digest="", mode="", seq=self.talk.seq, at=self.talk.at, wall=wall,
            cause=cause,
        )  # fmt: skip
        self.recorder.begin(header, checkpoint(self.talk.state, at=self.talk.at, wall=wall))


@pytest.fixture
def record(tmp_path, monkeypatch) -> Callable[..., Path]:
    """`record(body, …)`: an agent has recorded this, and is gone; gives its state folder."""
    monkeypatch.setattr(recorders, "RESERVE", 0)

    def leave(*bodies: Body | None, wall: int = WALL) -> Path:
        state = tmp_path / "state"
        state.mkdir(mode=0o700, exist_ok=True)

        async def live() -> None:
            agent = Agent(state, wall)
            agent.record(*bodies)
            await agent.recorder.close()

        apart(lambda: asyncio.run(live()))
        return state

    return leave


def names(state: Path, *, since: int = 0, of: list[str] = EVERY) -> list[str]:
    """What is shown, in short."""
    return [f"{(one.at - WALL) // 1000} {one.change} {one.before} {one.after}" for one in recorded(state, since=since, names=of)]


def test_what_was_recorded_is_shown_as_it_would_have_been_then(record):
    """The beginning is no change; then each change with the time at which it was seen, that of the source included."""
    state = record(
        FIRST,
        size(9),
        SourceLost(Source.REDIS, "refused", "x"),
        SourceBack(Source.REDIS),
        redis(Gone(Kind.JOB, "none", "finished")),
        size(0),
    )
    assert names(state) == [
        "1 SourceRead None None",
        "2 QueueGrew 2 9",
        "3 SourceLost None None",
        "4 SourceBack None None",
        "6 QueueEmptied 9 0",
    ]


def test_each_file_goes_on_from_its_own_picture(record):
    """What came before `since` is not shown, and still is what later changes are held against, over the end of a file."""
    state = record(FIRST, size(9), None, size(4), None, size(5))
    assert names(state)[1:] == ["2 QueueGrew 2 9", "3 QueueShrank 9 4", "4 QueueGrew 4 5"]
    assert names(state, since=WALL + 3_500) == ["4 QueueGrew 4 5"]
    assert names(state, of=["QueueShrank"]) == ["1 SourceRead None None", "3 QueueShrank 9 4"]


def test_silence_is_found_in_what_was_recorded(record):
    """Time that went on is recorded, too; who was silent when a file began does not fall silent in it."""
    state = record(FIRST, *[TimeReached()] * 40, None, *[TimeReached()] * 5, redis(process(ONE, 46_000)))
    assert names(state)[1:] == ["30 ProcessSilent None 30000", "47 ProcessBeatsAgain 46000 None"]


def test_a_file_without_its_picture_is_said_and_spoils_no_other(record):
    """Nothing is made up for it: what it tells is no change until Redis was read in full."""
    state = record(FIRST, size(9), None, size(4), None, size(5))
    path = sorted((state / FOLDER).iterdir())[1]
    data = bytearray(path.read_bytes())
    data[data.index(b"\n") + 40] ^= 0xFF
    path.write_bytes(data)
    shown = names(state)
    assert [line for line in shown if "Queue" in line] == ["2 QueueGrew 2 9", "4 QueueGrew 4 5"]
    assert any("NotRecorded" in line for line in shown)


def test_without_a_trace_there_is_nothing_to_show(tmp_path):
    """And it is said how there will be."""
    with pytest.raises(NothingRecordedError, match="no agent has recorded anything"):
        names(tmp_path)


def test_the_command(ask, config, record):
    """`changes --since`: lines or JSON, a default of an hour, 3 where no agent ever recorded anything; that one was cut off is said."""
    assert ask("changes", "-c", "config.yml").code == 3
    assert ask("changes", "-c", "config.yml", "--follow", "--since", "1h").code == 2
    assert ask("changes", "-c", "config.yml", "--since", "soon").code == 2
    now = time.time_ns() // 1_000_000
    record(FIRST, size(9), wall=now - 7_200_000)
    record(FIRST, size(3), Stopping("asked to end"), wall=now - 60_000)

    answer = ask("changes", "-c", "config.yml", "--kind", "queue", "--json")
    assert answer.code == 0
    assert [(one["change"], one["to"]) for one in map(json.loads, answer.out.splitlines())] == [
        ("NotRecorded", None), ("SourceRead", None), ("QueueGrew", 3), ("AgentStopped", None),
    ]  # fmt: skip
    lines = ask("changes", "-c", "config.yml", "--kind", "queue", "--since", "3h").out.splitlines()
    assert [line.split()[2:] for line in lines if "Queue" in line] == [
        ["QueueGrew", "push", "2", "->", "9"],
        ["QueueGrew", "push", "2", "->", "3"],
    ]


def shown(answer):
    """Which changes of entities, by what they are called and to what they came."""
    return [(one["change"], one["id"], one["to"]) for one in map(json.loads, answer.out.splitlines()) if one["kind"] != "source"]


@pytest.fixture
def an_hour_ago(record, config) -> int:
    """An agent has recorded a queue that grew three times and one that came; gives when it started."""
    wall = time.time_ns() // 1_000_000 - 3_600_000
    other = redis(Delta(Kind.QUEUE, "pull", {"name": "pull", "size": 1, "latency": 0}))
    record(FIRST, size(3), other, size(4), size(5), wall=wall)
    return wall


def test_they_can_be_chosen_by_entity_and_end(ask, an_hour_ago):
    """By the id or the name that is shown."""
    every = ("changes", "-c", "config.yml", "--json", "--since", "2h", "--kind", "queue")
    assert shown(ask(*every, "--entity", "push")) == [("QueueGrew", "push", 3), ("QueueGrew", "push", 4), ("QueueGrew", "push", 5)]
    assert shown(ask(*every, "--entity", "pull", "--kind", "QueueAppeared")) == [("QueueAppeared", "pull", None)]
    assert shown(ask(*every, "--entity", "push", "--until", rfc3339(an_hour_ago + 4_000))) == [("QueueGrew", "push", 3)]


def test_pieces_of_them_follow_each_other(ask, an_hour_ago):
    """The newest so many; or behind a place the first so many, and the next place stands on standard error."""
    every = ("changes", "-c", "config.yml", "--json", "--kind", "QueueGrew")
    assert [to for _, _, to in shown(ask(*every, "--since", "2h", "--limit", "1"))] == [5]
    first = ask(*every, "--after", f"{rfc3339(an_hour_ago + 1_500)}/0", "--limit", "2")
    assert [to for _, _, to in shown(first)] == [3, 4]
    place = first.err.split()[-1]
    assert first.err == f"more changes follow: --after {place}\n"
    second = ask(*every, "--after", place, "--limit", "2")
    assert ([to for _, _, to in shown(second)], second.err) == ([5], "")


def test_where_nothing_fits_that_is_said(ask, an_hour_ago):
    """With 0, on standard error."""
    answer = ask("changes", "-c", "config.yml", "--since", "2h", "--until", rfc3339(an_hour_ago + 500))
    assert (answer.code, answer.out, answer.err) == (0, "", "no change fits what was asked for\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--since", "1h", "--until", "2h"], "--since 1h is not before --until 2h"),
        (["--until", "2h"], "--until 2h: nothing can lie between them"),
        (["--until", "soon"], "--until: "),
        (["--after", "x"], "--after: 'x' is not what an earlier list ended with"),
        (["--after", "soon/1"], "--after: 'soon' is no time"),
        (["--after", "2026-03-01/1"], "--after: '2026-03-01' has no time zone"),
        (["--after", "2026-03-01T00:00:00Z/-1"], "is not what an earlier list ended with"),
        (["--limit", "0"], "Invalid value for '--limit'"),
        (["--follow", "--until", "2h", "--limit", "3"], "--follow shows what changes from now on, so it goes without --until, --limit"),
        (["--follow", "--after", "2026-03-01T00:00:00Z/1"], "so it goes without --after"),
    ],
)
def test_what_can_not_be_asked_for_is_said(ask, an_hour_ago, options, said):
    """With 2, and nothing on standard output."""
    answer = ask("changes", "-c", "config.yml", *options)
    assert (answer.code, answer.out) == (2, "")
    assert said in " ".join(answer.err.replace("│", " ").split())


def test_of_several_at_the_same_time_none_is_lost_between_pieces():
    """The place counts how many of that time were shown."""
    every = [
        Shown(at=at, change="QueueGrew", kind="queue", id=name, entity=name)
        for at, name in ((1, "a"), (2, "b"), (2, "c"), (2, "d"), (3, "e"))
    ]
    found, place = [], Place(0, 0)
    while True:
        last: list[Place] = []
        found += [one.id for one in pieced(every, Wanted(after=place, limit=2), last=last)]
        if not last:
            break
        (place,) = last
    assert found == ["a", "b", "c", "d", "e"]


def test_what_is_told_of_a_source_fits_any_entity():
    """Nobody would know what is missing without it."""
    lost = Shown(at=1, change="SourceLost", kind="source", id="redis", entity="redis")
    assert list(pieced([lost], Wanted(entity="push"), last=[])) == [lost]
