"""
Following Sidekiq for a command: the sources of the agent, without an agent.

The counterpart of `daemon.agent`, which decides on what it sees. This one only says what changed: it writes to no Redis, keeps no state, and
works beside any number of agents.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from watchdog.clock import Clock
from watchdog.daemon.endings import hear_how_it_ended
from watchdog.host.boot import host_name
from watchdog.host.systemd.watch import Units
from watchdog.host.watch import LocalProcesses
from watchdog.model.events import Body, Observed
from watchdog.model.kinds import Source
from watchdog.recovery.left_behind import LeftBehind
from watchdog.rulefile.settings import Settings
from watchdog.sidekiq.follow import Follower
from watchdog.sidekiq.place import place_of
from watchdog.timeline.changes import Shown
from watchdog.timeline.onlooker import Onlooker

_TICK: Final = 1.0


class Following:
    """
    The changes of one Sidekiq as they come: `show` gets those of `names`, and every change of the source itself.

    Raises what `Follower` and `LocalProcesses` raise when they are made.
    """

    def __init__(self, settings: Settings, *, names: Iterable[str], show: Callable[[Shown], None], clock: Clock) -> None:
        redis = settings.redis
        self._clock = clock
        self._journal = settings.log.journal
        self._show = show
        self._tasks: asyncio.TaskGroup | None = None
        self._onlooker = Onlooker(names, at=clock.at())
        self._local = LocalProcesses(host=settings.host or host_name(), clock=clock, emit=self._hear, ask=self._ask_how_it_ended)
        self._units = Units(settings.units, clock=clock, emit=self._hear)
        self._follower = Follower(url=place_of(redis), namespace=redis.namespace, clock=clock, emit=self._hear)
        self._left_behind = LeftBehind(
            ask=self._follower.ask,
            keys=self._follower.keys,
            where=self._follower.where,
            host=settings.host or host_name(),
            found=lambda: self._local.found,
            clock=clock,
            emit=self._look_on,
        )

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._follower.run(), name="follower")
            tasks.create_task(self._units.run(), name="units")
            tasks.create_task(self._left_behind.run(), name="left behind")
            try:
                await self._miss()
            finally:
                # Before the group ends: afterwards nobody could be asked any more how a process ended.
                self._local.close()

    def _ask_how_it_ended(self, identity: str) -> None:
        assert self._tasks is not None  # nothing is found before it is there
        hear = partial(hear_how_it_ended, wall=self._clock.wall, journal=self._journal)
        self._tasks.create_task(hear(identity, self._follower, self._local), name=f"end of {identity}")

    def _hear(self, body: Body) -> None:
        if isinstance(body, Observed) and body.source is Source.REDIS:
            # As in the agent the host comes first, so that the kernel is asked about a process before anything is made of it.
            self._local.hear(body)
        self._units.hear(body)
        self._look_on(body)

    def _look_on(self, body: Body) -> None:
        self._tell(self._onlooker.hear(body, at=self._clock.at(), wall=self._clock.wall()))

    async def _miss(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            self._tell(self._onlooker.wait(at=self._clock.at(), wall=self._clock.wall()))

    def _tell(self, changes: Iterable[Shown]) -> None:
        for change in changes:
            self._show(change)
