"""How long jobs waited while an incident went on, from the trace of the agent."""

import asyncio

import msgspec
import pytest

from tests.scenario.conversation import WALL, redis
from tests.unit.cli.conftest import apart
from tests.unit.cli.test_recorded import FIRST, Agent
from tests.unit.timeline.test_markdown import STORY
from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind
from watchdog.store.trace import recorder as recorders
from watchdog.timeline import queues
from watchdog.timeline.markdown import written
from watchdog.timeline.queues import with_queues
from watchdog.timeline.timeline import Waited

GONE = "how long jobs waited in queues was not recorded, or not all the time"


def waiting(name, size, latency):
    """So many wait in it, the next for so long."""
    return redis(Delta(Kind.QUEUE, name, {"name": name, "size": size, "latency": latency}))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An agent that started at `WALL` has read this, a second after the other; the file ends and another begins in between."""
    monkeypatch.setattr(recorders, "RESERVE", 0)

    async def live() -> None:
        agent = Agent(tmp_path, WALL)
        agent.record(
            FIRST,
            waiting("pull", 9, 90_000),  # 2 s after the start: before it began
            waiting("push", 40, 4_000),
            waiting("push", 30, 5_000),
            None,
            waiting("pull", 1, 500),
            waiting("pull", 2, 700),
            redis(Gone(Kind.QUEUE, "pull", "empty")),
            waiting("push", 900, 600_000),  # 8 s: when it was over
        )
        await agent.recorder.close()

    (tmp_path / "trace").mkdir(exist_ok=True)
    apart(lambda: asyncio.run(live()))
    return tmp_path


def of(folder, began, resolved):
    """What is told of it between these seconds."""
    story = msgspec.structs.replace(STORY, began=WALL + began * 1_000, ended=None, resolved=WALL + resolved * 1_000)
    found = with_queues(folder, story, now=WALL + 60_000)
    return found.queues, found.missing


def test_the_worst_of_each_queue_is_told(folder):
    """The most that waited, the longest wait and when, the worst queue first; what was before and after does not count, and what stood in it when it began does."""
    assert of(folder, 3, 7) == (
        (
            Waited(queue="pull", size=9, latency=90_000, at=WALL + 3_000),
            Waited(queue="push", size=40, latency=5_000, at=WALL + 4_000),
        ),
        (),
    )


def test_what_waits_for_less_than_a_second_is_not_worth_a_line(folder):
    """Queues are there to be waited in."""
    assert [one.queue for one in of(folder, 6, 7)[0]] == ["push"]


def test_what_was_not_recorded_is_said(folder, tmp_path):
    """Where the trace begins later, and where there is none."""
    assert of(folder, -60, 4)[1] == (GONE,)
    assert of(tmp_path / "none", 3, 7) == ((), (GONE,))


def test_nobody_waits_for_ever(folder, monkeypatch):
    """Of a trace that is too long it is said that not all of it was looked at."""
    monkeypatch.setattr(queues, "PATIENCE", -1.0)
    assert of(folder, 3, 7)[1] == ("how long jobs waited in queues: too much was recorded to look through all of it",)


def test_the_report_says_it(folder):
    """In its impact."""
    story = with_queues(folder, msgspec.structs.replace(STORY, began=WALL + 3_000, resolved=WALL + 7_000), now=WALL)
    assert "- Queue push: at most 40 waited, and the next of them for 5s at 14:13:24.000." in written(story, host="", now=WALL)
