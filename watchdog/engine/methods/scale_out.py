"""`scale_out`: one more instance of a template is started; over when its process beats."""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.engine.methods import unit
from watchdog.engine.methods.method import WATCH, Case, Method
from watchdog.engine.methods.start_unit import limit, told
from watchdog.engine.procedures.recover import SILENT
from watchdog.engine.procedures.stages import End, Go, Then
from watchdog.engine.scaling.choosing import enough, unwilling
from watchdog.engine.scaling.instances import SCHEDULER, running, serves_schedules, siblings
from watchdog.model.effects import LookAtUnit
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.results import Refused, Result, UnitCalled, UnitLook, UnitOutcome
from watchdog.model.targets import TargetKind
from watchdog.model.template_names import template_of


def _against(case: Case) -> str:
    """Why it must not be started, by the picture, and by the look where there is one."""
    template = template_of(case.thing.unit)[0]
    there = running(case.world, template)
    if len(there) >= int(case.arguments["max"]):
        return enough(template, len(there), int(case.arguments["max"]))
    return _queues(case, template) or _by_look(case)


def _queues(case: Case, template: str) -> str:
    """What the running ones serve, and what its own command says; where none runs and the command does not say, nobody knows."""
    rows = siblings(case.world, template)
    if reason := serves_schedules(rows):
        return reason
    if not isinstance(case.sight, UnitLook):
        return ""
    queues = case.sight.queues
    if queues is not None and SCHEDULER in queues:
        return f"by its command it serves the queue {SCHEDULER}, which there must be once and not twice"
    if queues is None and not rows:
        return f"which queues it would serve is not known: none of {template} runs, and its command does not say so with `-q`"
    return ""


def _by_look(case: Case) -> str:
    """The picture can be old, and systemd does not tell of a unit that it does not hold."""
    row: Any = case.world.find(Kind.UNIT, case.thing.unit)
    reason = unwilling(case.thing.unit, row, case.ledger, case.sight if isinstance(case.sight, UnitLook) else None)
    return f"{case.thing.unit} {reason}" if reason else ""


def _begins(case: Case) -> Then | None:
    """After a crash: what was asked for may be on its way."""
    state = case.sight.state if isinstance(case.sight, UnitLook) else ""
    return Go(WATCH) if case.asked and state not in ("", "inactive", "failed") else None


def _heard(_case: Case, result: Result) -> Then:
    match result:
        case UnitCalled(outcome=UnitOutcome.DONE | UnitOutcome.ALREADY):
            return Go(WATCH)
        case UnitCalled() | Refused():
            return End("failed", told(result))
        case _:
            return End("failed", "it was answered with something else")


def _sees(case: Case) -> Then | None:
    row: Any = case.world.find(Kind.UNIT, case.thing.unit)
    if any(_beats(one, case.at) for one in siblings(case.world, template_of(case.thing.unit)[0]) if one.unit == case.thing.unit):
        return End("ended", f"a process beats in {case.thing.unit}")
    has_failed = row is not None and row.failed is True and row.entered_at is not MISSING and row.entered_at >= case.since_at
    return End("failed", f"{case.thing.unit} has been started, and has failed") if has_failed else None


def _beats(row: Any, at: int) -> bool:
    return row.confirmed_at is not MISSING and at - row.confirmed_at < SILENT and row.listed is not False


def _plan(_arguments: Mapping[str, Any]) -> tuple[tuple[str, int, str], ...]:
    return (("start", 0, "the lowest instance that does not run, if there is still room for it"),)


SCALE_OUT: Final = Method(
    acts_on=TargetKind.TEMPLATE,
    stage="start",
    sight=UnitLook,
    look=lambda effect, thing: LookAtUnit(effect, thing.unit, loads=True),
    against=_against,
    begins=_begins,
    command=unit.start,
    heard=_heard,
    limit=limit,
    plan=_plan,
    noted=unit.counted,
    sees=_sees,
    patience=limit,
    waited="systemd has started it, and no process of it has beaten in time: look at the service",
)
