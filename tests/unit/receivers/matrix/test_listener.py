"""What a homeserver refuses a listener, and what is heard all the same. How a real one is listened to is in tests/service/homeserver."""

import asyncio
from typing import Any, cast

import msgspec
import pytest

from watchdog.receivers.matrix.answers import NoAnswerError
from watchdog.receivers.matrix.listener import SINCE, Following, Read
from watchdog.receivers.matrix.room import Entered
from watchdog.receivers.receiver import TryAgainError

ME, ROOM = "@watchdog:example.org", "!r:example.org"
READ = msgspec.json.encode(Read(ROOM, ME, "s1")).decode()


class Room:
    """One that is open to us."""

    async def enter(self):
        return Entered(ROOM, ME)

    def forget(self):
        """Nothing is known of it."""


class Server:
    """Answers /sync and /messages in turn with what it is given, exceptions included; then it is away for ever."""

    def __init__(self, syncs, pages=()):
        self.answers = {"sync": list(syncs), "messages": list(pages)}
        self.since = []

    async def get(self, *path, query=None, patience=0):
        if path[-1] == "sync":
            self.since.append(query.get("since", ""))
        if not self.answers[path[-1]]:
            raise EndedError
        answer = self.answers[path[-1]].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class EndedError(Exception):
    """The end of the test."""


class Desk:
    """Keeps what it is told, answers nothing."""

    def __init__(self):
        self.told = []
        self.away = {SINCE: READ}

    async def about(self, _ref):
        return None

    async def tell(self, said):
        self.told.append(said.text)
        return ""

    async def kept(self, name):
        return self.away.get(name, "")

    async def keep(self, name, value):
        self.away[name] = value


def said(number):
    """Ada asks how things stand."""
    content = {"msgtype": "m.text", "body": f"!watchdog why rule {number}"}
    return {"type": "m.room.message", "event_id": f"${number}", "sender": "@ada:example.org", "origin_server_ts": 1, "content": content}


def batch(token, *events, limited=False):
    """An answer to /sync."""
    return {"next_batch": token, "rooms": {"join": {ROOM: {"timeline": {"events": list(events), "limited": limited, "prev_batch": "p"}}}}}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Time is none of it."""
    real = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda _seconds: real(0))


async def listened(server):
    """The desk, after all that the server had to say."""
    desk, room = Desk(), cast("Any", Room())
    with pytest.raises(EndedError):
        await Following(server, room, name="ops").run(desk)
    return desk


def no(status, code=""):
    """A refusal."""
    return NoAnswerError(f"answered {status}", code=code, status=status)


async def test_pages_that_are_refused_make_nobody_deaf(caplog):
    """What was missed can't be read again: that is said, and what comes after it is heard."""
    desk = await listened(
        Server([batch("s2", said(3), limited=True), batch("s3", said(4))], [{"chunk": [said(2)], "end": "q"}, no(403, "M_FORBIDDEN")])
    )
    assert desk.told == [f"!watchdog why rule {number}" for number in (2, 3, 4)]
    assert "was not heard: answered 403" in caplog.text


async def test_pages_that_can_not_be_had_now_are_had_later():
    """The server is away for a moment: then nothing is passed over."""
    desk = await listened(
        Server([batch("s2", said(3), limited=True), batch("s2", said(3), limited=True)], [TryAgainError("away"), {"chunk": [said(2)]}])
    )
    assert desk.told == ["!watchdog why rule 2", "!watchdog why rule 3"]


@pytest.mark.parametrize(
    ("refusal", "since"), [(no(403), ["s1", "s1"]), (no(404, "M_NOT_FOUND"), ["s1", "s1"]), (no(400, "M_UNKNOWN"), ["s1", "", "s2"])]
)
async def test_how_far_was_read_is_forgotten_only_where_that_is_what_is_wrong(refusal, since):
    """A proxy that lets nobody through for a while costs nobody his answer; a server that makes nothing of the token is begun anew with."""
    server = Server([refusal, batch("s2", said(1))])
    await listened(server)
    assert server.since[: len(since)] == since
