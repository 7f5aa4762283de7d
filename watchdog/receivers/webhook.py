"""
The webhook: one POST of JSON, signed after Standard Webhooks.

The counterpart is any HTTP server. An answer is its status and `Retry-After`; its body is nobody's business and is not
read, however long it is. Redirects are not followed: a signed message goes where the operator sent it and nowhere else.
Addresses can hold tokens, so they are never shown.
"""

import os
from http import HTTPStatus
from typing import Final

import aiohttp

import watchdog
from watchdog.clock import Clock
from watchdog.model.notices import Notice
from watchdog.receivers.receiver import Dispatch, RefusedError, Remember, TryAgainError
from watchdog.receivers.signing import key_of, signature
from watchdog.receivers.waits import retry_after
from watchdog.store.encoding import encode
from watchdog.store.moments import rfc3339

_USER_AGENT: Final = f"sidekiq-watchdog/{watchdog.__version__}"
_LAST: Final = "last"
"""The name under which the last notice that has arrived is remembered."""
_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class Webhook:
    """A receiver that is posted to. `timeout` is for one attempt as a whole, in milliseconds; without `secret` nothing is signed."""

    def __init__(self, url: str, *, secret: str | None, timeout: int, clock: Clock) -> None:
        self._url = url
        self._key = None if secret is None else key_of(secret)
        self._timeout = timeout
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def send(self, dispatch: Dispatch, remember: Remember, /) -> str:
        """
        Posts its notices, oldest first, and goes on behind the last that has arrived. Returns once the server has answered 2xx to all of them; raises `TryAgainError` for everything else.

        What was left out between two dispatches is said with the first.
        """
        ids = [notice.id for notice in dispatch.notices]
        begin = ids.index(dispatch.posted[_LAST]) + 1 if dispatch.posted.get(_LAST) in ids else 0
        answer = "nothing was left to post"
        for number, notice in enumerate(dispatch.notices[begin:], start=begin):
            try:
                answer = await self._post(notice, missed=0 if number else dispatch.missed)
            except TryAgainError as error:
                # What has come before this one has arrived, and so has a part of the dispatch.
                raise (error if not number else _touched(error)) from None
            if number < len(ids) - 1:
                await remember({_LAST: notice.id})
        return answer

    async def close(self) -> None:
        """Closes what is open."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, notice: Notice, *, missed: int) -> str:
        body = body_of(notice, missed=missed)
        try:
            async with self._open().post(self._url, data=body, headers=self._headers(notice.id, body), allow_redirects=False) as response:
                status, wish = response.status, response.headers.get("Retry-After")
        except TimeoutError:
            raise TryAgainError(f"no answer within {self._timeout / 1000:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            # The errors of aiohttp repeat the address; what we raise does not, nor does it carry them along.
            raise TryAgainError(_what_happened(error), untouched=isinstance(error, aiohttp.ClientConnectorError)) from None
        _judge(status, after=retry_after(wish, wall=self._clock.wall()))
        return f"answered {_named(status)}"

    def _headers(self, id_: str, body: bytes) -> dict[str, str]:
        timestamp = self._clock.wall() // 1000
        headers = {
            "content-type": "application/json",
            "user-agent": _USER_AGENT,
            "webhook-id": id_,
            "webhook-timestamp": str(timestamp),
        }
        if self._key is not None:
            headers["webhook-signature"] = signature(self._key, id_=id_, timestamp=timestamp, body=body)
        return headers

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # Messages are minutes apart: a kept connection would have been closed by the other side just when it is needed.
                connector=aiohttp.TCPConnector(force_close=True),
                timeout=aiohttp.ClientTimeout(total=self._timeout / 1000),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session


def body_of(notice: Notice, *, missed: int = 0) -> bytes:
    """
    The body: `type` is the kind of the notice, `timestamp` when it happened; `data` has always the same keys.

    `missed` is how many notices before this one are not told by themselves, because they had to wait for too long, or were too many.
    """
    return encode(
        {
            "type": notice.kind.value,
            "timestamp": rfc3339(notice.at),
            "data": {
                "id": notice.id,
                "thread": notice.thread,
                "severity": notice.severity.value,
                "title": notice.title,
                "rule": notice.rule,
                "entity": notice.entity,
                "target": notice.target,
                "decision": notice.decision,
                "guard": notice.guard,
                "reason": notice.reason,
                "action": notice.action,
                "stage": notice.stage,
                "outcome": notice.outcome,
                "approval": notice.approval,
                "group": notice.group or notice.thread,
                "since": rfc3339(notice.since) if notice.since else "",
                "host": notice.host,
                "condition": notice.condition,
                "seen": notice.seen,
                "plan": notice.plan,
                "next": notice.next,
                "jobs": notice.jobs,
                "by": notice.by,
                "runbook": notice.runbook,
                "page": notice.page,
                "labels": notice.labels,
                "missed": missed,
            },
        }
    )


def _touched(error: TryAgainError) -> TryAgainError:
    return type(error)(error.reason, error.after)


def _judge(status: int, *, after: int | None) -> None:
    """Standard Webhooks: 2xx is success, everything else is a failure, a redirect included."""
    if 200 <= status < 300:
        return
    answer = f"answered {_named(status)}"
    if status >= 500 or status in _PASSING:
        # A server that fails may have done it all the same; one that is too busy has not.
        raise TryAgainError(answer, after, untouched=status in _PASSING)
    if 300 <= status < 400:
        raise RefusedError(f"{answer}; redirects are not followed, the config wants the final address", after, untouched=True)
    raise RefusedError(answer, after, untouched=True)


def _named(status: int) -> str:
    # The phrase that came with it is the server's to choose, and would end up on a terminal.
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _what_happened(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"its certificate was not accepted: {error.certificate_error}"
        case aiohttp.ClientConnectorDNSError():
            return "its host name can't be resolved"
        case aiohttp.ClientConnectorSSLError():
            return "no TLS connection came about"
        case aiohttp.ClientConnectorError():
            return f"can't connect: {_plainly(error.os_error)}"
        case aiohttp.ServerDisconnectedError():
            return "the connection was closed without an answer"
        case OSError():
            return f"the connection broke: {_plainly(error)}"
        case _:
            return f"no proper answer: {type(error).__name__}"


def _plainly(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__
