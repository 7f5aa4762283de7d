"""
What `scale_in` has to know of the unit that goes, and what is to be remembered of it.

The counterpart of `choosing`, which says which one; here it is on its way.
"""

from typing import Any, Final

import msgspec

from watchdog.engine.incidents import Run
from watchdog.engine.ledger import Ledger
from watchdog.engine.procedures.scale_in import SPARE, STOPS
from watchdog.engine.procedures.stages import CallAnswer
from watchdog.engine.scaled import Stopped, with_stopped
from watchdog.engine.scaling.instances import running, serves_schedules
from watchdog.engine.turn import Turn
from watchdog.engine.world import World
from watchdog.model.actions_on_templates import SCALE_IN
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING
from watchdog.model.results import UnitCalled, UnitOutcome
from watchdog.model.targets import Verb
from watchdog.model.template_names import template_of

_ASKED: Final = "stop asked"


def invocation_of(world: World, unit: str) -> str:
    """Systemd's id of the run of that unit, empty where it is not known."""
    row: Any = world.find(Kind.UNIT, unit) if unit else None
    return "" if row is None or row.invocation is MISSING else str(row.invocation)


def needed(world: World, ledger: Ledger, run: Run) -> str:
    """Why the unit of that run must stay as it is; empty where it may go, and of every other action."""
    if run.action != SCALE_IN:
        return ""
    if not run.invocation:
        return "systemd has not told which run of its service this is"
    if Source.SYSTEMD in ledger.lost:
        return "which others run is not known: systemd can't be read"
    template, least = template_of(run.ref.unit)[0], int(run.arguments["min"])
    there = running(world, template)
    if len(there) <= least:
        return f"{len(there)} of {template} run, and 'min' is {least}"
    return next((serves_schedules(one.processes) for one in there if one.unit == run.ref.unit), "")


def stop_is_patient(world: World, unit: str) -> bool:
    """Whether systemd waits for longer at a stop than Sidekiq takes to give its jobs back; not where one of the two times is not known."""
    row: Any = world.find(Kind.UNIT, unit) if unit else None
    if row is None or row.stop_timeout is MISSING or row.sidekiq_timeout is MISSING:
        return False
    return bool(row.stop_timeout >= row.sidekiq_timeout + SPARE)


def unit_stopped(run: Run) -> bool:
    """Whether systemd has said that it is."""
    return any(stage in run.marks for stage in STOPS)


def asked_to_stop(run: Run) -> bool:
    """Whether systemd has been asked to stop it, for all that is known: then whoever is seen to have it stopped may be the agent."""
    return any(mark in run.marks for mark in (_ASKED, *STOPS, *(f"{stage}?" for stage in STOPS)))


def note_call(turn: Turn, run: Run, verb: Verb, answer: CallAnswer) -> Run:
    """The run once systemd has answered; that it has stopped a unit is remembered for as long as that stands still."""
    run = msgspec.structs.replace(run, intent="")
    if verb is not Verb.STOP or not isinstance(answer, UnitCalled):
        return run
    run = msgspec.structs.replace(run, marks={**run.marks, _ASKED: turn.at})
    if answer.outcome is not UnitOutcome.DONE:
        return run
    turn.set(scaled=with_stopped(turn.ledger.scaled, run.ref.unit, Stopped(turn.at, run.rule, run.incident)))
    return msgspec.structs.replace(run, marks={**run.marks, run.stage: turn.at})
