"""A server to post to, a wall clock that is moved by hand, and a store to deliver from."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from watchdog.clock import Clock
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.store.store import Store


class WallClock(Clock):
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000

    def wall(self) -> int:
        return self.now


class Endpoint:
    """
    A real HTTP server on the loopback interface.

    `answers` are taken one a request (a status, or a coroutine function of the request); when they are used up it answers `otherwise`.
    """

    def __init__(self) -> None:
        self.answers: list[int | Callable[[web.Request], Awaitable[web.StreamResponse]]] = []
        self.otherwise = 200
        self.requests: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token=topsecret"

    async def up(self) -> None:
        """Start to listen, on the same port as before."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def down(self) -> None:
        """Refuse connections from now on."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        answer = self.answers.pop(0) if self.answers else self.otherwise
        self.requests.put_nowait(({name.lower(): value for name, value in request.headers.items()}, body))
        return web.Response(status=answer) if isinstance(answer, int) else await answer(request)


@pytest.fixture
def clock() -> WallClock:
    """The clock of everything under test."""
    return WallClock()


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    """A server that is up."""
    server = Endpoint()
    await server.up()
    yield server
    await server.down()


@pytest.fixture
async def store(tmp_path: Path, clock: WallClock) -> AsyncIterator[Store]:
    """An open store."""
    opened = await Store.open(tmp_path / "state", clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
def notice() -> Callable[..., Notice]:
    """Make a notice, by default one of its own thread."""

    def make(id_: str, thread: str = "", **fields: Any) -> Notice:
        usual = {"kind": NoticeKind.STAGE, "severity": Severity.CRITICAL, "at": 1_699_999_999_123, "title": f"title of {id_}"}
        return Notice(id_, thread or id_, **{**usual, **fields})

    return make
