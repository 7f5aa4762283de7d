"""
The other servers: one web server of the loopback that is all of them, and answers each delivery as the server whose name stands in it would.

Names say it: `mastodon.example` takes what it gets, `slow-3.example` never answers, `http401-17.example` answers with that status. Who is dead (`dead-…`) has a port of
his own, at which nobody listens.
"""

import asyncio
import re
from collections import Counter
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from tests.ports import free_port

_TAKEN: Final = 202
_STATUS: Final = re.compile(r"http(\d{3})\b")


class Neighbours:
    """`at` is the address and port of all that live, `dead` of those that don't; `asked` counts the deliveries by host."""

    def __init__(self) -> None:
        self.at = ""
        self.dead = f"127.0.0.1:{free_port()}"
        self.asked: Counter[str] = Counter()
        self._over = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/{inbox:.*}", self._take)
        self._runner = web.AppRunner(application, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.at = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        assert self._runner is not None  # __aenter__ made it
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        host = request.headers["Host"].partition(":")[0]
        self.asked[host] += 1
        if host.startswith("slow"):
            await self._over.wait()
        said = _STATUS.match(host)
        return web.Response(status=int(said[1]) if said else _TAKEN)
