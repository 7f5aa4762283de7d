"""`kill_child`: a program that a job waits for in vain is ended with all that it has started, if it still stands still when it comes to that."""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.engine.awaited import waiting_jobs
from watchdog.engine.methods.method import Call, Case, Method
from watchdog.engine.procedures.recover import STILL
from watchdog.engine.procedures.stages import End, Then
from watchdog.model.effects import Command, EndChild, LookAtChild
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.results import ChildEnded, ChildLook, Refused, Result
from watchdog.model.targets import TargetKind

STAGE: Final = "KILL"
WITHIN: Final = 10_000
"""Milliseconds in which it is ended, or was found not to be."""
_UNKNOWN: Final = "its process is no longer known"


def against(case: Case) -> str:
    """Why it must not be ended."""
    row: Any = case.world.find(Kind.PROCESS, case.thing.process.identity)
    if row is None:
        return _UNKNOWN
    if row.heartbeat_still is not MISSING and row.heartbeat_still >= STILL:
        return "nothing moves in its process, and it may be waiting for that"
    match case.sight:
        case ChildLook(alive=False, against=reason):
            return f"it is gone: {reason}"
        case ChildLook(against=reason) if reason:
            return reason
        case ChildLook() | None:
            pass
        case _:
            return "the look was answered with something else"
    still, wanted = still_of(case.sight, row), int(case.arguments["still_for"])
    if still < wanted:
        return f"it has stood still for {still // 1_000} s, not for {wanted // 1_000} s"
    if not waiting_jobs(case.world, row.id, since=case.at - still):
        return f"no job of its process has been running for the {still // 1_000} s that it has stood still: nobody waits for it"
    return ""


def still_of(sight: Any, row: Any) -> int:
    """For how many milliseconds it has stood still: by the look where there is one, else by the picture."""
    if isinstance(sight, ChildLook):
        return sight.still
    return 0 if row is None or row.child_still is MISSING else int(row.child_still)


def _look(effect: str, thing: Any) -> Command:
    return LookAtChild(effect, thing)


def _begins(case: Case) -> Then | None:
    if not case.asked or not isinstance(case.sight, ChildLook):
        return None
    program = f"{case.thing.called} with pid {case.thing.pid}"
    if not case.sight.alive:
        # By whose signal nobody knows: the outcome was lost. What it had started can't be found any more.
        return End("ended", f"{program} is gone; if the agent ended in the middle of it, something that it had started may be left")
    # It lives, so nothing was sent; and who has just begun to look must look for as long as anybody before it acts.
    reason = against(case)
    return End("abandoned", f"{program} was not ended before the agent itself ended: {reason}") if reason else None


def _command(call: Call) -> Command:
    return EndChild(call.id, call.thing, int(call.arguments["still_for"]))


def _heard(case: Case, result: Result) -> Then:
    program = f"{case.thing.called} with pid {case.thing.pid}"
    match result:
        case ChildEnded(was_gone=True, detail=detail):
            return End("ended", f"{program} was gone before anything was done: {detail}")
        case ChildEnded(left=left) if left:
            return End("failed", f"{program} was sent SIGKILL, and {left} of {result.processes} processes have not ended")
        case ChildEnded(still=still, processes=processes):
            more = f", and {processes - 1} that it had started" if processes > 1 else ""
            return End("ended", f"{program}{more} ended by SIGKILL, after nothing of it had run for {still // 1_000} s")
        case ChildLook(still=still):
            return End("abandoned", f"{program} has run again: it has stood still for {still // 1_000} s only")
        case Refused(reason=reason):
            return End("failed", reason)
        case _:
            return End("failed", "it was answered with something else")


def _limit(_arguments: Mapping[str, Any]) -> int:
    return WITHIN


def _plan(_arguments: Mapping[str, Any]) -> tuple[tuple[str, int, str], ...]:
    return ((STAGE, 0, "if nothing of it has run by then"),)


KILL_CHILD: Final = Method(
    acts_on=TargetKind.CHILD,
    stage=STAGE,
    sight=ChildLook,
    look=_look,
    against=against,
    begins=_begins,
    command=_command,
    heard=_heard,
    limit=_limit,
    plan=_plan,
)
