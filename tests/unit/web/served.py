"""A server that answers for a conversation with the engine, and callers by both of its doors."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.scenario.conversation import Conversation
from tests.unit.web.inside import Looked
from watchdog.engine.status import status
from watchdog.model.told import Told
from watchdog.rulefile.api import ApiSettings
from watchdog.rulefile.page import PageSettings
from watchdog.web.answered import Answered
from watchdog.web.limits import Limits
from watchdog.web.server import API, PAGE, Server
from watchdog.web.stream.hub import Hub

ADA: Final = "correct-horse-battery-staple"
ANYWHERE: Final = PageSettings(address="127.0.0.1", port=0, tokens={"ada": ADA})
"""A page at a port that the kernel chooses."""


class Spoken(Looked):
    """What people say goes into the conversation; `told` is all of it."""

    def __init__(self, talk: Conversation, folder: Path) -> None:
        super().__init__(talk, folder)
        self.told: list[Told] = []

    def picture(self) -> dict[str, Any]:
        return {"agent": {"host": self.host}, **status(self.state, self.at())}

    async def tell(self, told: Told) -> Answered:
        self.told.append(told)
        self.talk.hear(told)
        row = next(row for row in self.talk.audit("operator") if row.detail.get("told") == told.id)
        return Answered(row.outcome, row.reason)


class Caller:
    """Somebody at one of the doors; what it asks is answered with a status and JSON."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self.session = session
        self.base = base

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Status, and the JSON of the body or its text."""
        async with self.session.request(method, self.base + path, allow_redirects=False, **options) as answer:
            return answer.status, await (answer.json() if answer.content_type == "application/json" else answer.text())

    async def get(self, path: str, **options: Any) -> tuple[int, Any]:
        """Looks."""
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> tuple[int, Any]:
        """Says something."""
        return await self.ask("POST", path, **options)


class Served:
    """A server that runs; `local` comes by its socket, `afar` by its port."""

    def __init__(self, server: Server, folder: Path, local: Caller, afar: Caller) -> None:
        self.server = server
        self.folder = folder
        self.local = local
        self.afar = afar

    @property
    def port(self) -> int:
        """Of the page."""
        return int(self.server.standing[PAGE].where.rpartition(":")[2])


@contextlib.asynccontextmanager
async def served(
    inside: Any, until: Callable[..., Awaitable[None]], *, page: PageSettings | None = ANYWHERE, limits: Limits | None = None, hub: Hub | None = None
) -> AsyncIterator[Served]:  # fmt: skip
    """A server with these settings, as long as the block runs; its socket lies in the folder of `inside`."""
    server = Server(inside, hub=hub, limits=limits)
    server.mean(ApiSettings(), page)
    task = asyncio.create_task(server.run())
    names = [API] if page is None else [API, PAGE]
    await until(lambda: all(name in server.standing and server.standing[name].since is not None for name in names), what="open doors")
    socket = aiohttp.UnixConnector(path=str(inside.folder / "api.sock"))
    async with aiohttp.ClientSession(connector=socket) as local, aiohttp.ClientSession() as afar:
        port = "" if page is None else server.standing[PAGE].where
        try:
            yield Served(server, inside.folder, Caller(local, "http://api"), Caller(afar, f"http://{port}"))
        finally:
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled(), task.exception()
