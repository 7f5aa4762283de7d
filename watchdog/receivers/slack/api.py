"""
One call of Slack's Web API: JSON out, JSON in.

An answer is believed only where it is whole: 200, JSON, `ok`. Tokens go to the address of the config and nowhere else (no redirects), and are never shown.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import orjson

from watchdog.clock import Clock
from watchdog.receivers import http
from watchdog.receivers.http import beginning_of, failed, open_session
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
            self._session = open_session(self._timeout, reads=True)
        return self._session

    async def post(self, url: str, body: Mapping[str, Any], *, token: str = "") -> tuple[int, bytes, int | None, Mapping[str, str]]:
        """
        Status, body, how long the server wants to be left alone (milliseconds), and headers.

        Raises `TryAgainError` where there was no whole answer; `untouched` where not even a connection came about.
        """
        headers = {"content-type": "application/json; charset=utf-8"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        try:
            async with self.session.post(url, data=encode(body), headers=headers, allow_redirects=False) as response:
                answer = await beginning_of(response, _LONGEST)
                after = retry_after(response.headers.get("Retry-After"), wall=self._clock.wall())
                status, theirs = response.status, response.headers
        except (aiohttp.ClientError, OSError) as error:
            # The errors of aiohttp repeat the address, which can be a secret; what we raise does not, nor does it carry them along.
            raise failed(error, timeout=self._timeout) from None
        if len(answer) > _LONGEST:
            raise TryAgainError("the answer is longer than anything that Slack says")
        return status, answer, after, theirs

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
    """Raises for every status but 200, the only one by which Slack says yes."""
    http.judge(status, after)
    if status != HTTPStatus.OK:
        raise RefusedError(f"answered {http.named(status)}", after)


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise TryAgainError("what answered is not Slack: no JSON came")
    return answer
