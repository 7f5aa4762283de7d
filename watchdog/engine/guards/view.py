"""What a guard is shown: everything it may rest its answer on, and nothing else."""

from collections.abc import Callable

import msgspec

from watchdog.engine.ledger import Cooldown, Ledger
from watchdog.engine.world import World
from watchdog.model.kinds import Source
from watchdog.model.results import Look
from watchdog.model.targets import ProcessRef, Signal
from watchdog.model.verdicts import Answer, Verdict


class View(msgspec.Struct, frozen=True):
    """
    One stage of one action on one target, as the guards see it.

    `subject` is the id of the request or run that asks, `incident` that of its playbook, empty before the first step. `signal` is what the stage would send. `holds` is whether the
    condition of at least one of its alerts is true at this moment. `look` is what the kernel was found to say, None
    before anybody has looked. `committed` is True after the stage that can't be taken back.
    `held` is how many threads of each process are held, `sick` which processes have an alert of their own or of a job. `cooldowns` are the real ones or, in dry-run, the shadow ledger's.
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
    settings: dict[str, int | float | bool | str]
    signal: Signal
    holds: bool
    look: Look | None
    committed: bool
    ledger: Ledger
    held: dict[str, int]
    sick: frozenset[str]
    cooldowns: dict[str, Cooldown]
    world: World


Guard = Callable[[View], Verdict]
"""A guard is named by its function."""


def passes(guard: str) -> Verdict:
    """It has nothing against it."""
    return Verdict(guard, Answer.PASS)


def denies(guard: str, reason: str, until: int | None = None) -> Verdict:
    """It must not be done."""
    return Verdict(guard, Answer.DENY, reason, until)


def asks(guard: str, reason: str) -> Verdict:
    """A person must say so."""
    return Verdict(guard, Answer.ASK, reason)
