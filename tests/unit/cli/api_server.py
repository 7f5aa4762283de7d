"""An API on a unix socket that answers what a test says, and nothing else: what is not in the agent's own table of endpoints, or what the test has no answer to, does not exist, and parameters must fit."""

import asyncio
import contextlib
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from watchdog.web.endpoint import Endpoint
from watchdog.web.endpoints import ENDPOINTS
from watchdog.web.failures import NotUnderstoodError
from watchdog.web.parameters import checked, from_text

Answer = tuple[int, bytes]


def wrong(code: str, message: str, hint: str = "") -> bytes:
    """What an error looks like."""
    return msgspec.json.encode({"error": {"code": code, "message": message, "hint": hint}})


class ApiServer:
    """`answers` are by path below `/api/v1/`, each a struct or plain data, a pair of status and bytes, or a function of the query that gives one of these; `asked` and `said` are what came."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.said: list[tuple[str, dict[str, Any], str]] = []
        self.after: list[str] = []
        self._over = False
        self._streams: list[asyncio.Queue[bytes | None]] = []
        self._listening = asyncio.Event()

    async def listened(self) -> None:
        """Waits until somebody listens to the stream."""
        await self._listening.wait()

    def send(self, text: str) -> None:
        """These bytes to all who listen."""
        for stream in self._streams:
            stream.put_nowait(text.encode())

    def end(self) -> None:
        """Ends all streams, and those that are begun from now on."""
        self._over = True
        self.hang_up()

    def hang_up(self) -> None:
        """Ends all streams."""
        for stream in self._streams:
            stream.put_nowait(None)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        path = request.path.removeprefix("/api/v1/")
        if request.method == "GET" and path == "events":
            return await self._stream(request)
        query = dict(request.query)
        if request.method == "POST":
            query = await request.json()
            self.said.append((path, query, request.headers.get("X-Watchdog-By", "")))
        else:
            self.asked.append((path, query))
        endpoint = _endpoint(request.method, path)
        if endpoint is None or path not in self.answers:
            return _answered((404, wrong("no_such_endpoint", f"there is no {path}")))
        params = [param for param in endpoint.params if not param.in_path]
        try:
            checked(params, query) if request.method == "POST" else from_text(params, query.items())
        except NotUnderstoodError as error:
            return _answered((400, msgspec.json.encode(error.failed)))
        known = self.answers[path]
        return _answered(known(query) if callable(known) else known)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.after.append(request.headers.get("Last-Event-ID", ""))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        stream: asyncio.Queue[bytes | None] = asyncio.Queue()
        with contextlib.suppress(ConnectionError):  # who listened has left
            await response.prepare(request)
            self._streams.append(stream)
            self._listening.set()
            while not self._over and (piece := await stream.get()) is not None:
                await response.write(piece)
        if stream in self._streams:
            self._streams.remove(stream)
        if not self._streams:
            self._listening.clear()
        return response


def _endpoint(method: str, path: str) -> Endpoint | None:
    """The one of the agent's own table that would answer."""
    for one in ENDPOINTS:
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(one.path.removeprefix("/")))
        if one.method.value == method.lower() and re.fullmatch(pattern, path):
            return one
    return None


def _answered(known: Any) -> web.Response:
    status, body = known if isinstance(known, tuple) else (200, msgspec.json.encode(known))
    return web.Response(status=status, body=body, content_type="application/json")


@asynccontextmanager
async def served(socket: Path) -> AsyncIterator[ApiServer]:
    """A server on that socket."""
    server = ApiServer()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=1, access_log=None)
    await runner.setup()
    socket.parent.mkdir(parents=True, exist_ok=True)
    await web.UnixSite(runner, str(socket)).start()
    try:
        yield server
    finally:
        server.end()
        await runner.cleanup()


@contextmanager
def served_apart(socket: Path) -> Iterator[ApiServer]:
    """The same in a thread of its own, for a command that has a loop of its own."""
    ready, over = threading.Event(), threading.Event()
    found: list[ApiServer] = []

    async def serve() -> None:
        async with served(socket) as server:
            found.append(server)
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    try:
        yield found[0]
    finally:
        over.set()
        thread.join()
