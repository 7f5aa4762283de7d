"""
What rules that are tried find when they look: what the trace has of it at that moment.

The counterpart of `actions.executor`, which looks at the machine. It only ever answers looks, since in dry-run nothing else is asked for; whatever would change the world is refused.
"""

from typing import Any, Final

from watchdog.engine.methods.unit import as_told
from watchdog.engine.world import World
from watchdog.model.effects import Command, CountJobs, LookAtBlock, LookAtChild, LookAtCommand, LookAtUnit, Measure
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.results import BlockLook, CommandLook, Look, Refused, Result, UnitLook
from watchdog.model.targets import ProcessRef
from watchdog.rulefile.children import child_told
from watchdog.rulefile.edited import edited

_HANDLED: Final = ("TERM", "TSTP", "TTIN", "INT")
"""What a Sidekiq that has booted handles; one that has beaten has."""
NOT_DONE: Final = "nothing is done to what has been"


def found(command: Command, world: World) -> Result:
    """The answer to that command, from the picture as it is."""
    match command:
        case Measure(target=target):
            return _process(target, world)
        case CountJobs():
            return edited(command, world)
        case LookAtUnit(unit=unit, loads=loads):
            return as_told(world.find(Kind.UNIT, unit)) or UnitLook(load_state="loaded" if loads else "not-found", state="inactive")
        case LookAtCommand():
            return CommandLook()
        case LookAtBlock():
            return BlockLook()
        case LookAtChild():
            return child_told(command, world)
        case _:
            return Refused(NOT_DONE)


def _process(target: ProcessRef, world: World) -> Look:
    row: Any = world.find(Kind.PROCESS, target.identity)
    if row is None or row.alive is MISSING or not row.alive:
        return Look(alive=False, same=False)
    if (row.pid, row.start_ticks) != (target.pid, target.start_ticks):
        return Look(alive=True, same=False, mismatch="it began at another time")
    state = row.state if row.state is not MISSING else "S"
    booted = row.booted_at is not MISSING
    traced = row.traced is not MISSING and row.traced
    return Look(alive=True, same=True, state=state, tracer=int(traced), catches=_HANDLED if booted else ())
