"""Keeps the picture that `status` shows in the store, and the one line that systemd shows."""

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Any, Final

import msgspec
import orjson

from watchdog import __version__
from watchdog.clock import Clock
from watchdog.daemon.ears import Ears
from watchdog.daemon.federation import Federation
from watchdog.daemon.fleet import FleetKeeper
from watchdog.daemon.lock_counting import LockCounter
from watchdog.daemon.tracing import TraceKeeper
from watchdog.daemon.turns import Turns
from watchdog.engine.ledger import Ledger, Phase
from watchdog.engine.status import hosts_that_beat, status
from watchdog.host.sampling import Sampler
from watchdog.host.systemd.watch import Units
from watchdog.picture.doors import Door
from watchdog.recovery.left_behind import LeftBehind
from watchdog.sidekiq.follow import Follower
from watchdog.store.failures import StoreDamagedError, StoreError
from watchdog.store.store import Store
from watchdog.web.metrics.figures import Figures

LOG: Final = logging.getLogger("watchdog")
SOON: Final = 0.5
"""Seconds between two pictures at least, while something changes."""
LATE: Final = 10.0
"""Seconds between two pictures at most."""
PATIENCE: Final = 1.0
"""Seconds that the store may take to say what waits in it."""


def _is_whole(ledger: Ledger) -> bool:
    return any(not (one.rule or one.target) for one in ledger.pauses.values())


