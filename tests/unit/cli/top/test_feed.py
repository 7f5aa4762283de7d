"""What is asked for, and when: what the stream says has changed, no more often than its pace, and everything after a connection was lost."""

import asyncio

import pytest

from tests.unit.cli.api_server import served, wrong
from tests.unit.cli.api_world import answers, overview
from watchdog.cli.api import Api
from watchdog.cli.top.feed import Feed, Question
from watchdog.errors import Problem, ProblemsError, Span
from watchdog.picture.picture import Picture
from watchdog.web.views.overview import Overview
from watchdog.web.views.switches import Switches

OVERVIEW = Question("overview", Overview, frozenset({"overview", "alerts"}))
SWITCHES = Question("switches", Switches, frozenset({"switches"}))


@pytest.fixture
async def server(tmp_path):
    """An agent that answers."""
    async with served(tmp_path / "api.sock") as one:
        one.answers = answers()
        yield one


@pytest.fixture
async def feed(tmp_path):
    """One that asks as fast as it is told, and never because time goes on."""
    one = Feed(lambda: Api(tmp_path / "api.sock", state=tmp_path), lambda: None, pace=0.0, ticking=3600, waits=(0.01,))
    one.want({"overview": OVERVIEW, "switches": SWITCHES})
    running = asyncio.create_task(one.run())
    yield one
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def times(server, path: str) -> int:
    """How often that was asked for."""
    return sum(asked == path for asked, _ in server.asked)


async def test_it_asks_once_and_then_for_what_has_changed(server, feed, until):
    """An event names sections; only what follows one of them is asked for anew."""
    await until(lambda: {"overview", "switches"} <= feed.seen.keys())
    assert feed.trouble == ""
    await server.listened()
    server.answers["overview"] = overview(firing=7)
    server.send('id: a-1\nevent: sections\ndata: {"alerts":3,"queues":9}\n\n')
    await until(lambda: feed.seen["overview"].firing == 7)
    assert (times(server, "overview"), times(server, "switches")) == (2, 1)


async def test_what_it_can_not_understand_may_be_anything(server, feed, until):
    """So everything is asked for; so it is after a reset."""
    await until(lambda: {"overview", "switches"} <= feed.seen.keys())
    await server.listened()
    server.send("event: sections\ndata: {\n\n")
    await until(lambda: times(server, "switches") == 2)
    server.send('event: reset\ndata: {"versions":{}}\n\n')
    await until(lambda: times(server, "switches") == 3 and times(server, "overview") == 3)


async def test_a_lost_connection_comes_back(tmp_path, feed, until):
    """What was seen stays, with what is the matter; the stream goes on from where it was, and all is asked for anew."""
    async with served(tmp_path / "api.sock") as first:
        first.answers = answers()
        await until(lambda: "overview" in feed.seen)
        await first.listened()
        first.send('id: a-7\nevent: beat\ndata: {}\n\nid: a-8\nevent: sections\ndata: {"switches":1}\n\n')
        await until(lambda: times(first, "switches") == 2)
    await until(lambda: "no agent runs" in feed.trouble)
    assert feed.seen["overview"].firing == 1
    async with served(tmp_path / "api.sock") as second:
        second.answers = {**answers(), "overview": overview(firing=9)}
        await until(lambda: feed.seen["overview"].firing == 9)
        await second.listened()
        assert (feed.trouble, second.after) == ("", ["a-8"])


async def test_a_config_that_is_broken_meanwhile_is_no_end(server, tmp_path, until):
    """It is read again for each connection: what is wrong with it is said, and once it is mended all goes on."""
    broken = [ProblemsError((Problem("E122", Span("config.yml", 3, 7), "'page' must be a mapping"),))]

    def connect() -> Api:
        if broken:
            raise broken[0]
        return Api(tmp_path / "api.sock", state=tmp_path)

    feed = Feed(connect, lambda: None, pace=0.0, ticking=3600, waits=(0.01,))
    feed.want({"overview": OVERVIEW})
    running = asyncio.create_task(feed.run())
    await until(lambda: "'page' must be a mapping" in feed.trouble)
    broken.clear()
    await until(lambda: "overview" in feed.seen and feed.trouble == "")
    running.cancel()
    await asyncio.wait({running})


async def test_what_one_question_lacks_is_no_lost_connection(server, tmp_path, until):
    """An older agent does not know it, or its thing is gone: that is said of the question alone."""
    server.answers |= {
        "processes/x": (404, wrong("not_there", "it has ended")),
        "switches": (500, b""),
        "blocked": (429, wrong("slow_down", "so many ask")),
    }
    feed = Feed(lambda: Api(tmp_path / "api.sock", state=tmp_path), lambda: None, pace=0.0, ticking=3600, waits=(0.01,))
    feed.want(
        {
            "overview": OVERVIEW,
            "x": Question("processes/x", Overview, frozenset()),
            "y": Question("not-yet", Overview, frozenset()),
            "s": SWITCHES,
            "z": Question("blocked", Overview, frozenset()),
        }
    )
    running = asyncio.create_task(feed.run())
    await until(lambda: {"x", "y", "s", "z"} <= feed.failed.keys() and "overview" in feed.seen)
    assert (feed.trouble, feed.failed["x"]) == ("", "it has ended")
    assert "of another version" in feed.failed["y"]
    assert "failed to answer" in feed.failed["s"]
    assert feed.failed["z"] == "the agent can't answer now: so many ask"
    running.cancel()
    await asyncio.wait({running})


async def test_what_is_not_wanted_any_more_is_not_asked_for(server, feed, until):
    """And what is wanted anew is asked for at once; the same question is not."""
    await until(lambda: {"overview", "switches"} <= feed.seen.keys())
    await server.listened()
    feed.want({"overview": OVERVIEW, "approvals": Question("status", Picture, frozenset({"approvals"}))})
    await until(lambda: times(server, "status") == 1)
    server.send('event: sections\ndata: {"switches":1,"approvals":1}\n\n')
    await until(lambda: times(server, "status") == 2)
    assert (times(server, "switches"), times(server, "overview")) == (1, 1)


async def test_it_asks_no_more_often_than_its_pace(server, tmp_path, until):
    """However often something changes: with a pace of an hour once, with events without end."""
    feed = Feed(lambda: Api(tmp_path / "api.sock", state=tmp_path), lambda: None, pace=3600, ticking=7200, waits=(0.01,))
    feed.want({"overview": OVERVIEW})
    running = asyncio.create_task(feed.run())
    await until(lambda: "overview" in feed.seen)
    await server.listened()
    for number in range(20):
        server.send(f'id: a-{number}\nevent: sections\ndata: {{"alerts":{number}}}\n\n')
    await until(lambda: feed._last == "a-19")
    assert times(server, "overview") == 1
    assert 3500 < feed._until_next(asyncio.get_running_loop().time()) <= 3600
    running.cancel()
    await asyncio.wait({running})


async def test_time_alone_has_it_ask(server, tmp_path, until):
    """Ages and margins move though nothing changes."""
    feed = Feed(lambda: Api(tmp_path / "api.sock", state=tmp_path), lambda: None, pace=0.0, ticking=0.01, waits=(0.01,))
    feed.want({"overview": OVERVIEW})
    running = asyncio.create_task(feed.run())
    await until(lambda: times(server, "overview") >= 3)
    running.cancel()
    await asyncio.wait({running})
