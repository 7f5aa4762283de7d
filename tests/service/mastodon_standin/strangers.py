"""
Other servers: each listens on the loopback with TLS, under whatever name a test gives it, and publishes whom it blocks as Mastodon does, or does what no Mastodon would.

Names are found by `Names`, a resolver that knows nothing but what it was told; what a name stands for can change from one question to the next.
"""

import asyncio
import hashlib
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

PATH: Final = "/api/v1/instance/domain_blocks"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def entry(domain: str, severity: str = "suspend", *, obfuscate: bool = False) -> dict[str, Any]:
    """A rule as REST::DomainBlockSerializer has it."""
    shown = domain[:2] + "*" * (len(domain) - 4) + domain[-2:] if obfuscate else domain
    return {"domain": shown, "digest": hashlib.sha256(domain.encode()).hexdigest(), "severity": severity, "comment": "hunter2"}


class Names(AbstractResolver):
    """`known` has (address, port) by name, or a list of them: one for each question, the last one for all that follow. `asked` are the names in their order."""

    def __init__(self) -> None:
        self.known: dict[str, list[list[tuple[str, int]]]] = {}
        self.asked: list[str] = []

    def say(self, name: str, *answers: tuple[str, int] | list[tuple[str, int]]) -> None:
        """From now on the name stands for these addresses, one answer after the other."""
        self.known[name] = [answer if isinstance(answer, list) else [answer] for answer in answers]

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """What was said; OSError for every other name."""
        self.asked.append(host)
        answers = self.known.get(host)
        if not answers:
            raise OSError(None, "no such name")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=at,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address, at in answer
        ]

    async def close(self) -> None:
        """Nothing is open."""


class Stranger:
    """A server of somebody else; `published` is its list (None: it publishes none), `instead` whatever it does in place of that. `seen` are the requests."""

    def __init__(self, tls: ssl.SSLContext, published: list[dict[str, Any]] | None = None) -> None:
        self.published = published
        self.instead: Handler | None = None
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.port = 0
        self.sent = 0
        self._tls = tls
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._runner is not None  # __aenter__ made it
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.method, request.path, {name.lower(): value for name, value in request.headers.items()}))
        if self.instead is not None:
            return await self.instead(request)
        if request.method != "GET" or request.path != PATH or self.published is None:
            return web.Response(status=404)
        return web.Response(text=json.dumps(self.published), content_type="application/json")

    def sends(self, bytes_: int, *, pause: float = 0.0) -> Handler:
        """An answer of that length that may come slowly; `sent` says how much of it was taken."""

        async def send(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"content-type": "application/json"})
            await response.prepare(request)
            await response.write(b"[")
            chunk = b" " * 65_536 if not pause else b" "
            while self.sent < bytes_:
                await response.write(chunk)
                self.sent += len(chunk)
                await asyncio.sleep(pause)
            await response.write(b"]")
            return response

        return send


def answers(status: int, **headers: str) -> Handler:
    """A bare answer."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return answer


def says(text: str | bytes) -> Handler:
    """An answer with that body."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=text if isinstance(text, bytes) else text.encode(), content_type="application/json")

    return answer
