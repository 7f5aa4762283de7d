"""
What the receivers have in common that are reached by HTTP: a connection for each call, and what is said of one that failed.

Addresses can hold tokens, and what a server writes is for its own people: neither is ever in what is raised here. Redirects are not followed: a message goes where the operator sent it and nowhere else.
"""

import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import aiohttp

import watchdog
from watchdog.receivers.certificates import not_accepted
from watchdog.receivers.mishaps import CLOSED, NO_NAME, NO_TLS, no_answer, no_connection, plainly
from watchdog.receivers.receiver import RefusedError, TryAgainError

USER_AGENT: Final = f"sidekiq-watchdog/{watchdog.__version__}"
LARGEST: Final = 1_000_000
"""So many bytes are read of an answer."""
REDIRECTED: Final = "redirects are not followed, the config wants the final address"
_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


def open_session(
    timeout: int, tls: ssl.SSLContext | None = None, *, headers: Mapping[str, str] | None = None, reads: bool = False
) -> aiohttp.ClientSession:
    """
    What calls are made with, each with these `headers` beside its own; each of them, as a whole, may take `timeout` milliseconds.

    Answers are unpacked only where somebody `reads` them.
    """
    return aiohttp.ClientSession(
        # Messages are minutes apart: a kept connection would have been closed by the other side just when it is needed.
        connector=aiohttp.TCPConnector(force_close=True, ssl=True if tls is None else tls),
        timeout=aiohttp.ClientTimeout(total=timeout / 1000),
        headers={"user-agent": USER_AGENT, **(headers or {})},
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=reads,
    )


def failed(error: Exception, *, timeout: int) -> TryAgainError:
    """What an exception of aiohttp, or of a socket, says; where there was no connection nothing can have arrived."""
    if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError):
        return TryAgainError(no_answer(timeout))
    match error:
        case aiohttp.ConnectionTimeoutError():
            return TryAgainError("no connection came about in time", untouched=True)
        case aiohttp.ClientConnectorCertificateError():
            return TryAgainError(not_accepted(error.certificate_error), untouched=True)
        case aiohttp.ClientConnectorDNSError():
            return TryAgainError(NO_NAME, untouched=True)
        case aiohttp.ClientConnectorSSLError():
            return TryAgainError(NO_TLS, untouched=True)
        case aiohttp.ClientConnectorError():
            return TryAgainError(no_connection(error.os_error), untouched=True)
        case aiohttp.ServerDisconnectedError():
            return TryAgainError(CLOSED)
        case OSError():
            return TryAgainError(f"the connection broke: {plainly(error)}")
        case _:
            return TryAgainError(f"no proper answer: {type(error).__name__}")


def judge(status: int, after: int | None, *, denied: str = "") -> None:
    """
    Returns for 2xx and raises for everything else, a redirect included. A server that fails may have taken it all the same; one that is too busy, or refuses, has not.

    `after` is how long it asks to be left alone (milliseconds); `denied` what to do where it does not know us.
    """
    if 200 <= status < 300:
        return
    answer = f"answered {named(status)}"
    if status >= 500:
        raise TryAgainError(answer, after)
    if status in _PASSING:
        raise TryAgainError(answer, after, untouched=True)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise RefusedError(f"{answer}: {denied}" if denied else answer, after, untouched=True)
    if 300 <= status < 400:
        raise RefusedError(f"{answer}; {REDIRECTED}", after, untouched=True)
    raise RefusedError(answer, after, untouched=True)


async def beginning_of(response: aiohttp.ClientResponse, most: int = LARGEST) -> bytes:
    """The body, as far as anybody wants to read it; one byte more than `most` where there are more."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        body += chunk
        if len(body) > most:
            break
    return bytes(body[: most + 1])


def named(status: int) -> str:
    """A status with the phrase that belongs to it; the one that came with it is the server's to choose, and would end up on a terminal."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
