"""
Everything that can happen to the engine.

The counterpart of events are effects: the engine takes one event, and answers with effects.
Events are deltas: a reading that did not change is not repeated. They are plain data and survive
being written down (`encode`, `decode`), which is what a trace is made of.
"""

from typing import Any, Final

import msgspec

from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Result
from watchdog.model.told import Told
from watchdog.model.verdicts import Mode

CRASHED: Final = "ended without a clean stop"
"""Why a process is gone: nobody saw it stop, and Redis still lists it. By signal, by want of memory, or by itself."""
STOPPED: Final = "stopped cleanly"
"""The same: it was seen to give its jobs back and leave Redis."""
KILLED: Final = "was killed by this agent"
"""The same: by SIGKILL, at the end of an action."""

LEFT_BEHIND: Final = "jobs of it lie in Redis, where its probe has put them"
"""Not why a process is gone, but that it has been for some time, and what is the matter with it."""


class Delta(msgspec.Struct, frozen=True, gc=False, tag="delta"):
    """
    Readings of one entity that are new or have changed.

    `fields` is by slot (`FieldSpec.slot`); an absent slot is unchanged; None says that the reading was
    lost and is MISSING from now on. A growing field holds the engine time from which it counts.
    A delta for an unknown id creates the entity. A job's delta names its process in `process`.
    """

    kind: Kind
    id: str
    fields: dict[str, Any]


class Gone(msgspec.Struct, frozen=True, gc=False, tag="gone"):
    """An entity that its source no longer has: `finished`, `exited`, `clean stop`, `pruned`, …"""

    kind: Kind
    id: str
    reason: str


class Observed(msgspec.Struct, frozen=True, gc=False, tag="observed"):
    """
    What a source saw in one read.

    `complete` marks the end of a snapshot in which everything of that source was read anew.
    """

    source: Source
    changes: tuple[Delta | Gone, ...]
    complete: bool = False


class SourceLost(msgspec.Struct, frozen=True, tag="source_lost"):
    """A source can't be read: `code` is one word for programs, `message` a sentence for the operator."""

    source: Source
    code: str
    message: str


class SourceBack(msgspec.Struct, frozen=True, tag="source_back"):
    """A source that was lost has been read in full again (its `Observed` went before)."""

    source: Source


class TimeReached(msgspec.Struct, frozen=True, tag="time_reached"):
    """Nothing happened but that time went on; the shell sends it when a deadline of the engine is due."""


class Gap(msgspec.Struct, frozen=True, tag="gap"):
    """
    The agent saw nothing from engine time `began` on, for `ms` milliseconds of it: it was held, or too busy.

    `asleep` says how much longer the machine slept, in time that engine time does not know.
    """

    began: int
    ms: int
    asleep: int = 0


class EffectDone(msgspec.Struct, frozen=True, tag="effect_done"):
    """The answer to the effect with that id."""

    effect: str
    result: Result


class Started(msgspec.Struct, frozen=True, tag="started"):
    """
    The agent begins, with the ledger of its predecessor.

    `boot_id` tells whether engine times of the ledger still mean something. `machine` is a name of this machine and of no other, `redis` the place of
    Sidekiq's data; either is empty where it is not known. `damaged` says as what a damaged database was set aside right before.
    """

    version: str
    boot_id: str
    host: str
    machine: str = ""
    redis: str = ""
    damaged: str = ""


class RulesLoaded(msgspec.Struct, frozen=True, tag="rules_loaded"):
    """
    Rules and settings are in force from this event on; `advance` is called with them.

    `digest` is that of the rule texts; `mode` is the global ceiling. `warning` is something that everybody must hear. `passing` says that the agent is
    there for an order by hand alone: that it goes less far says nothing of the rules.
    """

    digest: str
    mode: Mode
    warning: str = ""
    passing: bool = False


class ReloadRefused(msgspec.Struct, frozen=True, tag="reload_refused"):
    """A reload found problems; the old rules and settings stay."""

    problems: tuple[str, ...]


class Paused(msgspec.Struct, frozen=True, tag="paused"):
    """
    Somebody stopped all actions; `until` in wall milliseconds, None for no end.

    `source` is empty where `by` alone says how, as for the file, or `fleet` for what stands in Redis.
    """

    by: str
    reason: str
    until: int | None = None
    source: str = ""


class Resumed(msgspec.Struct, frozen=True, tag="resumed"):
    """The pause that was said in that way (`source`, or where that is empty `by`) is lifted, and no other."""

    by: str
    source: str = ""


class Vouched(msgspec.Struct, frozen=True, tag="vouched"):
    """A person put this job back out of the quarantine, at that wall time: what it was caught at before counts no more."""

    jid: str
    by: str
    wall: int


class FleetLockLost(msgspec.Struct, frozen=True, tag="fleet_lock_lost"):
    """The lock that was taken with this fence is not held any more, although nobody gave it back."""

    fence: str
    reason: str


class FleetLead(msgspec.Struct, frozen=True, tag="fleet_lead"):
    """The agent of that host leads the fleet, which is this one where it is `mine`; nobody does where `host` is empty. Said when it changes."""

    host: str
    mine: bool = False


class Stopping(msgspec.Struct, frozen=True, tag="stopping"):
    """The agent ends in an orderly way; nothing new is begun after it."""

    reason: str


Body = (
    Observed
    | SourceLost
    | SourceBack
    | TimeReached
    | Gap
    | EffectDone
    | Started
    | RulesLoaded
    | ReloadRefused
    | Paused
    | Resumed
    | Vouched
    | FleetLockLost
    | FleetLead
    | Stopping
    | Told
)


class Event(msgspec.Struct, frozen=True, gc=False):
    """
    One thing that happened.

    `seq` counts from 1 without gaps over the life of the state; `at` is engine time (milliseconds,
    monotonic, never backwards); `wall` is UTC in milliseconds since 1970, for people only.
    """

    seq: int
    at: int
    wall: int
    body: Body


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """One event as one line of JSON without a line break."""
    return _ENCODER.encode(event)


def decode(line: bytes) -> Event:
    """The event of a line; raises `msgspec.DecodeError` or `msgspec.ValidationError` for anything else."""
    return _DECODER.decode(line)
