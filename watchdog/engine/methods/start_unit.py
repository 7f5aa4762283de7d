"""`start_unit`: systemd is asked to start what has failed by itself, or what the agent has ended; over when systemd has done it."""

from collections.abc import Mapping
from typing import Any

from watchdog.engine.may_start import against_start, runs
from watchdog.engine.methods import unit
from watchdog.engine.methods.method import Case, Method
from watchdog.engine.procedures.stages import End, Then
from watchdog.model.results import Refused, Result, UnitCalled, UnitLook, UnitOutcome
from watchdog.model.targets import TargetKind

STAGE = "start"
UNKNOWN = "nothing is known of it: systemd has no such unit, or has not told of it yet"


def against(case: Case) -> str:
    """Why it must not be started."""
    found = unit.standing(case)
    return UNKNOWN if found is None else against_start(found)


def _begins(case: Case) -> Then | None:
    found = unit.standing(case)
    if case.asked and found is not None and runs(found):
        return End("ended", "it runs: systemd had started it before the agent ended")
    return None


def _heard(_case: Case, result: Result) -> Then:
    match result:
        case UnitCalled(outcome=UnitOutcome.DONE | UnitOutcome.ALREADY):
            return End("ended", "systemd has started it")
        case UnitCalled() | Refused():
            return End("failed", told(result))
        case _:
            return End("failed", "it was answered with something else")


def told(result: UnitCalled | Refused) -> str:
    """What systemd made of it, in a sentence."""
    match result:
        case Refused(reason=reason):
            return reason
        case UnitCalled(outcome=UnitOutcome.SKIPPED):
            return "systemd has not started it: a condition of the unit does not hold"
        case UnitCalled(outcome=UnitOutcome.WAITING, detail=detail):
            return f"systemd has not started it in time, and goes on ({detail})"
        case UnitCalled(outcome=UnitOutcome.UNKNOWN, detail=detail):
            return f"whether it was started is not known: {detail}"
        case UnitCalled(outcome=outcome, detail=detail):
            return f"systemd could not start it: {outcome.value}{f' ({detail})' if detail else ''}"


def limit(arguments: Mapping[str, Any]) -> int:
    """For how long systemd may start it, in milliseconds."""
    return int(arguments["start_within"])


def _plan(_arguments: Mapping[str, Any]) -> tuple[tuple[str, int, str], ...]:
    return ((STAGE, 0, "if nobody has stopped it by then"),)


START_UNIT = Method(
    acts_on=TargetKind.UNIT,
    stage=STAGE,
    sight=UnitLook,
    look=unit.look,
    against=against,
    begins=_begins,
    command=unit.start,
    heard=_heard,
    limit=limit,
    plan=_plan,
    noted=unit.counted,
)
