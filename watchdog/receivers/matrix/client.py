"""
The calls: JSON over HTTP with an access token, one at a time, each within a bounded time and size.

Redirects are not followed: a token goes where the operator sent it and nowhere else. Neither address nor token is ever part of an error.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import orjson

from watchdog.clock import Clock
from watchdog.receivers.http import beginning_of, failed, open_session
from watchdog.receivers.matrix.answers import judge
from watchdog.receivers.receiver import RefusedError
from watchdog.receivers.signing import BadSecretError
from watchdog.receivers.waits import retry_after
from watchdog.store.encoding import encode

_LARGEST: Final = 16 * 1024 * 1024
"""No answer is read beyond so many bytes. A page of a room holds 50 events of 64 KiB at most."""
_API: Final = "_matrix/client/v3"


class Client:
    """
    One user on one homeserver. `timeout` is for one call as a whole, in milliseconds.

    Raises `BadSecretError` for what can be no access token.
    """

    def __init__(self, homeserver: str, token: str, *, timeout: int, clock: Clock) -> None:
        self._base = homeserver.rstrip("/").removesuffix("/_matrix")
        self._token = _checked(token.strip())
        self._timeout = timeout
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def get(self, *path: str, query: Mapping[str, str] | None = None, patience: int = 0) -> dict[str, Any]:
        """Reads; `patience` is how long the server may wait for news before it answers, in milliseconds."""
        return await self._call("GET", path, query=query, patience=patience)

    async def post(self, *path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Asks for something to be done."""
        return await self._call("POST", path, body=body)

    async def put_event(self, room: str, kind: str, content: Mapping[str, Any], *, transaction: str) -> str:
        """
        Sends an event, and returns its id. The same transaction is the same event, also where the first answer was lost.

        Raises `RefusedError` where the server says that it did, and names no event.
        """
        answer = await self._call("PUT", ("rooms", room, "send", kind, transaction), body=content)
        event = answer.get("event_id")
        if not isinstance(event, str) or not event:
            raise RefusedError("answered without the id of the event; what answers there is no homeserver")
        return event

    async def raw(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        """A call to a path that is quoted already, `/_matrix/client/…`."""
        return await self._ask(method, f"{self._base}{path}", body=body)

    async def close(self) -> None:
        """Closes what is open."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(
        self, method: str, path: tuple[str, ...], *, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None, patience: int = 0
    ) -> dict[str, Any]:  # fmt: skip
        url = f"{self._base}/{_API}/{'/'.join(quote(part, safe='') for part in path)}"
        return await self._ask(method, url, query=query, body=body, patience=patience)

    async def _ask(
        self, method: str, url: str, *, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None, patience: int = 0
    ) -> dict[str, Any]:  # fmt: skip
        within = self._timeout + patience
        try:
            async with self._open().request(
                method,
                url,
                params=query,
                data=None if body is None else encode(body),
                timeout=aiohttp.ClientTimeout(total=within / 1000),
                allow_redirects=False,
            ) as response:
                status, wish = response.status, response.headers.get("Retry-After")
                raw = await beginning_of(response, _LARGEST)
        except (aiohttp.ClientError, OSError) as error:
            # The errors of aiohttp repeat the address; what we raise does not, nor does it carry them along.
            raise failed(error, timeout=within) from None
        if len(raw) > _LARGEST:
            raise RefusedError(f"an answer of more than {_LARGEST // (1024 * 1024)} MiB; what answers there is no homeserver")
        return judge(status, _parsed(raw), after=retry_after(wish, wall=self._clock.wall()))

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
            self._session = open_session(self._timeout, headers=headers, reads=True)
        return self._session


def _checked(token: str) -> str:
    if not token:
        raise BadSecretError("the access token is empty")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise BadSecretError("the access token holds characters that none can have; its file must hold the token and nothing else")
    return token


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
