"""
The dead man's switch: somebody far away is told, again and again, that the agent lives, and raises the alarm when it no longer is.

Its counterpart is a service like Healthchecks. It is told from the same place as systemd's watchdog: by a turn that is complete. So an agent that hangs, whose store never answers, that has ended or was stopped says nothing, and that is what counts: nobody is told of a
stop, since one that nobody meant looks the same. While turns can't be written down, or Redis can't be read, it says so instead. It is called beside the loop and keeps no turn waiting.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from watchdog.clock import Clock
from watchdog.engine.ledger import Ledger, Phase
from watchdog.model.kinds import Source
from watchdog.receivers.receiver import TryAgainError
from watchdog.rulefile.heartbeat import PLAIN, HeartbeatSettings

LOG: Final = logging.getLogger("watchdog")
START: Final = "/start"
FAIL: Final = "/fail"
TIMEOUT: Final = 10_000
"""Milliseconds that a call may take."""
RETRY: Final = 15_000
"""Milliseconds after which it is tried again where it was not heard."""
Call = Callable[[str, bytes | None], Awaitable[None]]
"""Calls an address, by POST with that body or by GET without one; raises `TryAgainError`."""


class Heartbeat:
    """Calls that address as long as `turned` is called. Without settings nobody is told."""

    def __init__(self, settings: HeartbeatSettings | None, clock: Clock, *, call: Call | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._call = call or _call
        self._news = asyncio.Event()
        self._turns = 0
        self._failing = ""
        self._ledger: Ledger | None = None
        self._blind_since: int | None = None
        self._began = False
        self._due: int | None = None
        self._trouble = ""

    def mean(self, settings: HeartbeatSettings | None) -> None:
        """From now on these are in force."""
        if settings != self._settings:
            self._settings = settings
            self._due = None
            self._news.set()

    def turned(self, failing: str, ledger: Ledger) -> None:
        """A turn is complete; `failing` says why it could not be written down, empty where it was."""
        self._turns += 1
        self._failing = failing
        self._ledger = ledger
        if Source.REDIS not in ledger.lost:
            self._blind_since = None
        elif self._blind_since is None:
            self._blind_since = self._clock.at()
        if self._due is None:
            self._news.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            self._news.clear()
            if self._settings is not None:
                await self._look(self._settings)
            wait = None if self._due is None or self._settings is None else max(0, self._due - self._clock.at()) / 1000
            try:
                async with asyncio.timeout(wait):
                    await self._news.wait()
            except TimeoutError:
                pass

    async def _look(self, settings: HeartbeatSettings) -> None:
        if not self._began:
            self._began = True
            if settings.style != PLAIN:
                await self._say(settings, START)
        if self._due is not None and self._clock.at() < self._due:
            return
        # None until a turn says that there is something to tell.
        self._due = None
        signal = self._signal(settings)
        if not self._turns or (signal == FAIL and settings.style == PLAIN):
            return
        heard = await self._say(settings, signal)
        # By then others may be in force, which are looked at once more.
        if settings is self._settings:
            self._due = self._clock.at() + (settings.every if heard else min(settings.every, RETRY))
        if heard:
            self._turns = 0

    def _signal(self, settings: HeartbeatSettings) -> str:
        # A Redis that is started anew is no alarm; one that stays away as long as a beat is.
        is_blind = self._blind_since is not None and self._clock.at() - self._blind_since >= settings.every
        return FAIL if self._failing or is_blind else ""

    async def _say(self, settings: HeartbeatSettings, signal: str) -> bool:
        """Whether it was heard."""
        try:
            await self._call(_address(settings.url, signal), None if settings.style == PLAIN else self._body(signal))
        except TryAgainError as error:
            if self._trouble != error.reason:
                LOG.warning("the heartbeat is not heard: %s", error.reason)
            self._trouble = error.reason
            return False
        if self._trouble:
            LOG.info("the heartbeat is heard again")
            self._trouble = ""
        return True

    def _body(self, signal: str) -> bytes:
        """Counts and the names of sources, nothing else: it is kept by strangers."""
        ledger = self._ledger
        if ledger is None or signal == START:
            return b"begins"
        firing = sum(alert.phase is Phase.FIRING for alert in ledger.alerts.values())
        open_ones = len(ledger.runs) + len(ledger.edits) + len(ledger.deeds)
        lost = f", can't read {', '.join(sorted(ledger.lost))}" if ledger.lost else ""
        stuck = ", can't write anything down and does nothing" if self._failing else ""
        return f"{ledger.mode}: {firing} alerts, {open_ones} incidents, {self._turns} turns since the last beat{lost}{stuck}".encode()


def _address(url: str, signal: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}{signal}")) if signal else url


async def _call(url: str, body: bytes | None) -> None:
    import aiohttp  # 10 MB of memory that only those need who have a heartbeat

    from watchdog.receivers.http import failed, judge, open_session

    headers = {} if body is None else {"content-type": "text/plain; charset=utf-8"}
    method = "GET" if body is None else "POST"
    try:
        async with (
            open_session(TIMEOUT) as session,
            session.request(method, url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            judge(answer.status, None)
    except (aiohttp.ClientError, OSError, UnicodeError) as error:
        # What aiohttp says repeats the address, which is a secret. The last is said of a name that can be none, which another version may have let into the config.
        raise failed(error, timeout=TIMEOUT) from None
