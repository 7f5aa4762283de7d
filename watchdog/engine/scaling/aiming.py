"""
From a step and the entity that its rule looks at to the template that it means, and from there to the instance that comes or goes.

The counterpart of `things` and of `targeting`, which find what is named; here it is chosen anew each time, for what runs changes.
"""

from typing import Any, Final

from watchdog.engine.rules import Step
from watchdog.engine.scaling.choosing import Choice, to_stop
from watchdog.engine.world import World
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row
from watchdog.model.template_names import is_template, template_of

UNTOLD: Final = "it runs in no unit that is made from a template"


def template_meant(step: Step, row: Row | None) -> str:
    """The template that is written out, or that of the entity; empty where neither tells."""
    if written := str(step.arguments.get("template", "")):
        return written if is_template(written) else ""
    match row:
        case None:
            return ""
        case _ if row.kind is Kind.UNIT:
            return _text(row, "template")
        case _ if row.kind is Kind.PROCESS:
            return template_of(_text(row, "unit"))[0]
    return ""


def to_go(world: World, step: Step, row: Row | None) -> tuple[str, Choice]:
    """The template, and which of its instances goes."""
    template = template_meant(step, row)
    if not template:
        return "", Choice(why_none=UNTOLD)
    return template, to_stop(world, template, least=int(step.arguments["min"]))


def why_not(world: World, target: str, process: str, arguments: dict[str, Any]) -> str:
    """Why the process that was chosen does not go after all; empty where it does. `target` is `host/unit`, or `host/template` where none was chosen."""
    name = target.rpartition("/")[2]
    template = template_of(name)[0]
    if not template:
        return UNTOLD
    choice = to_stop(world, template, least=int(arguments["min"]))
    if choice.process and choice.process != process:
        return f"{choice.unit} is the highest that runs, and goes first"
    return choice.why_none


def _text(row: Any, name: str) -> str:
    value = getattr(row, name)
    return "" if value is MISSING else str(value)
