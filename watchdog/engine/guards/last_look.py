"""
Measured again at once before the stage: does the condition still hold, and is it the very process, or unit, that was meant?

The engine asks for the look as an effect and is given the answer as an event; this guard only judges it.
Why the signal's handler is looked at: while a Sidekiq boots, TERM ends it half-way and TSTP or TTIN stop it,
because its handlers are set after the application has been loaded (tried with 6.4.1).
"""

from typing import Final

from watchdog.engine.guards.view import View, denies, passes
from watchdog.engine.methods import METHODS
from watchdog.engine.methods.method import Case
from watchdog.model.targets import Signal, TargetKind
from watchdog.model.verdicts import Verdict

HANDLED: Final = (Signal.TERM, Signal.TSTP, Signal.TTIN)
"""Signals that Sidekiq handles itself once it has booted. Ruby handles TERM from the start: the other two tell (tried with 6.4.1)."""
STOPPED: Final = ("T", "t")
"""States of /proc/PID/stat: stopped by a signal, stopped by a debugger."""


def last_look(view: View) -> Verdict:
    """
    Denies unless the look, or before it what is known of the target, says that it may be signalled.

    After the stage that can't be taken back the condition is no longer asked for: the process is on its way out. What is to be done for the dead needs no more than that they are.
    Of jobs it asks for the condition and for their number, of everything else for the condition and for what the method of the action has against it.
    """
    match view.about:
        case TargetKind.PROCESS:
            reason = _unknown(view) or _unlike(view)
        case TargetKind.JOBS:
            reason = _untellable(view)
        case _:
            reason = _unfit(view)
    return denies("last_look", reason) if reason else passes("last_look")


def _untellable(view: View) -> str:
    if view.jobs is None:
        return view.unreachable or "which jobs are meant is not known"
    if view.committed:
        return ""
    if not view.holds:
        return "the condition no longer holds"
    if view.runs_in:
        return f"job {view.jobs.jid} runs in {view.runs_in}, and can't be taken from there: recover_process ends the process and takes it"
    if view.counted is not None and not view.counted.fit:
        return f"nothing is left to be moved: {view.jobs.name}"
    return ""


def _unfit(view: View) -> str:
    if view.thing is None:
        return view.unreachable or "on what it is to be done is not known"
    if not view.holds:
        return "the condition no longer holds"
    case = Case(
        at=view.at, thing=view.thing, arguments=view.arguments, sight=view.sight, world=view.world, ledger=view.ledger, incident=view.incident, asked=view.asked
    )  # fmt: skip
    return METHODS[view.action].against(case)


def _unknown(view: View) -> str:
    if view.ref is None:
        return view.unreachable
    if not view.committed and not view.holds:
        return "the condition no longer holds"
    return ""


def _unlike(view: View) -> str:
    look = view.look
    if view.of_the_dead:
        return "" if look is not None and not look.alive else "the kernel has not said that it is dead"
    if look is None:
        return ""
    if not look.alive:
        return "the process has ended"
    if not look.same:
        return f"pid {view.ref.pid if view.ref else 0} is not the process that was meant: {look.mismatch}"
    if look.tracer and look.state in STOPPED:
        return f"somebody is holding it: stopped by the debugger with pid {look.tracer}"
    if look.frozen:
        return "somebody is holding it: its cgroup is frozen"
    lacking = [signal for signal in HANDLED if signal not in look.catches]
    if view.signal in HANDLED and lacking:
        return f"still booting: it does not handle {' and '.join(lacking)} yet"
    return ""
