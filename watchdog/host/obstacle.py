"""
What stands against a signal to this process at this moment. Pure.

The last line of defence, after all guards: it does not know why somebody wants the signal, and no reason would change
its answer. It must never let pass what it does not understand.
"""

from typing import Final

from watchdog.host.match import title_mismatch
from watchdog.host.proc import ProcessFacts
from watchdog.model.targets import ProcessRef, Signal

_HANDLED: Final = (Signal.TERM, Signal.TSTP, Signal.TTIN)
_STOPPED: Final = frozenset("Tt")  # stopped by a signal, stopped by a debugger (proc(5))


def doubt(ref: ProcessRef, facts: ProcessFacts) -> str:
    """Why a process with the right pid and start may still not be what was meant, or ''."""
    return title_mismatch(facts.cmdline, version="", tag=ref.tag or None)


def held_by(facts: ProcessFacts) -> str:
    """Who keeps the process from running, or '': such a process is in somebody's hands, and no signal reaches it as meant."""
    if facts.frozen:
        return "its control group is frozen"
    if facts.tracer and facts.state in _STOPPED:
        return f"it is stopped by the debugger with pid {facts.tracer}"
    return ""


def untouchable(facts: ProcessFacts, *, agent: int) -> str:
    """Why nobody may ever signal this process, or ''. `agent` is our own pid."""
    if facts.pid in (1, agent) or facts.kernel_thread:
        return f"pid {facts.pid} is never signalled: it is init, a kernel thread or the agent itself"
    return ""


def obstacle(ref: ProcessRef, facts: ProcessFacts, signal: Signal, *, agent: int) -> str:
    """
    Why this signal must not be sent, as a sentence, or ''. `agent` is our own pid.

    Sidekiq sets its handlers when the application has booted; until then TSTP and TTIN stop the process, and TERM ends
    it half-way. SigCgt of /proc/PID/status shows them. All are asked for whichever is to be sent, because Ruby handles
    TERM by itself from the start: only TSTP and TTIN tell that Sidekiq is there (tried with 6.4.1).
    """
    if reason := untouchable(facts, agent=agent):
        return reason
    if reason := doubt(ref, facts):
        return f"pid {facts.pid} is not the process that was meant: {reason}"
    if reason := held_by(facts):
        return f"somebody is holding pid {facts.pid}: {reason}"
    if signal is Signal.TTIN and (facts.state in _STOPPED or facts.tracer):
        # It only asks: whoever can't answer now must not be asked, and a debugger would stop the process on it.
        return f"somebody is holding pid {facts.pid}: " + (f"the debugger with pid {facts.tracer}" if facts.tracer else "it is stopped")
    lacking = [one for one in _HANDLED if one not in facts.catches]
    if signal in _HANDLED and lacking:
        return f"pid {facts.pid} is still booting: it has no handler for {' and '.join(lacking)} yet"
    return ""
