"""
From a step and the entity that its rule looks at to the one thing that it means, where that is neither a process nor jobs.

The counterpart of `selecting`, which finds jobs. Each kind of thing has its finder.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from watchdog.engine.rules import Step
from watchdog.engine.scaling.aiming import UNTOLD, template_meant
from watchdog.engine.scaling.choosing import to_start
from watchdog.engine.turn import Turn
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row
from watchdog.model.targets import TargetKind, Thing, UnitRef


class Found(msgspec.Struct, frozen=True):
    """The name under which cooldowns are kept, and the thing; None where it can't be told, `unreachable` says why."""

    name: str
    thing: Thing | None
    unreachable: str = ""


def find_unit(turn: Turn, step: Step, row: Row | None, remembered: str) -> Found:
    """The unit that is written out, or that the entity is, or that its process runs in; or else the one that an earlier step of the incident was for (`remembered`)."""
    name = _unit_named(turn, step, row) or remembered
    if not name:
        return Found("unit", None, "it is not known in which unit of this host it runs, if in any")
    host = turn.ledger.host
    return Found(f"{host}/{name}", UnitRef(f"{host}/{name}", host, name))


def _unit_named(turn: Turn, step: Step, row: Row | None) -> str:
    if step.target is None:
        return str(step.arguments.get("unit", ""))
    named = step.target.find(row) if row is not None else None
    if step.target.to is Kind.UNIT or named is None:
        return named or ""
    process: Any = turn.world.find(Kind.PROCESS, named)
    return "" if process is None or process.unit is MISSING else str(process.unit)


def find_instance(turn: Turn, step: Step, row: Row | None, _remembered: str) -> Found:
    """The instance of the template that is started next; what is done counts for the template."""
    template = template_meant(step, row)
    if not template:
        return Found("template", None, UNTOLD)
    name = f"{turn.ledger.host}/{template}"
    choice = to_start(turn.world, template, most=int(step.arguments["max"]), ledger=turn.ledger)
    return Found(name, UnitRef(name, turn.ledger.host, choice.unit) if choice.unit else None, choice.why_none)


FINDERS: Final[dict[TargetKind, Callable[[Turn, Step, Row | None, str], Found]]] = {
    TargetKind.UNIT: find_unit,
    TargetKind.TEMPLATE: find_instance,
}
"""Kind of thing → who finds it; every kind of target but processes and jobs is there."""
