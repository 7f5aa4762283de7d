"""Who finds the line before the agent's socket full waits for room, as long as they have patience."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from watchdog.doctor.asked import answered
from watchdog.web.knocking import Knocking, let_in


class Line:
    """A socket at which nobody is let in, with as many before it as the kernel takes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.door.bind(str(path))
        self.door.listen(2)
        self.waiting: list[socket.socket] = []
        with contextlib.suppress(BlockingIOError):
            while True:
                one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
                self.waiting.append(one)
                one.connect(str(path))

    def move(self) -> None:
        """One is let in, and goes again."""
        self.door.accept()[0].close()

    def close(self) -> None:
        """It is over."""
        for one in (self.door, *self.waiting):
            one.close()


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """One that is full."""
    found = Line(tmp_path / "api.sock")
    yield found
    found.close()


async def test_who_is_turned_away_knocks_again(line):
    """Until there is room, and no more often than that."""
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 3:
            line.move()

    with await let_in(str(line.path), rest) as sock:
        assert sock.getpeername() == str(line.path)
        assert not sock.getblocking()
    assert len(rests) == 3
    assert all(seconds > 0 for seconds in rests)


@pytest.mark.parametrize("left", ["nothing", "the file of a dead agent"])
async def test_nobody_knocks_where_nobody_is(tmp_path, left):
    """What waiting does not help is said at once, in the words of the kernel, through the library as well."""
    path = tmp_path / "api.sock"
    if left != "nothing":
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
    with pytest.raises((FileNotFoundError, ConnectionRefusedError)):
        await let_in(str(path))
    async with aiohttp.ClientSession(connector=Knocking(str(path))) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await session.get("http://localhost/")
    assert isinstance(caught.value.os_error, FileNotFoundError | ConnectionRefusedError)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_request_waits_and_is_heard_once(line, method):
    """It is not sent before there is somebody to take it; what is said is said once."""
    heard: list[str] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(f"{request.method} {await request.text()}")
        return web.Response(text="yes")

    app = web.Application()
    app.router.add_route("*", "/", hear)
    runner = web.AppRunner(app, shutdown_timeout=1, access_log=None)
    await runner.setup()
    try:
        async with aiohttp.ClientSession(connector=Knocking(str(line.path))) as session:
            asked = asyncio.create_task(session.request(method, "http://localhost/", data=b"pause" if method == "POST" else None))
            # Time enough to be turned away, and to have taken that for a connection.
            for _ in range(100):
                await asyncio.sleep(0)
            assert not asked.done()
            await web.SockSite(runner, line.door).start()
            async with await asked as answer:
                assert (answer.status, await answer.text()) == (200, "yes")
        assert heard == [f"{method} {'pause' if method == 'POST' else ''}"]
    finally:
        await runner.cleanup()


async def test_patience_ends(line, monkeypatch):
    """Before a line that does not move, whoever asks gives up when their own time is over, and says that nobody answers."""
    async with aiohttp.ClientSession(connector=Knocking(str(line.path))) as session:
        for patience in (aiohttp.ClientTimeout(total=0.05), aiohttp.ClientTimeout(total=None, sock_connect=0.05)):
            with pytest.raises(TimeoutError):
                await session.get("http://localhost/", timeout=patience)
    monkeypatch.setattr("watchdog.doctor.asked.WITHIN", 0.05)
    assert await answered("http://localhost/healthz", socket=line.path) == "no answer within 0 s"
