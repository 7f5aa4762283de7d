"""
`terminate_process`: evidence, SIGTERM, wait, SIGKILL if it still lives, wait.

A process that was found stopped (state T) gets SIGCONT after the TERM, or it would never hear of it.
"""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.engine.procedures.stages import Answer, CollectStage, End, Go, Hold, Procedure, SendStage, Then, WaitStage
from watchdog.model.results import Exited, InFlight, PutBackDone, Refused, Sent, StillRunning
from watchdog.model.targets import Signal

DEATH: Final = 30_000
"""A killed process can linger in an uninterruptible wait; after so many milliseconds people must look."""


def _after_term(answer: Answer) -> Then:
    match answer:
        case Sent():
            return Go("CONT")
        case Refused(reason=reason):
            return End("abandoned", reason)
        case Exited() | StillRunning() | InFlight() | PutBackDone():
            return End("ended", "it had ended by the time SIGTERM was to be sent")


def _after_cont(answer: Answer) -> Then:
    match answer:
        case Exited():
            return End("ended", "it ended after SIGTERM")
        case Sent() | Refused() | StillRunning() | InFlight() | PutBackDone():
            return Go("grace")


def _after_grace(answer: Answer) -> Then:
    match answer:
        case Exited():
            return End("ended", "it ended after SIGTERM")
        case StillRunning() | Sent() | Refused() | InFlight() | PutBackDone():
            return Go("KILL")


def _after_kill(answer: Answer) -> Then:
    match answer:
        case Sent():
            return Go("death")
        case Exited() | StillRunning() | InFlight() | PutBackDone():
            return End("ended", "it had ended by the time SIGKILL was to be sent")
        case Refused(reason=reason):
            return Hold(reason)


def _after_death(answer: Answer) -> Then:
    match answer:
        case Exited():
            return End("ended", "it ended after SIGKILL")
        case StillRunning() | Sent() | InFlight() | PutBackDone():
            return End(
                "failed", f"it still lives {DEATH // 1000} s after SIGKILL: an uninterruptible wait in the kernel; look at its storage"
            )
        case Refused(reason=reason):
            return Hold(reason)


def _plan(arguments: Mapping[str, Any]) -> tuple[tuple[str, int, str], ...]:
    return (("TERM", 0, ""), ("KILL", int(arguments["grace"]), "if it still lived then"))


TERMINATE: Final = Procedure(
    first="evidence",
    signal=Signal.TERM,
    no_return=("TERM",),
    stages={
        "evidence": CollectStage(then="TERM"),
        "TERM": SendStage(signal=Signal.TERM, after=_after_term),
        "CONT": SendStage(signal=Signal.CONT, after=_after_cont, applies=lambda state: state == "T"),
        "grace": WaitStage(since="TERM", limit=lambda arguments: int(arguments["grace"]), after=_after_grace),
        "KILL": SendStage(signal=Signal.KILL, after=_after_kill),
        "death": WaitStage(since="KILL", limit=lambda _: DEATH, after=_after_death),
    },
    plan=_plan,
)
