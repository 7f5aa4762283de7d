"""`run`: a named command is handed over to its unit; over when that has ended, and as it has ended."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from watchdog.engine.methods.method import Call, Case, Method
from watchdog.engine.procedures.stages import End, Then
from watchdog.model.effects import Command, LookAtCommand, RunCommand
from watchdog.model.results import CommandLook, CommandRan, Refused, Result
from watchdog.model.targets import CommandRef, TargetKind, Thing

STAGE: Final = "run"
TIMEOUT: Final = 300_000
"""Milliseconds, where the definition is not known: in tests of rules."""
_AROUND: Final = 30_000
"""Milliseconds that systemd may need before and after the time that the command has."""


def _look(effect: str, thing: Thing) -> Command:
    assert isinstance(thing, CommandRef)  # by `acts_on`
    return LookAtCommand(effect, thing.command, thing.values)


def _against(case: Case) -> str:
    """What root's definition has against it; the picture knows nothing of that."""
    return case.sight.refused if isinstance(case.sight, CommandLook) else ""


def _run(call: Call) -> Command:
    thing = call.thing
    return RunCommand(
        id=call.id, run=run_of(call.order, call.incident, thing.name), incident=call.incident, target=thing.name, command=thing.command, values=thing.values,
        until=call.until,
    )  # fmt: skip


def run_of(order: str, incident: str, name: str) -> str:
    """What this run is called: the same whenever it is asked for under that order."""
    return sha256(f"{order}\0{incident}\0{name}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _heard(_case: Case, result: Result) -> Then:
    match result:
        case CommandRan(status=0, cut=False, size=size):
            return End("ended", f"it has ended well{_said(size)}")
        case CommandRan(status=int() as status, cut=cut, size=size):
            how = (
                "systemd has ended it, as at its timeout"
                if cut
                else f"signal {-status} has ended it"
                if status < 0
                else f"it has ended with exit status {status}"
            )
            return End("failed", f"{how}{_said(size)}")
        case CommandRan(refused=refused, unknown=unknown):
            return End("failed", refused or unknown)
        case Refused(reason=reason):
            return End("failed", reason)
        case _:
            return End("failed", "it was answered with something else")


def _said(size: int) -> str:
    return "; what it said is kept as evidence" if size else ", and said nothing"


def _limit(arguments: Mapping[str, Any]) -> int:
    return int(arguments.get("timeout", TIMEOUT)) + _AROUND


def _plan(arguments: Mapping[str, Any]) -> tuple[tuple[str, int, str], ...]:
    return ((STAGE, 0, f"if root's list still allows it, for {int(arguments.get('timeout', TIMEOUT)) // 1000} s at most"),)


RUN: Final = Method(
    acts_on=TargetKind.COMMAND,
    stage=STAGE,
    sight=CommandLook,
    look=_look,
    against=_against,
    command=_run,
    heard=_heard,
    limit=_limit,
    plan=_plan,
)
