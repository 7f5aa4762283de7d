"""
How a run stands: at which stage and until when, whether it can be taken back, whether anybody still wants it, and what guards see of it.

The counterpart of `runs`, which moves it on. Nothing is changed here.
"""

from collections.abc import Mapping
from typing import Any

from watchdog.engine import arming
from watchdog.engine.approved import approval_of
from watchdog.engine.guards.view import View
from watchdog.engine.incidents import Run
from watchdog.engine.order import Order
from watchdog.engine.ordered import order_of
from watchdog.engine.procedures import PROCEDURES
from watchdog.engine.procedures.stages import SendStage, Stage, WaitStage, WatchStage
from watchdog.engine.rules import NO_RULES
from watchdog.engine.sightings import is_over, veto_of
from watchdog.engine.succession import DEAD
from watchdog.engine.targeting import holds, sources_of
from watchdog.engine.turn import Turn
from watchdog.model.delivery import cuts_off
from watchdog.model.kinds import Source
from watchdog.model.results import Look
from watchdog.model.targets import Signal
from watchdog.model.verdicts import Mode


def stage_of(run: Run) -> Stage:
    """The stage that it is at."""
    return PROCEDURES[run.action].stages[run.stage]


def mark_of(run: Run) -> str:
    """The name under which the time is noted at which that stage did what it is there for."""
    spec = stage_of(run)
    return spec.mark or run.stage if isinstance(spec, SendStage) else run.stage


def due(run: Run, spec: WaitStage) -> int:
    """The engine time at which that wait is over."""
    # A signal whose outcome was lost counts from its repetition, which is later: never early.
    return run.marks[spec.since] + spec.limit(run.arguments)


def until(run: Run, spec: WatchStage) -> int:
    """The engine time until which that stage watches."""
    return run.marks[run.stage] + spec.limit(run.arguments)


def is_committed(run: Run) -> bool:
    """It has come, or perhaps come, to a point of no return: it is carried to its end."""
    points = (DEAD, *PROCEDURES[run.action].no_return)
    return any(point in run.marks or maybe(point) in run.marks for point in points)


def is_beyond_return(run: Run) -> bool:
    """It can't be taken back any more, or perhaps not: the signal may be on its way."""
    return is_committed(run) or (bool(run.intent) and mark_of(run) in PROCEDURES[run.action].no_return)


def maybe(stage: str) -> str:
    """The mark of what was begun and may have been done, for all that is known."""
    return f"{stage}?"


def is_starting(turn: Turn) -> bool:
    """Nothing stands in the way but that Redis has not been read in full since the start of the agent."""
    return Source.REDIS not in turn.world.complete and not cuts_off(turn.ledger.lost)


def unwanted(turn: Turn, run: Run) -> str:
    """Why nobody wants it to go on; empty where somebody does."""
    order = order_of(turn.ledger, run.rule)
    if order is not None and turn.rules is NO_RULES:
        return "the rules are not in force yet"
    if order is not None:
        return f"withdrawn by {order.withdrawn}" if order.withdrawn and not is_committed(run) else ""
    if turn.rules.mode.rank < Mode.ASK.rank:
        # Whoever lowers the mode in the middle of it wants no further signal.
        return f"the mode has been lowered to {turn.rules.mode}"
    rule = turn.rule.get(run.rule)
    if is_committed(run):
        return ""
    if rule is None:
        return "its rule is no longer there"
    mode = arming.mode_of(turn, rule)
    return "" if mode.rank >= Mode.ASK.rank else f"its rule has been put into {mode}"


def view_of(turn: Turn, run: Run, signal: Signal, look: Look | None) -> View:
    """What guards see of it before that signal; `look` is None where nothing is sent to a living process."""
    rule, order = turn.rule.get(run.rule), order_of(turn.ledger, run.rule)
    committed = is_committed(run)
    playbook = turn.ledger.playbooks.get(run.incident)
    # Only its first step depends on the condition, and only until something has been done.
    begins = not committed and playbook is not None and playbook.step == 0 and rule is not None
    return View(
        at=turn.at, subject=run.id, incident=run.incident, rule=run.rule, target=run.ref.name, process=run.ref.identity, ref=run.ref, unreachable="",
        sources=sources_of(rule) if begins and rule else (Source.REDIS,), settings=_settings(turn, run), signal=signal,
        holds=holds(turn, rule, playbook.alerts) if begins and rule and playbook else True, look=look, committed=committed,
        ledger=turn.ledger, held=turn.held(), sick=turn.sick(), cooldowns=turn.ledger.cooldowns, world=turn.world,
        wall=turn.wall, spent=turn.ledger.spent, interrupts=not is_over(turn, run), kept=run.flight.jobs,
        overruled=_overruled(order, run),
        approval=approval_of(turn.ledger, run.incident, run.action, run.ref, arguments=run.arguments),
    )  # fmt: skip


def _overruled(order: Order | None, run: Run) -> tuple[str, ...] | None:
    """What a person does not want to hold it: whoever ordered it, and whoever let it go on."""
    said = (*(order.overruled if order is not None else ()), *run.overruled)
    return said if said or order is not None else None


def _settings(turn: Turn, run: Run) -> Mapping[str, Any]:
    if (rule := turn.rule.get(run.rule)) is not None:
        return rule.guards
    return turn.rules.by_hand if order_of(turn.ledger, run.rule) is not None else {"veto": veto_of(turn, run)}
