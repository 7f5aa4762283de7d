"""
One call of Slack's Web API: JSON out, JSON in.

An answer is believed only where it is whole: 200, JSON, `ok`. Tokens go to the address of the config and nowhere else (no redirects), and are never shown.
"""

import os
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import orjson

import watchdog
from watchdog.clock import Clock
from watchdog.receivers.receiver import RefusedError, TryAgainError
from watchdog.receivers.slack.refusals import SaidNoError
from watchdog.receivers.waits import retry_after
from watchdog.store.encoding import encode

SCOPES: Final[Mapping[str, frozenset[str]]] = {
    "auth.test": frozenset(),
    "chat.postMessage": frozenset({"chat:write"}),
    "chat.update": frozenset({"chat:write"}),
    "conversations.history": frozenset({"channels:history", "groups:history"}),
    "conversations.replies": frozenset({"channels:history", "groups:history"}),
    "apps.connections.open": frozenset(),
}
"""Every method that is called → the scopes that the bot token needs for it (the app-level token has `connections:write`)."""

USER_AGENT: Final = f"sidekiq-watchdog/{watchdog.__version__}"
_AS_SAFE: Final = {"https": ("https", "wss"), "http": ("https", "wss", "http", "ws")}
_LONGEST: Final = 4 * 1024 * 1024
"""Bytes of an answer; a page of 200 messages with all their blocks stays far below."""


class Web:
    """Connections to one server. `timeout` is for one call as a whole, in milliseconds."""

    def __init__(self, *, timeout: int, clock: Clock) -> None:
        self._timeout = timeout
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False

    @property
    def session(self) -> aiohttp.ClientSession:
        """Opened when it is first needed. Raises `TryAgainError` once it was closed: who listens may notice that a moment later."""
        if self._is_closed:
            raise TryAgainError("it is being closed", untouched=True)
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # Messages are minutes apart: a kept connection would have been closed by the other side just when it is needed.
                connector=aiohttp.TCPConnector(force_close=True),
                timeout=aiohttp.ClientTimeout(total=self._timeout / 1000),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def post(self, url: str, body: Mapping[str, Any], *, token: str = "") -> tuple[int, bytes, int | None, Mapping[str, str]]:
        """
        Status, body, how long the server wants to be left alone (milliseconds), and headers.

        Raises `TryAgainError` where there was no whole answer; `untouched` where not even a connection came about.
        """
        headers = {"content-type": "application/json; charset=utf-8", "user-agent": USER_AGENT}
        if token:
            headers["authorization"] = f"Bearer {token}"
        try:
            async with self.session.post(url, data=encode(body), headers=headers, allow_redirects=False) as response:
                answer = await _whole(response.content)
                after = retry_after(response.headers.get("Retry-After"), wall=self._clock.wall())
                return response.status, answer, after, response.headers
        except aiohttp.ConnectionTimeoutError:
            raise TryAgainError("no connection came about in time", untouched=True) from None
        except TimeoutError:
            raise TryAgainError(f"no answer within {self._timeout / 1000:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            # The errors of aiohttp repeat the address, which can be a secret; what we raise does not, nor does it carry them along.
            raise _failure(error) from None

    async def close(self) -> None:
        """Closes what is open, for good."""
        self._is_closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None


class Api:
    """The methods of one app; `base` ends without a slash."""

    def __init__(self, base: str, web: Web) -> None:
        self._base = base.rstrip("/")
        self._web = web

    async def call(self, method: str, token: str, **arguments: Any) -> dict[str, Any]:
        """What Slack answered, with the headers it names scopes in. Raises `SaidNoError` where it said no, `TryAgainError` where it said nothing that can be understood."""
        assert method in SCOPES
        status, body, after, headers = await self._web.post(f"{self._base}/{method}", arguments, token=token)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise SaidNoError("ratelimited", after)
        judge(status, after)
        answer = _object(body)
        if answer.get("ok") is not True:
            raise SaidNoError(str(answer.get("error", ""))[:80], after, needed=str(answer.get("needed", ""))[:80])
        return answer | {"scopes": headers.get("x-oauth-scopes", "")}

    def is_ours(self, url: str) -> bool:
        """Whether an address that Slack has named is Slack's: encrypted as the config's is, and of the same host or domain."""
        try:
            there, here = urlsplit(url), urlsplit(self._base)
        except ValueError:
            return False
        if there.scheme not in _AS_SAFE[here.scheme] or not there.hostname or not here.hostname:
            return False
        return there.hostname == here.hostname or there.hostname.endswith(f".{here.hostname}")


def judge(status: int, after: int | None) -> None:
    """Raises for every status but 200."""
    if status == HTTPStatus.OK:
        return
    answer = f"answered {named(status)}"
    if status >= 500 or status == HTTPStatus.REQUEST_TIMEOUT:
        raise TryAgainError(answer, after)
    if 300 <= status < 400:
        raise RefusedError(f"{answer}; redirects are not followed", after, untouched=True)
    raise RefusedError(answer, after, untouched=True)


def named(status: int) -> str:
    """A status with the phrase that belongs to it; the server's own is not shown."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


async def _whole(content: aiohttp.StreamReader) -> bytes:
    chunks, size = [], 0
    async for chunk in content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > _LONGEST:
            raise TryAgainError("the answer is longer than anything that Slack says")
    return b"".join(chunks)


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise TryAgainError("what answered is not Slack: no JSON came")
    return answer


def _failure(error: Exception) -> TryAgainError:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return TryAgainError(f"its certificate was not accepted: {error.certificate_error}", untouched=True)
        case aiohttp.ClientConnectorDNSError():
            return TryAgainError("its host name can't be resolved", untouched=True)
        case aiohttp.ClientConnectorSSLError():
            return TryAgainError("no TLS connection came about", untouched=True)
        case aiohttp.ClientConnectorError():
            return TryAgainError(f"can't connect: {_plainly(error.os_error)}", untouched=True)
        case aiohttp.ServerDisconnectedError():
            return TryAgainError("the connection was closed without an answer")
        case OSError():
            return TryAgainError(f"the connection broke: {_plainly(error)}")
        case _:
            return TryAgainError(f"no proper answer: {type(error).__name__}")


def _plainly(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__