class StatusKeeper:
    """Writes the picture when the ledger has changed, and every few seconds otherwise."""

    def __init__(self, *, store: Store, clock: Clock, turns: Turns, host: str) -> None:
        self._store = store
        self._clock = clock
        self._turns = turns
        self._host = host
        self._started = clock.wall()
        self._changed = asyncio.Event()
        self._ledger: object = None
        self._line_of: tuple[object, str, object] = (None, "", None)
        self._line = ""
        self.follower: Follower | None = None
        self.sampler: Sampler | None = None
        self.units: Units | None = None
        self.left_behind: LeftBehind | None = None
        self.trace: TraceKeeper | None = None
        self.locks: LockCounter | None = None
        self.fleet: FleetKeeper | None = None
        self.ears: Ears | None = None
        self.federation: Federation | None = None
        self.doors: Callable[[], dict[str, Door]] = dict
        self.streams: Callable[[], int] = lambda: 0
        self._refused: dict[str, Any] | None = None
        self._outbox: dict[str, Any] = {}

    def reload_refused(self, why: str) -> None:
        """What is in force is older than the files, and stays so for this reason; empty once they have been taken over."""
        self._refused = {"at": self._clock.wall(), "why": why} if why else None
        self._changed.set()

    def turned(self) -> None:
        """A turn is complete."""
        if self._turns.state.ledger is not self._ledger:
            self._ledger = self._turns.state.ledger
            self._changed.set()

    def line(self) -> str:
        """One line for people."""
        ledger, failing = self._turns.state.ledger, self._turns.failing
        # Asked for after every turn, and there can be thousands of alerts.
        if self._line_of[0] is not ledger or self._line_of[1:] != (failing, self._refused):
            self._line_of = (ledger, failing, self._refused)
            firing = sum(alert.phase is Phase.FIRING for alert in ledger.alerts.values())
            lost = f", can't read {', '.join(ledger.lost)}" if ledger.lost else ""
            doubt = f", in doubt: {'; '.join(ledger.doubt.reasons)}" if ledger.doubt is not None else ""
            paused = (", paused" if _is_whole(ledger) else ", paused in part") if ledger.pauses else ""
            stuck = ", can't write anything down and does nothing" if failing else ""
            refused = ", reload refused" if self._refused is not None else ""
            open_ones = len(ledger.runs) + len(ledger.edits) + len(ledger.deeds)
            self._line = f"{ledger.mode}: {firing} alerts, {open_ones} incidents{lost}{paused}{doubt}{refused}{stuck}"
        return self._line

    async def run(self) -> None:
        """Writes for ever."""
        while True:
            await self.keep()
            await asyncio.sleep(SOON)
            try:
                async with asyncio.timeout(LATE):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()

    async def keep(self) -> None:
        """Writes the picture as it is now; that it can't be written is the loop's business to say. Raises `StoreDamagedError`."""
        try:
            counts = await self._store.outbox_counts()
            self._outbox = {name: msgspec.to_builtins(count) for name, count in counts.items()}
            await self._store.keep_status(orjson.dumps(self.picture()))
        except StoreDamagedError:
            # An agent with nothing to commit would find out when it must act.
            raise
        except StoreError as error:
            LOG.debug("status not kept: %s", error)

    async def figures(self) -> Figures:
        """What `/metrics` tells beside the engine's state, as it is now; without what the store does not say in time, since a disk that hangs is when people look."""
        try:
            async with asyncio.timeout(PATIENCE):
                outbox, quarantined = await self._store.outbox_counts(), await self._store.quarantine.count()
        except (StoreError, TimeoutError) as error:
            LOG.debug("not counted for /metrics: %s", error)
            outbox, quarantined = None, None
        follower, ears = self.follower, {} if self.ears is None else self.ears.picture()
        return Figures(
            counted=self._turns.counted,
            failing=self._turns.failing != "",
            refused=self._refused is not None,
            waiting=self._turns.waiting,
            tracking=None if follower is None else follower.tracking,
            cost=None if follower is None else follower.cost(),
            budget=None if follower is None else follower.budget(),
            broken=None if follower is None else len(follower.broken()),
            looked_ms=None if self.sampler is None else self.sampler.cost.spent,
            trace=None if self.trace is None else self.trace.how(),
            outbox=outbox,
            hears={name: one["hears"]["since"] is not None for name, one in ears.items() if one["hears"] is not None},
            quarantined=quarantined,
            streams=self.streams(),
        )

    def _runbooks(self) -> dict[str, str]:
        """Of rules that have an alert, what a person does: few, while there can be hundreds of alerts."""
        names = {alert.rule for alert in self._turns.state.ledger.alerts.values()}
        by_name = self._turns.rules.by_name
        return {name: by_name[name].runbook for name in sorted(names) if name in by_name and by_name[name].runbook}

    def picture(self) -> dict[str, Any]:
        """All of it, as it is now; what waits to be told as it was when the last one was written."""
        now = self._clock.wall()
        agent = {
            "pid": os.getpid(),
            "version": __version__,
            "host": self._host,
            "started": self._started,
            "at": now,
            "failing": self._turns.failing,
        }
        follower = (
            {}
            if self.follower is None
            else {
                "tracking": self.follower.tracking,
                "cost": self.follower.cost(),
                "budget": self.follower.budget(),
                "broken": [{"key": datum.key, "reason": datum.reason, "count": datum.count} for datum in self.follower.broken()],
            }
        )
        looking = (
            {}
            if self.sampler is None
            else {"looking": {**msgspec.to_builtins(self.sampler.cost), "trouble": self.sampler.application.trouble}}
        )
        units = {} if self.units is None else {"units_absent": self.units.absent}
        behind = {} if self.left_behind is None else {"left_behind": [msgspec.to_builtins(one) for one in self.left_behind.behind]}
        trace = {} if self.trace is None else {"trace": msgspec.to_builtins(self.trace.how())}
        locks = {} if self.locks is None or self.locks.found is None else {"locks": msgspec.to_builtins(self.locks.found)}
        fleet = {} if self.fleet is None else {"fleet": self.fleet.picture(hosts_that_beat(self._turns.state, self._clock.at()))}
        receivers = {} if self.ears is None else {"receivers": self.ears.picture()}
        others = None if self.federation is None else self.federation.picture()
        return {
            "agent": agent,
            **status(self._turns.state, self._clock.at()),
            "runbooks": self._runbooks(),
            **follower,
            **looking,
            **units,
            **behind,
            **trace,
            **locks,
            **fleet,
            **receivers,
            "other_servers": None if others is None else msgspec.to_builtins(others),
            "doors": {name: msgspec.to_builtins(door) for name, door in self.doors().items()},
            "streams": self.streams(),
            "outbox": self._outbox,
            "refused": self._refused,
        }
