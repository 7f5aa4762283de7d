"""What a guard is shown: everything it may rest its answer on, and nothing else."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from watchdog.engine.approvals import Approval
from watchdog.engine.ledger import Cooldown, Ledger
from watchdog.engine.spending import Book
from watchdog.engine.world import World
from watchdog.model.flight import Held
from watchdog.model.kinds import Source
from watchdog.model.results import Counted, Look, Sight
from watchdog.model.targets import JobsRef, ProcessRef, Signal, TargetKind, Thing
from watchdog.model.verdicts import DOES_NOT_APPLY, Answer, Verdict


class View(msgspec.Struct, frozen=True):
    """
    One stage of one action on one target, as the guards see it.

    `subject` is the id of the request or run that asks, `incident` that of its playbook, empty before the first step. `signal` is what the stage would send. `holds` is whether the
    condition of at least one of its alerts is true at this moment. `look` is what the kernel was found to say, None
    before anybody has looked. `committed` is True after the stage that can't be taken back, `of_the_dead` if it is to be done for a process that has ended.
    `interrupts` says that an end of the process would interrupt what it runs: it is neither dead nor proven to be frozen. `kept` are the jobs that it held when it was last asked.
    `rests_on_load` says that the rule looks at nothing that load alone would not make. `wall` is UTC milliseconds, for what goes by clocks. `alerts` are the keys of those that want it.
    `held` is how many threads of each process are held, `sick` which processes have an alert of their own or of a job. `cooldowns` and `spent` are the real ones, in dry-run with what the shadow ledger has.
    `overruled` are the guards that the person who ordered it overrules; None where a rule asks.
    `approval` is what a person was asked about this very step on this very target.

    `about` says what kind of thing the target is; where it is no process, `process` and `signal` are empty. Of jobs that wait, `jobs` says which (None with `unreachable`), `counted` how many they were found to be,
    None before anybody has counted, and `runs_in` names the process that runs the one job that is meant. Of everything else, `thing` says what it is (None with `unreachable`), `sight` how it was found when it was
    looked at, None before, and `asked` that it may have been done already, before the agent was cut off; `action` and `arguments` say what is to be done to it. `led` is why what concerns the whole is not this agent's to do, empty where it is, None while that is not known.
    """

    at: int
    subject: str
    incident: str
    rule: str
    target: str
    process: str
    ref: ProcessRef | None
    unreachable: str
    sources: tuple[Source, ...]
    settings: Mapping[str, Any]
    signal: Signal | None
    holds: bool
    look: Look | None
    committed: bool
    ledger: Ledger
    held: dict[str, int]
    sick: frozenset[str]
    cooldowns: dict[str, Cooldown]
    world: World
    of_the_dead: bool = False
    rests_on_load: bool = False
    wall: int = 0
    alerts: tuple[str, ...] = ()
    spent: Book = {}
    interrupts: bool = True
    kept: tuple[Held, ...] = ()
    overruled: tuple[str, ...] | None = None
    about: TargetKind = TargetKind.PROCESS
    jobs: JobsRef | None = None
    counted: Counted | None = None
    runs_in: str = ""
    led: str | None = ""
    approval: Approval | None = None
    action: str = ""
    arguments: Mapping[str, Any] = {}
    thing: Thing | None = None
    sight: Sight | None = None
    asked: bool = False


ENDS_NOTHING: Final = {
    TargetKind.JOBS: "no process is touched",
    TargetKind.UNIT: "nothing is ended",
    TargetKind.COMMAND: "a command ends no process that the agent knows of",
    TargetKind.CHILD: "no process of Sidekiq is ended",
    TargetKind.TEMPLATE: "nothing is ended",
    TargetKind.PEER: "no process is touched",
}
"""Kind of target → what guards say of it that weigh the end of a process; what is not here is, or ends, a process."""

Guard = Callable[[View], Verdict]
"""A guard is named by its function."""


def passes(guard: str) -> Verdict:
    """It has nothing against it."""
    return Verdict(guard, Answer.PASS)


def does_not_apply(guard: str, why: str) -> Verdict:
    """It has nothing to say of such a target; whoever asks why is told so."""
    return Verdict(guard, Answer.PASS, f"{DOES_NOT_APPLY}{why}")


def denies(guard: str, reason: str, until: int | None = None) -> Verdict:
    """It must not be done."""
    return Verdict(guard, Answer.DENY, reason, until)


def asks(guard: str, reason: str, until: int | None = None) -> Verdict:
    """A person must say so."""
    return Verdict(guard, Answer.ASK, reason, until)
