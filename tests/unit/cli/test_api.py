"""Asking the agent over its socket: what comes, what does not, and in which words."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from tests.unit.cli.api_server import served, wrong
from watchdog.cli import api as asking
from watchdog.cli.api import Api, NotThereError, RefusedError, UnreachableError, api_of
from watchdog.picture.picture import Picture
from watchdog.store.lock import StateLock
from watchdog.web.answered import Answered
from watchdog.web.paging import Slice
from watchdog.web.views.alerts import AlertSeen


@pytest.fixture
async def server(tmp_path):
    """A server, and who asks it."""
    async with served(tmp_path / "api.sock") as one:
        yield one


def api(folder: Path, by: str = "") -> Api:
    """Who asks."""
    return Api(folder / "api.sock", state=folder, by=by)


async def test_an_answer_comes_as_its_struct(server, tmp_path):
    """With the query that was asked."""
    server.answers["alerts"] = {"items": [], "total": 7, "later": 1}
    async with api(tmp_path) as one:
        found = await one.get("alerts", Slice[AlertSeen], limit=5, rule="a b&c")
    assert (found.items, found.total) == ((), 7)
    assert server.asked == [("alerts", {"limit": "5", "rule": "a b&c"})]


async def test_what_is_said_is_answered(server, tmp_path):
    """Also where it is refused: that is an answer. Root says in whose name."""
    server.answers["pause"] = Answered("paused", "by ada")
    server.answers["resume"] = (409, b'{"outcome":"refused","reason":"nothing is paused"}')
    async with api(tmp_path, by="ada") as one:
        assert await one.say("pause", {"for": "2h", "reason": "disks"}) == Answered("paused", "by ada")
        assert (await one.say("resume", {"reason": "over"})).refused
    assert server.said[0] == ("pause", {"for": "2h", "reason": "disks"}, "ada")


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        ((404, wrong("no_such_endpoint", "x")), UnreachableError, "of another version"),
        ((404, b"<html>"), UnreachableError, "of another version"),
        (
            (404, wrong("not_there", "no rule 'a' is in force", "did you mean b?")),
            NotThereError,
            r"^no rule 'a' is in force \(hint: did you mean b\?\)$",
        ),
        ((403, wrong("not_yours", "nobody named you")), RefusedError, "does not let this user: nobody named you"),
        ((400, wrong("bad", "limit is no number")), RefusedError, "^limit is no number$"),
        ((503, wrong("store", "the disk is full")), UnreachableError, "can't answer now: the disk is full"),
        ((500, b""), UnreachableError, "failed to answer"),
        ((200, b"{"), UnreachableError, "can't be understood"),
        ((200, b'{"mode": 1}'), UnreachableError, "can't be understood"),
    ],
)
async def test_every_refusal_has_its_words(server, tmp_path, answer, error, says):
    """What the agent says is passed on; what no agent says is told from it."""
    server.answers["status"] = answer
    async with api(tmp_path) as one:
        with pytest.raises(error, match=says):
            await one.get("status", Picture)


async def test_an_answer_without_end_is_none(server, tmp_path, monkeypatch):
    """Nobody can have this command eat all memory."""
    monkeypatch.setattr(asking, "LARGEST", 1000)
    server.answers["status"] = (200, b"x" * 2000)
    async with api(tmp_path) as one:
        with pytest.raises(UnreachableError, match="no agent"):
            await one.get("status", Picture)


async def test_nobody_listens(tmp_path):
    """An agent that does not run is told from one that does not listen, and from a socket that a dead one has left."""
    async with api(tmp_path) as one:
        with pytest.raises(UnreachableError, match=rf"^no agent runs on the state folder {tmp_path}"):
            await one.get("status", Picture)
        held = StateLock.take(tmp_path)
        try:
            with pytest.raises(UnreachableError, match=rf"an agent runs \(pid {os.getpid()}\), and does not listen"):
                await one.get("status", Picture)
        finally:
            held.release()
    async with served(tmp_path / "api.sock"):
        pass
    async with api(tmp_path) as one:
        with pytest.raises(UnreachableError, match="no agent runs"):
            async for _ in one.events():
                pass


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied"),
            "this user may not connect to .*api.sock; ask as root or the agent's user, or be of the group",
        ),
        (TimeoutError(), "the agent does not answer"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "the connection to the agent broke"),
    ],
)
def test_why_it_can_not_be_reached(tmp_path, error, says):
    """Each has its sentence, with what to do."""
    with pytest.raises(UnreachableError, match=says):
        api(tmp_path)._explain(error)


async def test_the_stream_goes_on_from_where_it_was(server, tmp_path):
    """Events as they come; an agent that ends is the end."""
    seen = []
    async with api(tmp_path) as one:
        events = one.events("a.7")
        first = anext(events)
        waiting = asyncio.ensure_future(first)
        await server.listened()
        server.send(
            ': hello\nid: a.8\nevent: sections\ndata: {"a":1}\ndata: {"b":2}\nretry: 5\n\nid: a.9\r\ndata: x\r\n\r\nid: a.10\ndata: cut'
        )
        seen.append(await waiting)
        server.hang_up()
        seen += [event async for event in events]
    assert [(event.id, event.event, event.data) for event in seen] == [("a.8", "sections", b'{"a":1}\n{"b":2}'), ("a.9", "message", b"x")]
    assert server.after == ["a.7"]


async def test_a_stream_that_is_none(server, tmp_path, monkeypatch):
    """A line that is too long, and a refusal."""
    async with api(tmp_path) as one:
        events = one.events()
        waiting = asyncio.ensure_future(anext(events))
        await server.listened()
        server.send("data: " + "x" * 3_000_000 + "\n\n")
        with pytest.raises(UnreachableError, match="can't be understood"):
            await waiting


def test_where_the_socket_is(config):
    """In the state folder of the config."""
    one = api_of(config)
    assert one._socket == config.parent / "state" / "api.sock"
