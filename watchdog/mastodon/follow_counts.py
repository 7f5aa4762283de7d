"""
Counting the follows between us and each watched host, by our own server's API: the source MASTODON_API.

The first round goes from host to host; later ones are spread over hours, for each call is a query over all follows. Where the API can't be asked the source is lost, and says why.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

from watchdog.clock import Clock
from watchdog.mastodon.admin_api import AdminApi, Follows
from watchdog.mastodon.api_failures import PASSING, ApiError
from watchdog.mastodon.follow_peaks import BrokenPeaksError, FollowPeaks, decode
from watchdog.mastodon.watched_hosts import Kept, Memory, Tell, Teller, of_all
from watchdog.model.events import Body, SourceBack, SourceLost
from watchdog.model.kinds import Source
from watchdog.rulefile.mastodon import MastodonSettings

LOG: Final = logging.getLogger("watchdog")
ROUND: Final = 3 * 3_600.0
"""Seconds in which every watched host is asked about once."""
APART: Final = 2.0
"""Seconds between two calls of the first round, and of that after an outage."""
AGAIN: Final = 5 * 60.0
"""Seconds until an API that could not be reached is asked again …"""
TWICE: Final = 2
"""So often in a row it must fail in a way that passes by itself, until that is a loss."""
LATER: Final = 15 * 60.0
"""… and one that refuses: somebody has to mend that."""
FILE: Final = "mastodon-follows"


class Counts(Protocol):
    """The part of `AdminApi` that is used here."""

    async def follows(self, host: str) -> Follows:
        """The follows to and from that domain."""


Open = Callable[[MastodonSettings], AbstractAsyncContextManager[Counts]]


class FollowCounts:
    """Emits `Observed`, `SourceLost` and `SourceBack`. Without a token or without hosts it does nothing; `mean` changes what is meant."""

    def __init__(
        self,
        settings: MastodonSettings | None,
        *,
        clock: Clock,
        emit: Callable[[Body], None],
        tell: Tell,
        kept: Kept,
        open_api: Open | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._emit = emit
        self._teller = Teller(Source.MASTODON_API, tell=tell, emit=emit)
        self._memory = Memory(kept, "the follows of the last days")
        self._open = open_api or AdminApi
        self._changed = asyncio.Event()
        self._peaks = FollowPeaks("")
        self._now: dict[str, Follows] = {}
        self._told_loss = ""
        self._failures = 0

    def mean(self, settings: MastodonSettings | None) -> None:
        """From now on these are in force."""
        if settings != self._settings:
            if settings is None or self._settings is None or (settings.domain, settings.url) != (self._settings.domain, self._settings.url):
                self._now = {}
            self._settings = settings
            self._changed.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            self._changed.clear()
            await self._follow(self._settings)

    async def _follow(self, settings: MastodonSettings | None) -> None:
        """As long as these are meant."""
        if settings is not None and settings.domain != self._peaks.us:
            self._peaks = await self._remembered(settings.domain)
        hosts = () if settings is None or not settings.token else settings.watch
        self._now = {host: self._now[host] for host in hosts if host in self._now}
        self._tell(hosts)
        if settings is None or not hosts:
            self._is_back()
            await self._changed.wait()
            return
        is_whole = False
        while not self._changed.is_set():
            apart = max(APART * 2, ROUND / len(hosts)) if is_whole else APART
            was_whole, is_whole = is_whole, await self._go_round(settings, hosts, apart)
            if is_whole and not was_whole:
                self._teller.say(of_all(hosts, self._readings), complete=True)
                self._is_back()

    async def _remembered(self, domain: str) -> FollowPeaks:
        if (data := await self._memory.read()) is not None:
            try:
                return decode(data, domain)
            except BrokenPeaksError as error:
                self._memory.complain(str(error))
        return FollowPeaks(domain)

    async def _go_round(self, settings: MastodonSettings, hosts: tuple[str, ...], apart: float) -> bool:
        """Whether every host was asked about; waits between them, and after a failure."""
        async with self._open(settings) as api:
            for host in hosts:
                if (host != hosts[0] or apart > APART) and await self._wait(apart):
                    return False
                try:
                    found = await api.follows(host)
                except ApiError as error:
                    self._lose(error)
                    await self._wait(_patience(error))
                    return False
                if self._changed.is_set():
                    return False
                self._now[host] = found
                self._failures = 0
                self._peaks.note(host, found.follows + found.followers, wall=self._clock.wall())
                self._tell(hosts)
                await self._memory.write(self._peaks.encode(hosts))
        return True

    def _tell(self, hosts: tuple[str, ...]) -> None:
        self._teller.say(of_all(hosts, self._readings))

    def _readings(self, host: str) -> dict[str, Any]:
        now, peak = self._now.get(host), self._peaks.peak(host)
        if now is None or peak is None:
            return {}
        return {"follows": now.follows, "followers": now.followers, "follows_peak": peak}

    async def _wait(self, seconds: float) -> bool:
        """Whether other settings came meanwhile."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        return self._changed.is_set()

    def _lose(self, error: ApiError) -> None:
        self._failures += 1
        # A web server that is just being replaced is back at the next try, and what was counted hours ago is as good till then.
        if error.code in PASSING and self._failures < TWICE and not self._told_loss:
            LOG.info("the follows of watched hosts could not be counted: %s", error)
        elif error.code != self._told_loss:
            self._told_loss = error.code
            LOG.warning("the follows of watched hosts are not counted: %s", error)
            self._emit(SourceLost(Source.MASTODON_API, error.code, str(error)))

    def _is_back(self) -> None:
        self._failures = 0
        if self._told_loss:
            self._told_loss = ""
            LOG.info("the follows of watched hosts are counted again")
            self._emit(SourceBack(Source.MASTODON_API))


def _patience(error: ApiError) -> float:
    usual = AGAIN if error.code in PASSING else LATER
    return max(usual, (error.after or 0) / 1000)
