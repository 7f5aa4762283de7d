"""
Everything that the engine can ask of the world.

Effects are the only way in which the engine reaches outside. `Audit`, `KeepIncident`, `Notify`, `TryReceiver` and `DropFlight` are written in
the transaction of the event; the others run after that transaction has been committed, and each of
them is answered by exactly one `EffectDone` with its id.
"""

from enum import StrEnum

import msgspec

from watchdog.model.flight import Balance, Placement
from watchdog.model.notices import Notice
from watchdog.model.records import AuditRow, IncidentRow
from watchdog.model.targets import ChildRef, JobsRef, ProcessRef, Signal, Verb


class Audit(msgspec.Struct, frozen=True, tag="audit"):
    """Write this row."""

    row: AuditRow


class KeepIncident(msgspec.Struct, frozen=True, tag="keep_incident"):
    """Write this incident as it now stands over what was kept of it."""

    incident: IncidentRow


class Notify(msgspec.Struct, frozen=True, tag="notify"):
    """
    Put this notice into the outbox of each of these receivers; they hear of it not before the UTC milliseconds `not_before`, 0 at once.

    What waits of its thread in the group `takes` (empty: in none) comes along into its own, for whomever it waits.
    """

    receivers: tuple[str, ...]
    notice: Notice
    not_before: int = 0
    takes: str = ""


class TryReceiver(msgspec.Struct, frozen=True, tag="try_receiver"):
    """What waits for this receiver is due at once, however long it was to be left alone."""

    receiver: str


class Measure(msgspec.Struct, frozen=True, tag="measure"):
    """
    Look at the target again, at once.

    The shell first reads the Redis side of it and delivers what changed as `Observed`, then answers
    with a `Look`; or with `Refused` where a source could not be read.
    """

    id: str
    target: ProcessRef


class SendSignal(msgspec.Struct, frozen=True, tag="signal"):
    """
    Send this signal to this process and no other; answered by `Sent`, `Exited` or `Refused`.

    `fence` here and in other effects is what `FleetLockTaken` gave: it is carried out only while that lock is held. Empty: no lock is asked for.
    """

    id: str
    target: ProcessRef
    signal: Signal
    fence: str = ""


class AwaitExit(msgspec.Struct, frozen=True, tag="await_exit"):
    """Wait for the end of this process until engine time `until`; answered by `Exited`, `StillRunning` or `Refused`."""

    id: str
    target: ProcessRef
    until: int


class LookAtChild(msgspec.Struct, frozen=True, tag="look_at_child"):
    """Look at this child of a process at once, as `Measure` does at a process; answered by `ChildLook`, or by `Refused` where a source could not be read."""

    id: str
    child: ChildRef


class EndChild(msgspec.Struct, frozen=True, tag="end_child"):
    """
    Kill this child and no other, with all that it has started, if nothing of that has run for `still_for` milliseconds up to this moment; answered by `ChildEnded`, by the `ChildLook` that says that it has run since,
    or by `Refused`.

    Asked for again, it finds the child gone.
    """

    id: str
    child: ChildRef
    still_for: int


class DropFlight(msgspec.Struct, frozen=True, tag="drop_flight"):
    """
    What was done to the process is over: remove what was kept of the payloads of its jobs.

    `became` says what became of them; None where nobody looks after them any more.
    """

    incident: str
    became: Balance | None = None


class CollectEvidence(msgspec.Struct, frozen=True, tag="collect_evidence"):
    """
    Look at the process from all sides before it is touched, keep what was found under the incident, and say who is suspected.

    `kinds` are names of `model.evidence`. `still` says that nothing moves in it, or that this is not known: then it gets no signal. Answered by `EvidenceCollected` by engine time
    `until` at the latest, whatever can't be read or does not answer: nothing about it stops a recovery.
    """

    id: str
    incident: str
    target: ProcessRef
    kinds: tuple[str, ...]
    until: int
    still: bool = False


class When(StrEnum):
    """At which point of a recovery it is asked what the process holds."""

    BEFORE = "before"  # it still fetches: a picture up to a beat old
    QUIET = "quiet"  # it was quiet for two beats: complete, and it only shrinks
    FROZEN = "frozen"  # nothing moves in it: its memory and its sockets can be read
    DEAD = "dead"


class GatherInFlight(msgspec.Struct, frozen=True, tag="gather"):
    """
    Find out which jobs this process holds, from all sources, and keep their payloads durably under the incident before answering.

    Answered by `InFlight`; or by `Refused` where Redis can't be read or written, or the payloads could not be kept. At `BEFORE`, `QUIET` and `FROZEN`
    what was kept before is replaced; at `DEAD` it is what the answer rests on where Redis shows nothing any more.
    """

    id: str
    incident: str
    target: ProcessRef
    when: When


class PutBack(msgspec.Struct, frozen=True, tag="put_back"):
    """
    Put each of these jobs into its place, from the payloads kept under the incident; each at most once, however often it is asked for.

    Afterwards the traces that the dead process left in Redis are removed. Answered by `PutBackDone`, or by `Refused` where Redis can't be written: then some may have been
    put back.
    """

    id: str
    incident: str
    rule: str
    target: ProcessRef
    placements: tuple[Placement, ...]
    fence: str = ""


class LookAfterLocks(msgspec.Struct, frozen=True, tag="locks"):
    """
    Find the locks of sidekiq-unique-jobs that these jobs of the dead process hold although they stand nowhere any more; with `release`, give them back.

    May be asked for again. Answered by `LocksLookedAt`, or by `Refused` where Redis can't be asked.
    """

    id: str
    incident: str
    target: ProcessRef
    jids: tuple[str, ...]
    release: bool = False
    fence: str = ""


