"""
Asking another server what it publishes: one GET, without a token, of a stranger who may answer anything at any pace.

The counterpart of `admin_api`, whose server is our own. Only https, only public addresses (`careful_connections`), at most two redirects, each looked at anew; the whole takes 30 s at
most, and of the body no more is ever held than `published_blocks.LARGEST`.
"""

import asyncio
import os
import ssl
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver

from watchdog.errors import WatchdogError
from watchdog.mastodon.api_failures import named
from watchdog.mastodon.asking_politely import user_agent
from watchdog.mastodon.careful_connections import Judge, NotPublicError, connector
from watchdog.mastodon.public_address import is_public
from watchdog.mastodon.published_blocks import LARGEST
from watchdog.rulefile.mastodon import host_in_ascii

WITHIN: Final = 30.0
"""Seconds for all of it."""
REDIRECTS: Final = 2
PATH: Final = "/api/v1/instance/domain_blocks"
_PASSING: Final = frozenset({408, 425, 429})
_MOVED: Final = frozenset({301, 302, 303, 307, 308})


class PeerError(WatchdogError):
    """It could not be found out. The text is about how, in our words."""


class NotPublishedError(PeerError):
    """The server says that it publishes nothing of the kind (401, 403, 404 and most others of 4xx)."""


class PeerAsker:
    """
    Asks in the name of `domain`.

    `resolver` finds addresses, `tls` says whose certificates count, and `may_reach` which addresses are public: tests have servers of their own.
    """

    def __init__(
        self,
        domain: str,
        *,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
        may_reach: Judge = is_public,
        within: float = WITHIN,
    ) -> None:
        self._headers = {"user-agent": user_agent(domain), "accept": "application/json", "accept-encoding": "identity"}
        self._resolver = resolver
        self._tls = tls
        self._may_reach = may_reach
        self._within = within

    async def blocks_of(self, host: str) -> bytes:
        """The body of its list. Raises `PeerError`, `NotPublishedError`."""
        try:
            async with asyncio.timeout(self._within), self._session() as session:
                return await self._ask(session, f"https://{host}{PATH}")
        except TimeoutError:
            raise PeerError(f"no answer within {self._within:g} s") from None
        except NotPublicError:
            raise PeerError("its address is not a public one") from None
        except aiohttp.ClientConnectorCertificateError:
            raise PeerError("its certificate is not accepted") from None
        except aiohttp.ClientConnectorDNSError as error:
            raise PeerError(_unresolved(error)) from None
        except aiohttp.ClientConnectorSSLError:
            raise PeerError("no TLS connection came about") from None
        except aiohttp.ClientConnectorError as error:
            raise PeerError(_unconnected(error)) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # What these say repeats what the server wrote.
            raise PeerError(f"no proper answer: {type(error).__name__}") from None

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector(inner=self._resolver, tls=self._tls, may_reach=self._may_reach),
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    async def _ask(self, session: aiohttp.ClientSession, url: str) -> bytes:
        for _ in range(REDIRECTS + 1):
            async with session.get(url, allow_redirects=False) as response:
                if response.status not in _MOVED:
                    return await _answer(response)
                url = _next(url, response.headers.get("location", ""))
        raise PeerError(f"it redirects more than {REDIRECTS} times")


async def _answer(response: aiohttp.ClientResponse) -> bytes:
    status = response.status
    if 400 <= status < 500 and status not in _PASSING:
        raise NotPublishedError(f"it answered {named(status)}")
    if status != 200:
        raise PeerError(f"it answered {named(status)}")
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise PeerError("its answer is packed, although that was not wanted")
    body = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        body += chunk
        if len(body) > LARGEST:
            response.close()
            raise PeerError(f"its answer is longer than {LARGEST:,} bytes")
    return bytes(body)


def _next(url: str, location: str) -> str:
    """Where a redirect leads, if it may be followed: https, a name and no address, the usual port."""
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts, target = None, None, urlsplit(""), ""
    if (
        not location
        or parts.scheme != "https"
        or host is None
        or host_in_ascii(host) is None
        or port not in (None, 443)
        or parts.username is not None
    ):
        raise PeerError("it redirects to where nobody should be sent")
    return target


def _unresolved(error: aiohttp.ClientConnectorDNSError) -> str:
    return "its address is not a public one" if isinstance(error.os_error, NotPublicError) else "its host name can't be resolved"


def _unconnected(error: aiohttp.ClientConnectorError) -> str:
    if isinstance(error.os_error, NotPublicError):
        return "its address is not a public one"
    return f"no connection: {os.strerror(error.os_error.errno) if error.os_error.errno else 'none of its addresses takes one'}"
