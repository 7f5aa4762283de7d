"""A webhook endpoint as a stranger would write it: it checks every signature after the specification and keeps what came."""

import asyncio
import base64
import hashlib
import hmac
import json
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.patience import PATIENCE
from tests.service.agent import SECRET


class Hook:
    """Listens on the loopback; `url` is where; `got` what came, in order, once for each webhook-id."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.url = ""
        self._ids: set[str] = set()
        self._came = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._runner is not None  # __aenter__ made it
        await self._runner.cleanup()

    async def wait_for(self, kind: str, within: float = PATIENCE, *, title: str = "") -> dict[str, Any]:
        """The first message of that type with that in its title."""

        def found() -> dict[str, Any] | None:
            return next((body for body in self.got if body["type"] == kind and title in body["data"]["title"]), None)

        async with asyncio.timeout(within), self._came:
            await self._came.wait_for(lambda: found() is not None)
        return found() or {}

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()).decode()
        if request.headers["webhook-signature"] != f"v1,{expected}":
            return web.Response(status=401)
        async with self._came:
            if request.headers["webhook-id"] not in self._ids:
                self._ids.add(request.headers["webhook-id"])
                self.got.append(json.loads(body))
            self._came.notify_all()
        return web.Response(status=204)
