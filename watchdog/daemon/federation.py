"""
What only an agent of a Mastodon server follows: what its web server logs, what it keeps of deliveries that fail, what its API and watched servers say.

Begun once the config says that this is Mastodon, at a start or a reload. Each source goes on by itself; who of the other servers is told they decide together.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watchdog.clock import Clock
from watchdog.daemon.tasks import Tasks
from watchdog.mastodon.deliveries import Deliveries
from watchdog.mastodon.peers import Peers
from watchdog.mastodon.web_log_source import WebLog
from watchdog.model.events import Body, Observed
from watchdog.model.kinds import Source
from watchdog.picture.other_servers import OtherServers
from watchdog.rulefile.mastodon import MastodonSettings
from watchdog.rulefile.mastodon import WebLog as WebLogSettings
from watchdog.rulefile.settings import Settings
from watchdog.sidekiq.place import place_of
from watchdog.store.kept_file import KeptFile

if TYPE_CHECKING:
    from watchdog.mastodon.block_lists import BlockLists
    from watchdog.mastodon.follow_counts import FollowCounts

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
        self._asking: tuple[FollowCounts, BlockLists] | None = None

    def serve(self, tasks: Tasks, settings: Settings) -> None:
        """From now on as these settings say."""
        mastodon = settings.mastodon
        if mastodon is not None and self._deliveries is None:
            self._begin(tasks, settings)
        elif mastodon is None and self._deliveries is not None:
            tasks.serve("deliveries", _nothing)
            self._deliveries.end()
            self._deliveries = None
        self._watch(mastodon)
        self._ask(tasks, mastodon)
        wanted = _NOWHERE if mastodon is None else mastodon.web_log
        if wanted != self._read:
            self._read = wanted
            tasks.serve("web log", partial(self._follow, self._web_log, self._next(wanted)))
        if mastodon is None and (gone := self.peers.choose()):
            self._emit(Observed(Source.DELIVERIES, gone))

    async def keep(self) -> None:
        """Write down what was learned."""
        if self._web_log is not None:
            await self._web_log.keep()

    def picture(self) -> OtherServers | None:
        """For `status`; None where this is no Mastodon."""
        if self._deliveries is None:
            return None
        web_log = "" if self._web_log is None else self._web_log.trouble
        return OtherServers(len(self.peers.chosen), tuple(one for one in (self._deliveries.trouble, web_log) if one))

    def _begin(self, tasks: Tasks, settings: Settings) -> None:
        redis = settings.app_redis or settings.redis
        self._deliveries = Deliveries(url=place_of(redis), namespace=redis.namespace, peers=self.peers, clock=self._clock, emit=self._emit)
        tasks.serve("deliveries", self._deliveries.run)

    def _watch(self, mastodon: MastodonSettings | None) -> None:
        wanted = () if mastodon is None else mastodon.watch
        if self.peers.watched != set(wanted):
            self.peers.watch(wanted)
            self._emit(Observed(Source.DELIVERIES, self.peers.choose()))

    def _ask(self, tasks: Tasks, mastodon: MastodonSettings | None) -> None:
        if self._asking is None:
            if mastodon is None or not mastodon.watch:
                return
            # With them comes aiohttp's client, which only those need who watch somebody.
            from watchdog.mastodon import block_lists, follow_counts

            how: dict[str, Any] = {"clock": self._clock, "emit": self._emit, "tell": self.peers.tell}
            counts = follow_counts.FollowCounts(mastodon, kept=KeptFile(self._state, follow_counts.FILE), **how)
            lists = block_lists.BlockLists(mastodon, kept=KeptFile(self._state, block_lists.FILE), **how)
            self._asking = counts, lists
            tasks.serve("follow counts", counts.run)
            tasks.serve("block lists", lists.run)
        for one in self._asking:
            one.mean(mastodon)

    def _next(self, wanted: WebLogSettings) -> WebLog | None:
        if self._web_log is not None:
            self._web_log.end()
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
        await (_nothing() if now is None else now.run())


async def _nothing() -> None:
    """In place of a source that is not wanted any more."""
    await asyncio.Event().wait()
