"""
`ensure_unit`: a unit runs, and a Sidekiq in it beats.

What runs, or is about to, is waited for; what does not is started as `start_unit` does it. systemd's word that it has started a unit says little: for most a process that
has just been forked is a service that runs. So what ends it is a beat.
"""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.engine.may_start import against_start, comes, runs
from watchdog.engine.methods import unit
from watchdog.engine.methods.method import WATCH, Case, Method
from watchdog.engine.methods.start_unit import STAGE, UNKNOWN, limit, told
from watchdog.engine.procedures.stages import End, Go, Then
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.results import Refused, Result, UnitCalled, UnitLook, UnitOutcome
from watchdog.model.targets import TargetKind

FRESH: Final = 60_000
"""A process that has not beaten for so many milliseconds does not beat."""
_COMING: Final = (UnitOutcome.DONE, UnitOutcome.ALREADY, UnitOutcome.WAITING, UnitOutcome.UNKNOWN)
"""After these a beat can still come."""


def _against(case: Case) -> str:
    found = unit.standing(case)
    if found is None:
        return UNKNOWN
    return "" if runs(found) or comes(found) else against_start(found)


def _begins(case: Case) -> Then | None:
    found = unit.standing(case)
    return Go(WATCH) if found is not None and (runs(found) or comes(found)) else None


def _heard(_case: Case, result: Result) -> Then:
    match result:
        case UnitCalled(outcome=outcome) if outcome in _COMING:
            return Go(WATCH)
        case UnitCalled() | Refused():
            return End("failed", told(result))
        case _:
            return End("failed", "it was answered with something else")


def _sees(case: Case) -> Then | None:
    if _beats(case):
        return End("ended", "it was started, and a process in it beats" if case.asked else "it runs already, and a process in it beats")
    row: Any = case.world.find(Kind.UNIT, case.thing.unit)
    has_ended = row is not None and row.failed is True and row.entered_at is not MISSING and row.entered_at > case.since_at
    return End("failed", f"it has failed again: {row.result}") if has_ended else None


def _beats(case: Case) -> bool:
    rows: list[Any] = list(case.world.rows[Kind.PROCESS].values())
    return any(
        row.unit is not MISSING
        and row.unit == case.thing.unit
        and row.local is True
        and row.alive is True
        and row.listed is not False
        and row.confirmed_at is not MISSING
        and case.at - row.confirmed_at < FRESH
        for row in rows
    )


def _plan(arguments: Mapping[str, Any]) -> tuple[tuple[str, int, str], ...]:
    return (
        (STAGE, 0, "if it does not run, and nobody has stopped it by then"),
        ("give_up", limit(arguments), "if no process in it has beaten by then"),
    )


ENSURE_UNIT = Method(
    acts_on=TargetKind.UNIT,
    stage=STAGE,
    sight=UnitLook,
    look=unit.look,
    against=_against,
    begins=_begins,
    command=unit.start,
    heard=_heard,
    limit=limit,
    plan=_plan,
    sees=_sees,
    patience=limit,
    waited="no process in it has beaten in time: look at the unit",
    noted=unit.counted,
)
