"""
Following a Redis in which Sidekiq keeps nothing: the one that the application has for itself.

The counterpart of `follow`. Only what the server says of itself is read, and it can be lost without anybody being blind to Sidekiq.
It never looks at a key, and it never writes.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from watchdog.clock import Clock
from watchdog.model.delivery import APP
from watchdog.model.events import Body, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.sidekiq.address import Sentinels
from watchdog.sidekiq.changes import Said
from watchdog.sidekiq.connection import demand
from watchdog.sidekiq.outage import Outage
from watchdog.sidekiq.place import Place
from watchdog.sidekiq.reconnecting import again_and_again
from watchdog.sidekiq.serverinfo import ASK_INFO, parse_info, readings
from watchdog.sidekiq.together import together
from watchdog.sidekiq.wire import ANSWER_WITHIN, Reply, Wire

EVERY: Final = 5.0
"""Seconds between two readings."""


class AppServer:
    """Emits `Observed`, `SourceLost` and `SourceBack` of the source APP_REDIS; see `Follower` for the parameters."""

    def __init__(self, *, url: str | Sentinels, clock: Clock, emit: Callable[[Body], None], answer_within: float = ANSWER_WITHIN) -> None:
        self._place = Place(url)
        self._clock = clock
        self._emit = emit
        self._answer_within = answer_within
        self._said = Said()
        self._outage = Outage(Source.APP_REDIS, f"Redis at {self._place.where}", emit)

    async def run(self) -> None:
        """Follow until cancelled."""
        await again_and_again(self._follow_once, lost=self._outage.lose, clock=self._clock)

    async def _follow_once(self) -> None:
        wire = await self._place.connect(_ignore, answer_within=self._answer_within)
        try:
            await together(watch_the_place=self._place.watch(wire), read=self._read(wire))
        finally:
            wire.close()

    async def _read(self, wire: Wire) -> None:
        complete = True
        while True:
            (reply,) = demand(await wire.ask(ASK_INFO), wire.where)
            changes = self._said.tell(Kind.REDIS, APP, readings(parse_info(reply)))
            if changes or complete:
                self._emit(Observed(Source.APP_REDIS, changes, complete=complete))
            self._outage.over()
            complete = False
            await asyncio.wait((wire.ended,), timeout=EVERY)


def _ignore(_message: list[Reply]) -> None:
    """Nothing was asked for that would be pushed."""
