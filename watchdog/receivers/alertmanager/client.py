"""
The Alertmanager at the other end, or the members of a cluster of them.

Members tell each other of silences and of what was sent, not of alerts; so each is told, as Prometheus does. A dispatch has arrived once one of them has it, since one is enough for people to hear of it; the others have it at the next telling.
"""

import asyncio
import base64
import logging
from collections.abc import Mapping, Sequence
from typing import Final

import aiohttp
import msgspec

from watchdog.clock import Clock
from watchdog.lang.harmless import harmless
from watchdog.receivers.alertmanager.alerts import Alert, report_of
from watchdog.receivers.certificates import trusting
from watchdog.receivers.http import beginning_of, failed, judge, open_session
from watchdog.receivers.receiver import Dispatch, RefusedError, Remember, TryAgainError
from watchdog.receivers.waits import retry_after
from watchdog.store.encoding import encode

_log: Final = logging.getLogger(__name__)

_DENIED: Final = "user and password, or the token, are not the right ones"
BATCH: Final = 64
"""Alerts in one call, as Prometheus has it."""


class _Version(msgspec.Struct, frozen=True):
    version: str


class _Status(msgspec.Struct, frozen=True, rename={"version_info": "versionInfo"}):
    """As much as is read of `/api/v2/status`."""

    version_info: _Version


class Alertmanager:
    """
    A receiver that is told each alert, and told again every `repeat_every` milliseconds as long as one goes on.

    `urls` are those of the members, without the path of the API; `authorization` is the header of that name; `authority` the path of a file of certificates; `timeout` milliseconds for one call.
    """

    may_double = False
    """It knows an alert by its labels: what is told twice changes nothing."""

    def __init__(
        self, urls: Sequence[str], *, authorization: str | None, authority: str | None, every: int, timeout: int, clock: Clock
    ) -> None:
        self.repeat_every = every
        self._urls = tuple(url.rstrip("/") for url in urls)
        self._headers = {"content-type": "application/json"}
        if authorization is not None:
            self._headers["authorization"] = authorization
        self._authority = authority
        self._timeout = timeout
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._missed: dict[str, str] = {}

    async def send(self, dispatch: Dispatch, remember: Remember) -> str:
        """Returns once one of them has all of it; raises `TryAgainError` where none has."""
        # The words of hundreds of alerts take a third of a second, which the agent's turns must not wait for.
        report = await asyncio.to_thread(report_of, dispatch, now=self._clock.wall(), every=self.repeat_every)
        if report.alerts:
            await self._tell_all(report.alerts, remember)
        if report.lines:
            await remember(report.lines)
        return _counted(report.alerts)

    async def look(self) -> str:
        """Asks each of them how it is; sends no alert."""
        session = await self._open()
        versions = [await self._version(session, url) for url in self._urls]
        return f"Alertmanager {', '.join(versions)} answers"

    async def close(self) -> None:
        """Closes what is open."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _tell_all(self, alerts: Sequence[Alert], remember: Remember) -> None:
        """Each member all of them; raises `TryAgainError` where none has."""
        session = await self._open()
        answers: dict[str, TryAgainError | None] = dict.fromkeys(self._urls)
        for number, at in enumerate(range(0, len(alerts), BATCH)):
            if number:
                # There is nothing to remember yet, but the next call has to wait for its turn.
                await remember({})
            body = encode([alert.as_posted() for alert in alerts[at : at + BATCH]])
            there = [url for url, answer in answers.items() if answer is None]
            answers |= zip(there, await asyncio.gather(*(self._tell(session, url, body) for url in there)), strict=True)
            if all(answers.values()):
                break
        self._say(answers)
        if all(answers.values()):
            raise _first([answer for answer in answers.values() if answer is not None])

    async def _tell(self, session: aiohttp.ClientSession, url: str, body: bytes) -> TryAgainError | None:
        try:
            async with session.post(f"{url}/api/v2/alerts", data=body, allow_redirects=False) as response:
                self._judge(response)
        except TryAgainError as error:
            return error
        except (aiohttp.ClientError, OSError) as error:
            return failed(error, timeout=self._timeout)
        return None

    async def _version(self, session: aiohttp.ClientSession, url: str) -> str:
        try:
            async with session.get(f"{url}/api/v2/status", allow_redirects=False) as response:
                self._judge(response)
                version = _version_in(await beginning_of(response))
        except (aiohttp.ClientError, OSError) as error:
            # What aiohttp says repeats the address.
            raise failed(error, timeout=self._timeout) from None
        if version is None:
            raise RefusedError("what answers is no Alertmanager: 'urls' wants its address without /api/v2/alerts")
        return version

    def _say(self, answers: Mapping[str, TryAgainError | None]) -> None:
        """Of a member that alone can't be told it is said once that it is so, and once that it is over."""
        if all(answers.values()):
            return
        for number, (url, answer) in enumerate(answers.items(), 1):
            reason = "" if answer is None else answer.reason
            if reason and not self._missed.get(url):
                _log.warning("Alertmanager %d of %d is not told what others are: %s", number, len(self._urls), reason)
            elif self._missed.get(url) and not reason:
                _log.info("Alertmanager %d of %d is told again", number, len(self._urls))
            self._missed[url] = reason

    async def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            tls = await asyncio.to_thread(trusting, self._authority)
            self._session = open_session(self._timeout, tls, headers=self._headers, reads=True)
        return self._session

    def _judge(self, response: aiohttp.ClientResponse) -> None:
        judge(response.status, retry_after(response.headers.get("Retry-After"), wall=self._clock.wall()), denied=_DENIED)


def authorization(user: str | None, password: str | None, token: str | None) -> str | None:
    """The header of that name: the token, else user and password (RFC 7617), else None."""
    if token is not None:
        return f"Bearer {token.strip()}"
    if user is None:
        return None
    pair = f"{user}:{password or ''}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _first(answers: Sequence[TryAgainError]) -> TryAgainError:
    """Of several that failed the one that passes first: it decides when it is tried again."""
    passing = [answer for answer in answers if not isinstance(answer, RefusedError)]
    return (passing or list(answers))[0]


def _counted(alerts: Sequence[Alert]) -> str:
    over = sum(alert.is_over for alert in alerts)
    return f"took {len(alerts) - over} that fire and {over} that are over"


def _version_in(body: bytes) -> str | None:
    """What it calls itself; None where that is no answer of an Alertmanager."""
    try:
        version = msgspec.json.decode(body, type=_Status).version_info.version
    except msgspec.DecodeError:
        return None
    return harmless(version, 40)
