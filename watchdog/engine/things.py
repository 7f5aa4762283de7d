"""
From a step and the entity that its rule looks at to the one thing that it means, where that is neither a process nor jobs.

The counterpart of `selecting`, which finds jobs. Each kind of thing has its finder.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from watchdog.engine.reaching import find_target
from watchdog.engine.rules import Step
from watchdog.engine.scaling.aiming import UNTOLD, template_meant
from watchdog.engine.scaling.choosing import to_start
from watchdog.engine.turn import Turn
from watchdog.model.actions_on_peers import COMMANDS
from watchdog.model.kinds import Kind, Type
from watchdog.model.missing import MISSING
from watchdog.model.named.values import as_text, named
from watchdog.model.rows import Row
from watchdog.model.targets import ChildRef, CommandRef, PeerRef, TargetKind, Thing, UnitRef

_NO_PEER: Final = "which other server is meant is not known"


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


def find_command(turn: Turn, step: Step, row: Row | None, _remembered: str) -> Found:
    """The command with the values that the entity has for its arguments; of an action on another server its own command, with that server."""
    host = turn.ledger.host
    values: dict[str, str] = {}
    if (command := COMMANDS.get(step.action)) is not None:
        peer = _peer(step, row)
        if not peer:
            return Found(f"{host}/command {command}", None, _NO_PEER)
        values["host"] = peer
    else:
        command = str(step.arguments["command"])
    for argument, given in sorted(step.given.items()):
        value = given.of(row)
        if value is None:
            return Found(f"{host}/command {command}", None, f"its argument {argument} ({given.text}) is not known")
        values[argument] = as_text(value, is_duration=given.type is Type.DURATION)
    name = " ".join((f"{host}/command {command}", *map(named, values.values())))
    return Found(name, CommandRef(name, host, command, values))


def find_peer(turn: Turn, step: Step, row: Row | None, _remembered: str) -> Found:
    """The other server that is meant."""
    peer = _peer(step, row)
    name = f"server {peer}".rstrip()
    return Found(name, PeerRef(name, turn.ledger.host, peer) if peer else None, "" if peer else _NO_PEER)


def _peer(step: Step, row: Row | None) -> str:
    return (step.target.find(row) if row is not None and step.target is not None else None) or ""


def find_child(turn: Turn, step: Step, row: Row | None, _remembered: str) -> Found:
    """The child of that process that has stood still for longest; none where it has no child."""
    process = (step.target.find(row) if row is not None and step.target is not None else None) or ""
    found = find_target(turn.world, process)
    if found.ref is None:
        return Found(f"{found.name} child", None, found.unreachable)
    told: Any = turn.world.find(Kind.PROCESS, process)
    if any(value is MISSING for value in (told.child, told.child_pid, told.child_start_ticks)):
        return Found(f"{found.name} child", None, "its children are not known")
    if not told.child_pid:
        return Found(f"{found.name} child", None, "it has no child")
    name = f"{found.name} child {told.child}"
    return Found(name, ChildRef(name, found.ref, told.child_pid, told.child_start_ticks, told.child))


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
    TargetKind.COMMAND: find_command,
    TargetKind.CHILD: find_child,
    TargetKind.TEMPLATE: find_instance,
    TargetKind.PEER: find_peer,
}
"""Kind of thing → who finds it; every kind of target but processes and jobs is there."""