class ReadLog(msgspec.Struct, frozen=True, tag="read_log"):
    """
    Read in the log which jobs of this process run, or ran at its end; answered by `LogRead` or `Refused`.

    `until` is the last moment at which it is known to have worked (UTC milliseconds: its last beat, or its death; 0: now); `threads` how many work in it, 0 if that is
    not known: then everything is read that the time allows.
    """

    id: str
    target: ProcessRef
    until: int = 0
    threads: int = 0


class CallUnit(msgspec.Struct, frozen=True, tag="call_unit"):
    """
    Have systemd start, stop or restart this unit, and wait for the end of it until engine time `until`; answered by `UnitCalled` or `Refused`.

    Asked once more after a crash, it must do nothing twice: starting what runs and stopping what is stopped do nothing anyway; for the rest
    `invocation` is that of the unit when it was first asked for. Is it another one by now, the unit has been started since, and nothing is done.
    Empty: whatever it is.
    """

    id: str
    unit: str
    verb: Verb
    until: int
    invocation: str = ""
    fence: str = ""


class LookAtUnit(msgspec.Struct, frozen=True, tag="look_at_unit"):
    """Ask systemd at once how this unit is, whatever was heard of it before; answered by `UnitLook` or `Refused`. With `loads` also where systemd has to read its files for that."""

    id: str
    unit: str
    loads: bool = False


class CountJobs(msgspec.Struct, frozen=True, tag="count_jobs"):
    """Count the jobs that are meant, and change nothing; answered by `Counted` or `Refused`."""

    id: str
    jobs: JobsRef


class TakeJobs(msgspec.Struct, frozen=True, tag="take_jobs"):
    """
    Take the jobs that are meant out of Redis and into quarantine; answered by `JobsTaken`, or by `Refused`: then some may have been taken.

    Asked again under the same `order` it goes on from where it was cut off, counts in what was taken before, and takes nothing twice.
    """

    id: str
    order: str
    incident: str
    rule: str
    reason: str
    jobs: JobsRef


class ReleaseJobs(msgspec.Struct, frozen=True, tag="release_jobs"):
    """
    Put the jobs that are meant back out of quarantine; answered by `JobsReleased`, or by `Refused`: then some may have been put back.

    What would run within `spread` milliseconds is spread over that time, if there is much of it. Asked again under the same `order` it goes on as `TakeJobs` does.
    """

    id: str
    order: str
    incident: str
    rule: str
    reason: str
    jobs: JobsRef
    spread: int


class LookAtCommand(msgspec.Struct, frozen=True, tag="look_at_command"):
    """Look up whether root allows this command to be run with these values, by name of the argument; answered by `CommandLook`."""

    id: str
    command: str
    values: dict[str, str]


class RunCommand(msgspec.Struct, frozen=True, kw_only=True, tag="run_command"):
    """
    Have a command run by its unit, keep what it says as evidence of the incident, and wait for its end until engine time `until`; answered by `CommandRan` or `Refused`.

    Asked again under the same `run` (32 hexadecimal digits) it is not run again: the answer is what came of it, as far as anybody knows. `target` is its lasting name.
    """

    id: str
    run: str
    incident: str
    target: str
    command: str
    values: dict[str, str]
    until: int


class LookAtBlock(msgspec.Struct, frozen=True, tag="look_at_block"):
    """Ask our own Mastodon which rule it has about that server; answered by `BlockLook`, or by `Refused` where it can't be asked."""

    id: str
    peer: str


class SetBlock(msgspec.Struct, frozen=True, kw_only=True, tag="set_block"):
    """
    Have our own Mastodon do at least that to a server; answered by `BlockSet` or `Refused`.

    It looks first, so that nothing is done where a rule says as much or more; asked again it is the same. `severity` is in Mastodon's words; `rule` and `incident` say in the private comment who wanted it.
    """

    id: str
    peer: str
    severity: str
    reject_media: bool
    rule: str
    incident: str


class TakeFleetLock(msgspec.Struct, frozen=True, kw_only=True, tag="take_fleet_lock"):
    """
    Take the one lock that all agents of this Redis share, for this action; answered by `FleetLockTaken`, `FleetLockHeld`, `FleetBudgetSpent` or `FleetLockRefused`.

    Once it is held every process is read again, and what changed is delivered as `Observed` before the answer. `limit` is how often all agents together may act in
    `window` milliseconds, None for any number; `again` says that it is for what has been counted already. Who holds it takes it again, under a new number.
    """

    id: str
    subject: str
    action: str
    target: str
    limit: int | None = None
    window: int = 0
    again: bool = False


class GiveFleetLockBack(msgspec.Struct, frozen=True, kw_only=True, tag="give_fleet_lock_back"):
    """Give it back, if it is still held; `used` says whether what it was for counts as an action of the fleet. Nobody waits for the answer."""

    id: str
    fence: str
    used: bool


Command = (
    Measure
    | SendSignal
    | AwaitExit
    | LookAtChild
    | EndChild
    | CollectEvidence
    | GatherInFlight
    | PutBack
    | LookAfterLocks
    | ReadLog
    | CallUnit
    | LookAtUnit
    | CountJobs
    | TakeJobs
    | ReleaseJobs
    | LookAtCommand
    | RunCommand
    | LookAtBlock
    | SetBlock
    | TakeFleetLock
    | GiveFleetLockBack
)
"""An effect that the executor performs and answers."""
Effect = Audit | KeepIncident | Notify | TryReceiver | DropFlight | Command
"""Any effect."""
