"""
What only an agent of a Mastodon server follows: what its web server logs, and what it keeps of deliveries that fail.

Begun once the config says that this is Mastodon, at a start or a reload. Each source goes on by itself; who of the other servers is told they decide together.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from watchdog.clock import Clock
from watchdog.daemon.tasks import Tasks
from watchdog.mastodon.deliveries import Deliveries
from watchdog.mastodon.peers import Peers
from watchdog.mastodon.web_log_source import WebLog
from watchdog.model.events import Body, Observed
from watchdog.model.kinds import Source
from watchdog.rulefile.mastodon import MastodonSettings
from watchdog.rulefile.mastodon import WebLog as WebLogSettings
from watchdog.rulefile.settings import Settings
from watchdog.sidekiq.place import place_of

_NOWHERE = WebLogSettings(journal=())


class Federation:
    """`state` is the folder in which what was learned is kept."""

    def __init__(self, *, state: Path, clock: Clock, emit: Callable[[Body], None]) -> None:
        self._state = state
        self._clock = clock
        self._emit = emit
        self.peers = Peers(())
        self._deliveries: Deliveries | None = None
        self._web_log: WebLog | None = None
        self._read = _NOWHERE

    def serve(self, tasks: Tasks, settings: Settings) -> None:
        """From now on as these settings say."""
        mastodon = settings.mastodon
        if mastodon is not None and self._deliveries is None:
            self._begin(tasks, settings)
        self._watch(mastodon)
        wanted = _NOWHERE if mastodon is None else mastodon.web_log
        if wanted != self._read:
            self._read = wanted
            tasks.serve("web log", partial(self._follow, self._web_log, self._next(wanted)))

    async def keep(self) -> None:
        """Write down what was learned."""
        if self._web_log is not None:
            await self._web_log.keep()

    def _begin(self, tasks: Tasks, settings: Settings) -> None:
        redis = settings.app_redis or settings.redis
        self._deliveries = Deliveries(url=place_of(redis), namespace=redis.namespace, peers=self.peers, clock=self._clock, emit=self._emit)
        tasks.serve("deliveries", self._deliveries.run)

    def _watch(self, mastodon: MastodonSettings | None) -> None:
        wanted = () if mastodon is None else mastodon.watch
        if self.peers.watched != set(wanted):
            self.peers.watch(wanted)
            self._emit(Observed(Source.DELIVERIES, self.peers.choose()))

    def _next(self, wanted: WebLogSettings) -> WebLog | None:
        before = self._web_log
        if before is not None and (changes := before.retract()):
            self._emit(Observed(Source.WEB_LOG, changes))
        if wanted == _NOWHERE:
            self._web_log = None
        else:
            self._web_log = WebLog(
                units=wanted.journal, files=wanted.files, peers=self.peers, state=self._state, clock=self._clock, emit=self._emit
            )
        return self._web_log

    @staticmethod
    async def _follow(before: WebLog | None, now: WebLog | None) -> None:
        if before is not None:
            await before.keep()
        if now is None:
            await asyncio.Event().wait()
        else:
            await now.run()
