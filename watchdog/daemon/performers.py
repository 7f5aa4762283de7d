"""
Who performs what the engine asks for: the executor with a performer for each type of command that it does not do itself.

The counterpart of `actions/executor.py`, which lies below all that knows Redis and the store, and is handed them here.
"""

from collections.abc import Callable
from pathlib import Path

from watchdog.actions.executor import Executor
from watchdog.clock import Clock
from watchdog.daemon.children import ChildKeeper
from watchdog.daemon.evidence import EvidenceKeeper
from watchdog.daemon.fleet import FleetKeeper
from watchdog.host.systemd.watch import Units
from watchdog.mastodon.blocking import Blocker
from watchdog.model.effects import (
    CallUnit,
    CollectEvidence,
    CountJobs,
    EndChild,
    GatherInFlight,
    GiveFleetLockBack,
    LookAfterLocks,
    LookAtBlock,
    LookAtChild,
    LookAtCommand,
    LookAtUnit,
    PutBack,
    ReleaseJobs,
    RunCommand,
    SetBlock,
    TakeFleetLock,
    TakeJobs,
)
from watchdog.recovery.beside_redis import the_log, what_it_still_has
from watchdog.recovery.by_probe import the_probe
from watchdog.recovery.commanding import Commander
from watchdog.recovery.editing import Editor
from watchdog.recovery.gathering import Gatherer
from watchdog.recovery.locks import Locksmith
from watchdog.recovery.putting_back import Returner
from watchdog.recovery.quarantine import Quarantine
from watchdog.rulefile.log import LogSettings
from watchdog.rulefile.mastodon import MastodonSettings
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
    children: ChildKeeper,
    clock: Clock,
    host: str,
    log: Callable[[], LogSettings],
    commands: Callable[[], Path],
    mastodon: Callable[[], MastodonSettings | None],
) -> Executor:
    """The one of this agent; `host` is its name in identities, `log` tells where logs are `commands` where root names commands and `mastodon` how our own Mastodon is asked, as the config now stands. Raises `HostUnreadableError` where /proc does not tell the boot."""
    sources = (the_probe(edits), the_log(log, clock.wall), what_it_still_has())
    editor = Editor(edits=edits, store=store, quarantine=quarantine, wall=clock.wall, moved=follower.doubt_retries)
    blocker = Blocker(mastodon, clock=clock)
    commander = Commander(path=commands, begin=units.begin, store=store, wall=clock.wall)
    return Executor(
        reread=follower.reread,
        others={
            CollectEvidence: evidence.collect,
            GatherInFlight: Gatherer(follower=follower, edits=edits, store=store, sources=sources).gather,
            PutBack: Returner(edits=edits, store=store, quarantine=quarantine).put_back,
            LookAfterLocks: Locksmith(edits=edits, store=store).look_after,
            CallUnit: units.call,
            LookAtChild: children.look,
            EndChild: children.end,
            LookAtUnit: units.look,
            LookAtCommand: commander.look,
            RunCommand: commander.run,
            LookAtBlock: blocker.look,
            SetBlock: blocker.set,
            **dict.fromkeys((TakeFleetLock, GiveFleetLockBack), fleet.lock),
            **dict.fromkeys((CountJobs, TakeJobs, ReleaseJobs), editor.edit),
        },
        clock=clock,
        host=host,
        log=log,
        holds=fleet.holds,
    )
