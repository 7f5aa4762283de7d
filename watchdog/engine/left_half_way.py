"""
In which state an action that does not go on leaves its process, and what a person can do about it: as words.

The counterpart of `by_hand`, where a person does it.
"""

from watchdog.engine.incidents import Run
from watchdog.engine.procedures.stages import SendStage
from watchdog.engine.standing import maybe, stage_of
from watchdog.engine.succession import DEAD
from watchdog.model.actions import OF_THE_DEAD
from watchdog.model.guards import BY_NAME
from watchdog.model.targets import Signal


def state_of(run: Run) -> str:
    """What was done to the process so far, and what follows from it."""
    host, pid = run.ref.host, run.ref.pid
    if DEAD in run.marks or run.action in OF_THE_DEAD:
        return "its process has ended"
    if _was_sent(run, Signal.KILL):
        return "SIGKILL was sent to it"
    if _was_sent(run, Signal.TERM):
        return f"it was told to end (SIGTERM), and gives its jobs back if it can; pid {pid} on {host}"
    if _was_sent(run, Signal.TSTP):
        return f"it is quiet: it fetches no job until it is restarted (by hand, on {host}: kill -TERM {pid})"
    return "nothing was done to its process"


def ways_out(run: Run) -> str:
    """What a person can do that it goes on, or does not have to."""
    can_overrule = run.held_by in BY_NAME and not BY_NAME[run.held_by].binds_people
    force = f" --force {run.held_by}" if can_overrule else ""
    spec = stage_of(run)
    kills = isinstance(spec, SendStage) and spec.signal is Signal.KILL
    ways = [f"by hand, on {run.ref.host}: kill -KILL {run.ref.pid}"] if kills else []
    ways.append(f"to let it go on: sidekiq-watchdog go-on {run.incident}{force} --reason WHY")
    if not must_put_back(run):
        ways.append(f"if you see to it yourself: sidekiq-watchdog close {run.incident} --reason WHY")
    return "; ".join(ways)


def must_put_back(run: Run) -> bool:
    """Its process has ended, or will at once, and what it held has not been brought back: nobody else knows of those jobs any more."""
    ended = DEAD in run.marks or run.action in OF_THE_DEAD or _was_sent(run, Signal.KILL)
    plan = run.flight.plan
    return ended and not (run.flight.placed or (plan is not None and not plan))


def _was_sent(run: Run, signal: Signal) -> bool:
    return signal in run.marks or maybe(signal) in run.marks
