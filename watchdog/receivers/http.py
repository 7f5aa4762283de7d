"""
What the receivers have in common that are reached by HTTP: a connection for each call, and what is said of one that failed.

Addresses can hold tokens, and what a server writes is for its own people: neither is ever in what is raised here. Redirects are not followed: a message goes where the operator sent it and nowhere else.
"""

import os
import ssl
from http import HTTPStatus
from typing import Final

import aiohttp

import watchdog
from watchdog.receivers.receiver import RefusedError, TryAgainError
from watchdog.receivers.waits import retry_after

USER_AGENT: Final = f"sidekiq-watchdog/{watchdog.__version__}"
LARGEST: Final = 1_000_000
"""So many bytes are read of an answer."""
_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


def open_session(timeout: int, tls: ssl.SSLContext | None = None) -> aiohttp.ClientSession:
    """What calls are made with; each of them, as a whole, may take `timeout` milliseconds."""
    return aiohttp.ClientSession(
        # Messages are minutes apart: a kept connection would have been closed by the other side just when it is needed.
        connector=aiohttp.TCPConnector(force_close=True, ssl=True if tls is None else tls),
        timeout=aiohttp.ClientTimeout(total=timeout / 1000),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


def trusting(authority: str | None) -> ssl.SSLContext | None:
    """
    What trusts the certificates in that file, and no others; None without one, for those that this machine trusts.

    Raises `RefusedError`. Reads a file.
    """
    if authority is None:
        return None
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise RefusedError(
            f"the certificates in its 'ca' can't be read: {_plainly(error)}; it must be a file in PEM that the agent may read",
            untouched=True,
        ) from None


def failed(error: Exception, *, timeout: int) -> TryAgainError:
    """What an exception of aiohttp, or of a socket, says; where there was no connection nothing can have arrived."""
    if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError):
        return TryAgainError(f"no answer within {timeout / 1000:g} s")
    match error:
        case aiohttp.ConnectionTimeoutError():
            return TryAgainError("no connection came about in time", untouched=True)
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


def judge(status: int, wish: str | None, *, wall: int, denied: str = "") -> None:
    """
    Returns for 2xx and raises for everything else, a redirect included. A server that fails may have taken it all the same; one that is too busy, or refuses, has not.

    `wish` is the header `Retry-After`; `denied` what to do where it does not know us.
    """
    if 200 <= status < 300:
        return
    after, answer = retry_after(wish, wall=wall), f"answered {named(status)}"
    if status >= 500:
        raise TryAgainError(answer, after)
    if status in _PASSING:
        raise TryAgainError(answer, after, untouched=True)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise RefusedError(f"{answer}: {denied}" if denied else answer, after, untouched=True)
    if 300 <= status < 400:
        raise RefusedError(f"{answer}; redirects are not followed, the config wants the final address", after, untouched=True)
    raise RefusedError(answer, after, untouched=True)


async def beginning_of(response: aiohttp.ClientResponse) -> bytes:
    """The body, as far as anybody wants to read it."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        body += chunk
        if len(body) > LARGEST:
            break
    return bytes(body[:LARGEST])


def named(status: int) -> str:
    """A status with the phrase that belongs to it; the one that came with it is the server's to choose, and would end up on a terminal."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _plainly(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__
