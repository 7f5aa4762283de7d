"""Requests, replies and pushes share one line: each finds its way, and whoever waits is told when the line ends."""

import asyncio
from typing import Any

import pytest

from watchdog.sidekiq.failures import ServerError, SourceUnavailableError
from watchdog.sidekiq.wire import Wire


class Line(asyncio.Transport):
    """The other end of a wire: keeps what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        self.written += data

    def abort(self) -> None:
        self.aborted = True


class Connected:
    """A wire that is connected to a line."""

    def __init__(self) -> None:
        self.pushed: list[list[object]] = []
        self.wire = Wire("h:1", self.pushed.append, answer_within=1.0)
        self.line = Line()
        self.wire.connection_made(self.line)

    async def ask(self, *commands: tuple[str, ...]) -> "asyncio.Task[list[object]]":
        task = asyncio.create_task(self.wire.ask(commands))
        await asyncio.sleep(0)
        return task


async def test_replies_come_in_the_order_of_the_questions():
    """Many requests may be under way; a reply may come in pieces, and an error is a reply like others."""
    here = Connected()
    first, second = await here.ask(("GET", "a"), ("GET", "b")), await here.ask(("PING",))
    for piece in (b"$1\r", b"\nx\r\n-ERR no\r\n+PO", b"NG\r\n"):
        here.wire.data_received(piece)
    (value, error), pong = await first, await second

    assert here.line.written == b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n*1\r\n$4\r\nPING\r\n"
    assert value == b"x"
    assert isinstance(error, ServerError)
    assert str(error) == "ERR no"
    assert pong == [b"PONG"]
    spent = here.wire.spent()
    assert (spent.commands, spent.round_trips, spent.pushes) == (3, 2, 0)
    assert (spent.bytes_out, spent.bytes_in, spent.calls) == (len(here.line.written), 23, {"get": 2, "ping": 1})


async def test_a_push_may_stand_anywhere():
    """A pushed message is no reply."""
    here = Connected()
    here.wire.data_received(b">2\r\n+invalidate\r\n*1\r\n$1\r\na\r\n")
    asked = await here.ask(("GET", "a"), ("GET", "b"))
    here.wire.data_received(b"$1\r\nx\r\n>2\r\n+invalidate\r\n_\r\n$1\r\ny\r\n")

    assert await asked == [b"x", b"y"]
    assert here.pushed == [[b"invalidate", [b"a"]], [b"invalidate", None]]


async def test_silence():
    """A server that says nothing is not waited for; what it says later belongs to nobody, and the next reply to the next question."""
    here = Connected()
    asked = await here.ask(("GET", "a"))
    with pytest.raises(SourceUnavailableError) as caught:
        await asked
    again = await here.ask(("GET", "b"))
    here.wire.data_received(b"$4\r\nlate\r\n$1\r\ny\r\n")

    assert caught.value.code == "timeout"
    assert await again == [b"y"]


async def test_a_slow_line_is_waited_for():
    """As long as something comes, however slowly, the server is there."""
    here = Connected()
    asked = await here.ask(("GET", "a"))
    for piece in b"$6\r\nslowly\r\n":
        await asyncio.sleep(0.1)  # sleeps on purpose: it is the slow line
        here.wire.data_received(bytes((piece,)))

    assert await asked == [b"slowly"]


async def test_whoever_gives_up_does_not_disturb_the_others():
    """The replies to a question that was cancelled are counted off."""
    here = Connected()
    first, second = await here.ask(("GET", "a")), await here.ask(("GET", "b"))
    first.cancel()
    await asyncio.sleep(0)
    here.wire.data_received(b"$1\r\nx\r\n$1\r\ny\r\n")

    assert await second == [b"y"]


@pytest.mark.parametrize(
    ("bytes_", "code"), [(b"HTTP/1.1 400 Bad Request\r\n", "protocol"), (b"*-7\r\n", "protocol"), (b"%1\r\n*0\r\n*0\r\n", "protocol")]
)
async def test_what_is_not_the_protocol_ends_the_wire(bytes_, code):
    """Whoever waits is told, whoever asks afterwards as well, and nothing is read any more."""
    here = Connected()
    asked = await here.ask(("GET", "a"))
    here.wire.data_received(bytes_)
    for waiting in (asked, here.wire.ask([("GET", "b")])):
        with pytest.raises(SourceUnavailableError) as caught:
            await waiting
        assert caught.value.code == code

    assert here.line.aborted
    assert (await here.wire.ended).code == code


@pytest.mark.parametrize(("bytes_", "code"), [(b"-ERR max number of clients reached\r\n", "maxclients"), (b"+OK\r\n", "protocol")])
async def test_an_answer_to_nothing(bytes_, code):
    """A server that refuses a connection says why before it is asked."""
    here = Connected()
    here.wire.data_received(bytes_)

    assert (await here.wire.ended).code == code


@pytest.mark.parametrize(("error", "code"), [(None, "reset"), (ConnectionResetError(104, "no"), "reset"), (TimeoutError(), "timeout")])
async def test_a_lost_connection(error, code):
    """The end of the connection has its reason, and only the first one counts."""
    here = Connected()
    here.wire.connection_lost(error)
    here.wire.close()

    assert (await here.wire.ended).code == code


async def test_a_length_that_no_memory_holds():
    """A list of four thousand million elements is announced: what answers is no Redis, and whoever asked is told so."""
    here = Connected()
    asked = await here.ask(("GET", "a"))
    here.wire.data_received(b"*4294967295\r\n")
    with pytest.raises(SourceUnavailableError) as caught:
        await asked

    assert caught.value.code == "protocol"
