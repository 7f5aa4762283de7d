"""
`terminate_process`: evidence, copy what is in flight, SIGTERM, wait, SIGKILL if it still lives, wait; what it did not give back itself is put back.

A process that was found stopped (state T) gets SIGCONT after the TERM, or it would never hear of it. Whoever asks for it wants the process ended: where what it holds can't be
copied, that is said, and it is ended all the same.
"""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.engine.procedures.aftermath import gathered
from watchdog.engine.procedures.killing import DEATH, LINGERS
from watchdog.engine.procedures.scene import Scene
from watchdog.engine.procedures.stages import (
    Answer,
    ChooseStage,
    CollectStage,
    End,
    GatherStage,
    Go,
    Hold,
    LocksStage,
    Procedure,
    PutBackStage,
    SendStage,
    Then,
    WaitStage,
)
from watchdog.model.effects import When
from watchdog.model.results import Exited, InFlight, PutBackDone, Refused, Sent, StillRunning
from watchdog.model.targets import Signal


def _after_copy(_answer: Answer) -> Then:
    return Go("TERM")


def _after_term(answer: Answer) -> Then:
    match answer:
        case Sent():
            return Go("CONT")
        case Exited():
            return Go("reckon")
        case Refused(reason=reason):
            return End("abandoned", reason)
        case StillRunning() | InFlight() | PutBackDone():
            return End("ended", "it had ended by the time SIGTERM was to be sent")


def _after_cont(answer: Answer) -> Then:
    match answer:
        case Exited():
            return Go("reckon")
        case Sent() | Refused() | StillRunning() | InFlight() | PutBackDone():
            return Go("grace")


def _after_grace(answer: Answer) -> Then:
    match answer:
        case Exited():
            return Go("reckon")
        case StillRunning() | Sent() | Refused() | InFlight() | PutBackDone():
            return Go("KILL")


def _after_kill(answer: Answer) -> Then:
    match answer:
        case Sent():
            return Go("death")
        case Exited() | StillRunning() | InFlight() | PutBackDone():
            return Go("reckon")
        case Refused(reason=reason):
            return Hold(reason)


def _after_death(answer: Answer) -> Then:
    match answer:
        case Exited():
            return Go("reckon")
        case StillRunning() | Sent() | InFlight() | PutBackDone():
            return End("failed", LINGERS)
        case Refused(reason=reason):
            return Hold(reason)


def _remains(scene: Scene) -> Then:
    return Go("put_back") if scene.held and not scene.gave_back else Go("over")


def _over(scene: Scene) -> Then:
    match scene.sent:
        case "KILL":
            return End("ended", "it ended after SIGKILL")
        case "TERM":
            return End("ended", "it ended after SIGTERM")
    return End("ended", "it had ended by the time SIGTERM was to be sent")


def _plan(arguments: Mapping[str, Any]) -> tuple[tuple[str, int, str], ...]:
    return (("TERM", 0, ""), ("KILL", int(arguments["grace"]), "if it still lived then; its jobs would be put back"))


TERMINATE: Final = Procedure(
    first="evidence",
    signal=Signal.TERM,
    no_return=("TERM",),
    stages={
        "evidence": CollectStage(then="copy"),
        "copy": GatherStage(when=When.BEFORE, after=_after_copy),
        "TERM": SendStage(signal=Signal.TERM, after=_after_term),
        "CONT": SendStage(signal=Signal.CONT, after=_after_cont, applies=lambda state: state == "T"),
        "grace": WaitStage(since="TERM", limit=lambda arguments: int(arguments["grace"]), after=_after_grace),
        "KILL": SendStage(signal=Signal.KILL, after=_after_kill),
        "death": WaitStage(since="KILL", limit=lambda _: DEATH, after=_after_death),
        "reckon": GatherStage(when=When.DEAD, after=gathered("remains")),
        "remains": ChooseStage(choose=_remains),
        "put_back": PutBackStage(after=gathered("locks")),
        "locks": LocksStage(then="unlock"),
        "unlock": LocksStage(then="over", release=True),
        "over": ChooseStage(choose=_over),
    },
    plan=_plan,
)
