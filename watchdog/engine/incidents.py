"""
How far an incident has come: its playbook, and the step of it that is under way. Frozen parts of the ledger.

Times named `…_at` are engine milliseconds, as everywhere in it.
"""

from enum import StrEnum
from typing import Any, Final

import msgspec

from watchdog.model.flight import Ending, Held, Locks, Placed, Placement
from watchdog.model.guards import VETO
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.targets import JobsRef, ProcessRef, Thing


class Branch(StrEnum):
    """Which list of a rule's steps is carried out."""

    THEN = "then"
    OR_ELSE = "or_else"


class Flight(msgspec.Struct, frozen=True):
    """
    What a run knows of the jobs of its process; nothing in it is an argument of a job.

    `beats` and `quiet_beats` are counted since its stage began, `beat_at` is the last that was counted. `jobs` are those that were found when it was last asked, `seen` the jids of all that
    were seen to run meanwhile, `stuck` the jids of those that need an end, `frozen` that nothing moved in the process, `end` how it ended where the agent did not end it. `gave_back` says that it gave its jobs back itself, `hasty` that it may have taken one of them again, `given` the jids of those that it held before it did,
    `unnamed` how many more it can have taken. `plan` is None before it is decided, `placed` what came of it; `locks` is what is known of their locks.
    """

    beats: int = 0
    quiet_beats: int = 0
    beat_at: int | None = None
    jobs: tuple[Held, ...] = ()
    seen: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    frozen: bool = False
    end: Ending = Ending.OURS
    gave_back: bool = False
    hasty: bool = False
    given: tuple[str, ...] = ()
    unnamed: int = 0
    plan: tuple[Placement, ...] | None = None
    placed: tuple[Placed, ...] = ()
    locks: Locks = Locks()


NO_FLIGHT: Final = Flight()
"""Nothing is known of its jobs."""


class Run(msgspec.Struct, frozen=True):
    """
    One action of an incident on its way: which stage, and whether its intent is written but not its outcome.

    `incident` is the id of its playbook, `opened_wall` and `opened_at` when that was opened. `marks` are engine times by name (`TERM` was sent then); `looking` says that the stage still has its look before it;
    `intent` is the id of the committed intent without an outcome; `effect` the id of what is awaited;
    `held` the reason why it does not go on, `held_by` the guard that gave it; `flight` what it knows of the jobs of its process,
    `veto` the classes of those that must not be interrupted, should its rule be gone,
    `named` the jid of the one job that by the evidence can have stopped it, `overruled` the guards that a person does not want to hold it any more. `invocation` is systemd's id of the run of its unit in which the process was when it began, empty where that
    is not known.
    """

    id: str
    incident: str
    rule: str
    action: str
    arguments: dict[str, int | float | bool | str]
    ref: ProcessRef
    entity: str
    thread: str
    severity: Severity
    notify: tuple[str, ...]
    stage: str
    looking: bool
    opened_wall: int
    state: str = ""
    effect: str = ""
    intent: str = ""
    held: str = ""
    held_by: str = ""
    again_at: int | None = None
    marks: dict[str, int] = {}
    account: tuple[str, ...] = ()
    flight: Flight = Flight()
    named: str = ""
    veto: tuple[str, ...] = VETO
    overruled: tuple[str, ...] = ()
    opened_at: int = 0
    invocation: str = ""


class Edit(msgspec.Struct, frozen=True):
    """
    One action on jobs of an incident on its way: a single stage, whose every job is moved by itself or not at all.

    `incident` is the id of its playbook, `opened_wall` and `opened_at` when that was opened, `begun_at` when this step was. `effect` is the id of what is awaited, `intent` that of the committed
    intent without an outcome, which is the last one after a crash; `held` the reason why it did not go on when it was tried last, and `again_at` when it is tried again. `id` is the order under which it is
    asked for again.
    """

    id: str
    incident: str
    rule: str
    action: str
    jobs: JobsRef
    spread: int
    entity: str
    thread: str
    severity: Severity
    notify: tuple[str, ...]
    opened_wall: int
    begun_at: int
    stage: str
    effect: str = ""
    intent: str = ""
    held: str = ""
    again_at: int | None = None
    account: tuple[str, ...] = ()
    opened_at: int = 0


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """
    One action of an incident on a single thing that is neither a process nor jobs, on its way.

    `incident` is the id of its playbook, `opened_wall` and `opened_at` when that was opened, `begun_at` when this step was. It is at `stage`, since `since_at`: what the method does, or `watch` for what is
    waited for after it. `effect` is the id of what is awaited, and `looking` says that this is a look; `intent` is that of the committed intent without an outcome. `asked` says that an
    intent was ever committed: then it may have been done, for all that is known. `held` is the reason why it did not go on when it was tried last, and `again_at` when it is tried or looked at again.
    """

    id: str
    incident: str
    rule: str
    action: str
    arguments: dict[str, int | float | bool | str]
    thing: Thing
    entity: str
    thread: str
    severity: Severity
    notify: tuple[str, ...]
    stage: str
    opened_wall: int
    opened_at: int
    begun_at: int
    since_at: int
    looking: bool = False
    effect: str = ""
    intent: str = ""
    asked: bool = False
    held: str = ""
    again_at: int | None = None
    account: tuple[str, ...] = ()


class Proof(msgspec.Struct, frozen=True):
    """
    Whether what was done has helped, as far as it is known.

    `counted` is the time for which `verify` has been false, up to `counted_at`; `counting` says that it goes on.
    """

    counted: int
    counted_at: int
    counting: bool


class Playbook(msgspec.Struct, frozen=True):
    """
    What a rule does about one firing, from the first step that was allowed to the proof that it helped: an incident.

    `kind`, `entity`, `seen`, `seen_at` and `beat_at` are the entity as it was when its alert fired, which is what later steps and
    `verify` go by. `reports` are what the steps that are over had to say at their end. `step` of `branch` is under way or, since `since_at`, waits for the guards; `proof` is there once all steps are done.
    `unit` is the service of the process that a step of it was for, empty where there was none, and `ended` says that the step has told it to end.
    `alerts` are keys of the alerts that wanted it; `jobs` says of each step that is over what became of the jobs. Accounts count from `opened_at`, which no set clock moves.
    """

    id: str
    rule: str
    kind: Kind
    entity: str
    seen: dict[str, Any]
    seen_at: int
    beat_at: int | None
    target: str
    action: str
    alerts: tuple[str, ...]
    thread: str
    severity: Severity
    notify: tuple[str, ...]
    opened_wall: int
    since_at: int
    branch: Branch = Branch.THEN
    step: int = 0
    proof: Proof | None = None
    account: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    opened_at: int = 0
    unit: str = ""
    ended: bool = False
    jobs: tuple[str, ...] = ()
