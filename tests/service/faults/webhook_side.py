"""Any HTTP server that a webhook posts to; it knows what it has had before by the header `webhook-id`."""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web

from tests.service.faults.far_sides import Seen
from tests.service.faults.hostile import refused
from tests.service.faults.rude import HTTP


class WebhookSide:
    """As `FarSide` says. `now` is the clock of the test, in milliseconds; `bodies` is all that was posted."""

    name = "webhook"
    speech = HTTP
    is_program = False
    never_twice = False
    counts_missed = True

    def __init__(self, now: Callable[[], int]) -> None:
        self.port = 0
        self.bodies: list[bytes] = []
        self._now = now
        self._seen: list[Seen] = []
        self._runner: web.AppRunner | None = None

    def settings(self, port: int, *, tls: bool, timeout: str) -> dict[str, Any]:
        """As the protocol says."""
        return {"url": f"http{'s' if tls else ''}://127.0.0.1:{port}/hook", "timeout": timeout}

    async def seen(self) -> list[Seen]:
        """As the protocol says."""
        return list(self._seen)

    async def harmful(self) -> list[str]:
        """As the protocol says: who reads is a program, which gets JSON and texts without anything that a terminal obeys."""
        return [f"{why}: {text[:100]!r}" for body in self.bodies for text in _texts(orjson.loads(body)) for why in refused(text)]

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_post("/hook", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, cls: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._runner is not None  # __aenter__ made it
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            body = await request.read()
        except ConnectionError:
            # Cut off on its way here: nothing has arrived.
            return web.Response(status=400)
        self.bodies.append(body)
        data = orjson.loads(body)["data"]
        self._seen.append(Seen(request.headers["webhook-id"], data["id"], data["title"], self._now(), data.get("missed", 0)))
        return web.Response()


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, one in value.items():
                yield from _texts(name)
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)
