"""
What the follower says of a Redis that does not answer as it should: each failure in its own words, and back when it is well.

The server is a stand-in of few lines, strict about what it is asked, that can be made to fail in every way on a real socket.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import hiredis
import pytest

from watchdog.model.events import Observed, SourceBack, SourceLost
from watchdog.model.kinds import Source
from watchdog.sidekiq.failures import SENTENCES, SourceUnavailableError

pytestmark = pytest.mark.timeout(180)
OK: Final = b"+OK\r\n"
NIL: Final = b"_\r\n"


class Hang(Exception):  # noqa: N818  (what the stand-in is told to do)
    """Answer nothing more on this connection."""


class Cut(Exception):  # noqa: N818
    """Send these bytes and end the connection."""


class StandIn:
    """A Redis without data. `answer` gives the reply to a command, None for the usual one; it may raise `Hang` or `ConnectionResetError`."""

    def __init__(self) -> None:
        self.answer: Callable[[list[bytes]], bytes | None] = lambda _: None
        self.greeting = b""
        self.asked: list[list[bytes]] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        writer.write(self.greeting)
        commands = hiredis.Reader(notEnoughData=...)
        try:
            while data := await reader.read(65536):
                commands.feed(data)
                while (command := commands.gets()) is not ...:
                    self.asked.append(command)
                    writer.write(self.answer(command) or usual(command))
                await writer.drain()
        except Hang:
            await reader.read()
        except Cut as cut:
            writer.write(cut.args[0])
            await writer.drain()
        except ConnectionResetError:
            pass
        finally:
            writer.close()


def bulk(text: bytes) -> bytes:
    """A string as Redis sends it."""
    return b"$%d\r\n%s\r\n" % (len(text), text)


def usual(command: list[bytes]) -> bytes:
    """What an empty Redis 7 answers to what a follower may ask, and to nothing else."""
    match command:
        case [b"HELLO", b"3", *_]:
            return b"%1\r\n+proto\r\n:3\r\n"
        case [b"CLIENT", b"SETNAME" | b"CACHING", _] | [b"CLIENT", b"TRACKING", b"ON", b"OPTIN"]:
            return OK
        case [b"CLIENT", b"TRACKINGINFO"]:
            return b"%1\r\n+flags\r\n~2\r\n+on\r\n+optin\r\n"
        case [b"INFO"]:
            return bulk(b"redis_version:7.0.15\r\nrole:master\r\n")
        case [b"INFO", b"commandstats"]:
            return bulk(b"cmdstat_ping:calls=1,usec=1,usec_per_call=1.00\r\n")
        case [b"SSCAN", _, b"0", b"COUNT", b"1000"] | [b"HSCAN", _, b"0", b"COUNT", b"500"]:
            return b"*2\r\n$1\r\n0\r\n*0\r\n"
        case [b"TIME"]:
            return b"*2\r\n$10\r\n1795354499\r\n$1\r\n7\r\n"
        case [b"GET", _] | [b"LINDEX", _, b"-1"]:
            return NIL
        case [b"ZCARD" | b"LLEN", _] | [b"SISMEMBER", _, _]:
            return b":0\r\n"
        case [b"ZRANGE", b"retry" | b"schedule", b"0", b"0", b"WITHSCORES"] | [b"ZRANGEBYSCORE", b"retry", *_]:
            return b"*0\r\n"
        case [b"HMGET", _, *fields]:
            return b"*%d\r\n" % len(fields) + NIL * len(fields)
        case [b"PTTL", _]:
            return b":-2\r\n"
        case [b"HGETALL", _]:
            return b"%0\r\n"
        case [b"CONFIG", b"GET", name]:
            return b"%1\r\n" + bulk(name) + bulk(b"yes")
        case _:
            raise AssertionError(command)


@pytest.fixture
async def stand_in() -> AsyncIterator[StandIn]:
    """A stand-in that has not been started."""
    server = StandIn()
    yield server
    await server.stop()


def error(text: str) -> Callable[[list[bytes]], bytes]:
    """Answer everything with this error."""
    return lambda _: f"-{text}\r\n".encode()


def error_to(name: bytes, text: str) -> Callable[[list[bytes]], bytes | None]:
    """Answer one command with this error."""
    return lambda command: f"-{text}\r\n".encode() if command[0] == name else None


def failing_save(command: list[bytes]) -> bytes | None:
    """A server whose last snapshot could not be written."""
    return bulk(b"role:master\r\nrdb_last_bgsave_status:err\r\n") if command == [b"INFO"] else None


def cut(command: list[bytes]) -> bytes | None:
    """A connection that ends instead of a reply."""
    if command[0] == b"SSCAN":
        raise ConnectionResetError
    return None


def cut_in_the_middle(command: list[bytes]) -> bytes | None:
    """A connection that ends within a reply."""
    if command[0] == b"SSCAN":
        raise Cut(b"*2\r\n$1\r\n0\r\n*3\r\n$50\r\nabc")
    return None


def hang(command: list[bytes]) -> bytes | None:
    """A server that falls silent after a while."""
    if command[0] == b"TIME":
        raise Hang
    return None


FAILURES: Final[dict[str, tuple[str, Callable[[list[bytes]], bytes | None]]]] = {
    "loading": ("loading", error("LOADING Redis is loading the dataset in memory")),
    "loading after the greeting": (
        "loading",
        lambda command: None if command[0] in (b"HELLO", b"CLIENT") else b"-LOADING Redis is loading the dataset in memory\r\n",
    ),
    "no password": ("noauth", error("NOAUTH HELLO must be called with the client already authenticated")),
    "wrong password": ("wrongpass", error("WRONGPASS invalid username-password pair or user is disabled.")),
    "no right to read": ("noperm", error_to(b"SSCAN", "NOPERM User agent has no permissions to run the 'sscan' command")),
    "protected mode": ("denied", error("DENIED Redis is running in protected mode")),
    "lost master": ("masterdown", error_to(b"SSCAN", "MASTERDOWN Link with MASTER is down")),
    "too many clients": ("maxclients", error("ERR max number of clients reached")),
    "a script": ("busy", error_to(b"GET", "BUSY Redis is busy running a script.")),
    "cluster": ("cluster", error_to(b"GET", "MOVED 3999 127.0.0.1:6381")),
    "cannot save": ("misconf", failing_save),
    "says it cannot save": (
        "misconf",
        error_to(b"TIME", "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."),
    ),
    "reset": ("reset", cut),
    "reset in the middle of a reply": ("reset", cut_in_the_middle),
    "silence": ("timeout", hang),
    "silence from the start": ("timeout", lambda _: (_ for _ in ()).throw(Hang())),
    "a web server": ("protocol", lambda _: b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
    "a greeting that is none": ("protocol", lambda command: b":7\r\n" if command[0] == b"HELLO" else None),
    "a set that is none": ("protocol", lambda command: b"+many\r\n" if command[0] == b"SSCAN" else None),
    "a time that is none": ("protocol", lambda command: b"*2\r\n$1\r\nx\r\n$1\r\ny\r\n" if command[0] == b"TIME" else None),
    "a map without keys": ("protocol", lambda command: b"%1\r\n*0\r\n*0\r\n" if command[0] == b"INFO" else None),
}


@pytest.mark.parametrize("case", FAILURES)
async def test_a_failure_is_said_once_and_ends_with_a_complete_snapshot(case, stand_in, following):
    """Whatever is wrong with Redis is said in its own words, once; when it is well again everything is read before that is said."""
    code, stand_in.answer = FAILURES[case]
    one = following(url=await stand_in.start(), answer_within=1.0)
    lost = await one.until(lambda: one.said)
    assert lost == [SourceLost(Source.REDIS, code, lost[0].message)]
    assert lost[0].message.startswith(SENTENCES[code].split("{")[0])
    with pytest.raises(SourceUnavailableError) as caught:
        await one.follower.reread("web1:1:cafe")
    assert caught.value.code in (code, "timeout", "reset")

    stand_in.answer = lambda _: None
    await one.until(lambda: SourceBack(Source.REDIS) in one.said)

    *before, snapshot, back = one.said
    assert all(isinstance(body, SourceLost) for body in before)
    assert isinstance(snapshot, Observed)
    assert snapshot.complete
    assert back == SourceBack(Source.REDIS)
    assert one.follower.tracking


async def test_each_kind_of_failure_of_an_outage_is_said_once(stand_in, following, until):
    """A Redis that is down, then loading, then down again is not news three times."""
    stand_in.answer = error("LOADING Redis is loading the dataset in memory")
    one = following(url=await stand_in.start(), answer_within=1.0)
    await one.until(lambda: len(one.said) == 1)
    stand_in.answer = error("NOAUTH Authentication required.")
    await one.until(lambda: len(one.said) == 2)
    stand_in.answer = error("LOADING Redis is loading the dataset in memory")
    asked = len(stand_in.asked)
    await until(lambda: len(stand_in.asked) >= asked + 2)
    stand_in.answer = lambda _: None
    await one.until(lambda: SourceBack(Source.REDIS) in one.said)

    assert [body.code for body in one.said if isinstance(body, SourceLost)] == ["loading", "noauth"]


async def test_nothing_listens(following, tmp_path):
    """A port without a server and a socket that is not there are told apart."""
    stand_in = StandIn()
    url = await stand_in.start()
    await stand_in.stop()
    refused, absent = following(url=url), following(url=f"unix://{tmp_path}/none.sock")

    assert (await refused.until(lambda: refused.said))[0].code == "refused"
    assert (await absent.until(lambda: absent.said))[0].code == "absent"


async def test_the_password_is_sent_and_never_shown(stand_in, following, caplog):
    """User and password go into the greeting, and into no message."""
    stand_in.answer = error("WRONGPASS invalid username-password pair or user is disabled.")
    url = (await stand_in.start()).replace("redis://", "redis://agent:s3cret@")
    one = following(url=url)
    (lost,) = await one.until(lambda: one.said)

    assert stand_in.asked[0] == [b"HELLO", b"3", b"AUTH", b"agent", b"s3cret"]
    assert "s3cret" not in lost.message + caplog.text


async def test_a_server_that_does_not_tell_of_changes_is_sampled(stand_in, following, caplog):
    """Where tracking is refused, beats are sampled, and the log says so once."""
    stand_in.answer = lambda command: b"-ERR unknown subcommand 'TRACKING'\r\n" if command[:2] == [b"CLIENT", b"TRACKING"] else None
    one = following(url=await stand_in.start())
    await one.until(lambda: one.said)
    await stand_in.stop()
    await one.until(lambda: any(isinstance(body, SourceLost) for body in one.said))

    assert not one.follower.tracking
    assert [record.message for record in caplog.records if "sampled" in record.message] != []
    assert not any(command == [b"CLIENT", b"CACHING", b"YES"] for command in stand_in.asked)


async def test_a_server_before_6_is_followed(stand_in, following):
    """Without HELLO the old way of signing in is taken, and everything else works."""

    def old(command: list[bytes]) -> bytes | None:
        match command:
            case [b"HELLO", *_]:
                return b"-ERR unknown command `HELLO`, with args beginning with: `3`\r\n"
            case [b"AUTH", b"s3cret"]:
                return OK
            case [b"PING"]:
                return b"+PONG\r\n"
            case [b"GET" | b"LINDEX", *_]:
                return b"$-1\r\n"
        return None

    stand_in.answer = old
    one = following(url=(await stand_in.start()).replace("redis://", "redis://:s3cret@"))
    (snapshot,) = await one.until(lambda: one.said)

    assert snapshot.complete
    assert not one.follower.tracking


async def test_rereading_before_anything_was_read(following, stand_in):
    """Nobody waits for a Redis that has not answered yet."""
    stand_in.answer = lambda _: (_ for _ in ()).throw(Hang())
    one = following(url=await stand_in.start())

    with pytest.raises(SourceUnavailableError) as caught:
        await one.follower.reread("web1:1:cafe")
    assert caught.value.code == "starting"
