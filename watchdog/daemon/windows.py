"""
What the agent shows of itself to whoever asks, by the unix socket and the page: `Inside` over the loop, and the life of the server.

It reads what the last committed turn has left, and what people say it puts in like everything else. Pictures are made at most a few times a second, however many ask.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from watchdog.clock import Clock
from watchdog.config import Loaded
from watchdog.daemon.charting import ChartKeeper
from watchdog.daemon.status import StatusKeeper
from watchdog.daemon.turns import Turns
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State
from watchdog.lang.display import display
from watchdog.model.effects import Audit, Effect
from watchdog.model.kinds import Type
from watchdog.model.told import Told
from watchdog.store.failures import StoreError
from watchdog.store.store import Store
from watchdog.web.answered import Answered
from watchdog.web.charts.charts import Charts
from watchdog.web.limits import Limits
from watchdog.web.metrics.figures import Figures
from watchdog.web.server import Server
from watchdog.web.stream.hub import Hub

LOG: Final = logging.getLogger("watchdog")
AGAIN: Final = 5.0
"""Seconds until what has failed is begun anew."""
SILENT: Final = 20_000
"""Milliseconds without the end of a turn after which something hangs: one is made each five seconds, whatever happens."""
FRESH: Final = 0.5
"""Seconds for which a picture is shown again."""


class Windows:
    """Of one agent, whose host is called so, by what was loaded at first."""

    def __init__(
        self, loaded: Loaded, turns: Turns, clock: Clock, status: StatusKeeper, store: Store, *, host: str, limits: Limits | None = None
    ) -> None:
        self._turns = turns
        self._clock = clock
        self.folder = loaded.state
        self.host = host
        self._status = status
        self._store = store
        self._made: tuple[float, dict[str, Any]] | None = None
        assert status.follower is not None  # it is followed before it is shown
        self._charts = ChartKeeper(loaded.state, turns=turns, clock=clock, follower=status.follower)
        self._hub = turns.hub = Hub(clock=clock, host=host, life=f"{clock.wall():x}")
        self._server = Server(self, hub=self._hub, limits=limits)
        self.mean(loaded)
        status.doors = lambda: self._server.standing
        status.streams = lambda: self._hub.streams

    @property
    def state(self) -> State:
        """After the last committed turn."""
        return self._turns.state

    @property
    def rules(self) -> RuleSet:
        """Those in force."""
        return self._turns.rules

    @property
    def seq(self) -> int:
        """The number of the last event."""
        return self._turns.seq

    @property
    def failing(self) -> str:
        """Why the last turn could not be committed, or that one does not come to its end; empty while all is well."""
        failing, turned_at = self._turns.failing, self._turns.turned_at
        if failing or turned_at is None or (silent := self._clock.at() - turned_at) < SILENT:
            return failing
        return f"no turn has come to its end for {display(silent // 1000 * 1000, Type.DURATION)}; does the disk answer?"

    @property
    def charts(self) -> Charts:
        """The last hours."""
        return self._charts.charts

    def at(self) -> int:
        """Engine time now, in milliseconds."""
        return self._clock.at()

    def wall(self) -> int:
        """UTC milliseconds now."""
        return self._clock.wall()

    def picture(self) -> dict[str, Any]:
        """What `status` shows, not older than half a second."""
        now = time.monotonic()
        if self._made is None or now - self._made[0] > FRESH:
            self._made = (now, self._status.picture())
        return self._made[1]

    async def figures(self) -> Figures:
        """What the parts of the agent have counted."""
        return msgspec.structs.replace(await self._status.figures(), dropped=self._hub.dropped)

    async def tell(self, told: Told) -> Answered:
        """What a person says, into the engine; returns once its turn has been committed. Raises `StoreError` where only the answer can't be read."""
        row = _answer_of(await self._turns.settle(told), told.id) or await self._store.answer_to(told.id)
        if row is None:
            raise StoreError("it was heard before, and what became of it stands no longer among the newest rows of the audit log")
        return Answered(*row)

    def mean(self, loaded: Loaded) -> None:
        """From now on these are in force."""
        self._server.mean(loaded.settings.api, loaded.settings.page)

    async def run(self) -> None:
        """For ever; nothing that goes wrong here ends the agent."""
        async with asyncio.TaskGroup() as group:
            for name, work in (("server", self._server.run), ("events", self._hub.run), ("charts", self._charts.run)):
                group.create_task(_again(name, work), name=name)

    async def keep(self) -> None:
        """Writes down what is to be shown after a restart as well."""
        await self._charts.keep()


async def _again(name: str, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            LOG.exception("what shows the agent to others (%s) has failed, and is begun anew", name)
        await asyncio.sleep(AGAIN)


def _answer_of(effects: tuple[Effect, ...], told: str) -> tuple[str, str] | None:
    for effect in effects:
        if isinstance(effect, Audit) and effect.row.kind == "operator" and effect.row.detail.get("told") == told:
            return effect.row.outcome, effect.row.reason
    return None
