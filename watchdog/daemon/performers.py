"""
Who performs what the engine asks for: the executor with a performer for each type of command that it does not do itself.

The counterpart of `actions/executor.py`, which lies below all that knows Redis and the store, and is handed them here.
"""

from collections.abc import Callable

from watchdog.actions.executor import Executor
from watchdog.clock import Clock
from watchdog.daemon.evidence import EvidenceKeeper
from watchdog.daemon.fleet import FleetKeeper
from watchdog.host.systemd.watch import Units
from watchdog.model.effects import (
    CallUnit,
    CollectEvidence,
    CountJobs,
    GatherInFlight,
    GiveFleetLockBack,
    LookAfterLocks,
    LookAtUnit,
    PutBack,
    ReleaseJobs,
    TakeFleetLock,
    TakeJobs,
)
from watchdog.recovery.beside_redis import the_log, what_it_still_has
from watchdog.recovery.by_probe import the_probe
from watchdog.recovery.editing import Editor
from watchdog.recovery.gathering import Gatherer
from watchdog.recovery.locks import Locksmith
from watchdog.recovery.putting_back import Returner
from watchdog.recovery.quarantine import Quarantine
from watchdog.rulefile.log import LogSettings
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.follow import Follower
from watchdog.store.store import Store


def executor(
    *,
    follower: Follower,
    edits: Edits,
    store: Store,
    quarantine: Quarantine,
    evidence: EvidenceKeeper,
    units: Units,
    fleet: FleetKeeper,
    clock: Clock,
    host: str,
    log: Callable[[], LogSettings],
) -> Executor:
    """The one of this agent; `host` is its name in identities, `log` tells where logs are, as the config now stands. Raises `HostUnreadableError` where /proc does not tell the boot."""
    sources = (the_probe(edits), the_log(log, clock.wall), what_it_still_has())
    editor = Editor(edits=edits, store=store, quarantine=quarantine, wall=clock.wall, moved=follower.doubt_retries)
    return Executor(
        reread=follower.reread,
        others={
            CollectEvidence: evidence.collect,
            GatherInFlight: Gatherer(follower=follower, edits=edits, store=store, sources=sources).gather,
            PutBack: Returner(edits=edits, store=store, quarantine=quarantine).put_back,
            LookAfterLocks: Locksmith(edits=edits, store=store).look_after,
            CallUnit: units.call,
            LookAtUnit: units.look,
            **dict.fromkeys((TakeFleetLock, GiveFleetLockBack), fleet.lock),
            **dict.fromkeys((CountJobs, TakeJobs, ReleaseJobs), editor.edit),
        },
        clock=clock,
        host=host,
        log=log,
        holds=fleet.holds,
    )
