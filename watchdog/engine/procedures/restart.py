"""
`restart_unit`: the service of a process is restarted without losing a job, and it is proven that the new process works.

The counterpart of `systemctl restart`, whose stop takes 15 s and then kills with all that is in flight. Here the process is ended as `recover_process` ends it, its jobs
are put where they belong before anybody can fetch again, and only then is the unit asked to be up: systemd may have revived it by itself, and starting what
runs does nothing. Whoever ended it in the meantime has something in mind: then systemd is asked for nothing.
"""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.engine.procedures.recover import RECOVER
from watchdog.engine.procedures.scene import Scene
from watchdog.engine.procedures.stages import (
    Answer,
    CallAnswer,
    CallStage,
    ChooseStage,
    End,
    Go,
    Hold,
    Procedure,
    PutBackStage,
    Stage,
    Then,
    WatchStage,
)
from watchdog.model.results import Exited, InFlight, PutBackDone, Refused, Sent, StillRunning
from watchdog.model.targets import Verb

PROOF: Final = 60_000
"""How long a new process has to show that it works: a beat after its first, and jobs or empty queues."""


def _service(scene: Scene) -> Then:
    if not scene.unit:
        return End(
            "abandoned", "it runs in no service of systemd, and nobody would start it again; `recover_process` ends it without losing a job"
        )
    return End("abandoned", f"its service: {scene.unit_trouble}") if scene.unit_trouble else Go(RECOVER.first)


def _remains(scene: Scene) -> Then:
    return Go("put_back") if scene.held and not scene.gave_back else Go("revive")


def _put_back(answer: Answer) -> Then:
    match answer:
        case Refused(reason=reason):
            return Hold(reason)
        case PutBackDone() | InFlight() | Sent() | Exited() | StillRunning():
            return Go("revive")


def _revive(scene: Scene) -> Then:
    return Go("start") if scene.ended_here else Go("rebirth")


def _called(_answer: CallAnswer) -> Then:
    """Whatever systemd said: what counts is whether a new process beats."""
    return Go("rebirth")


def _reborn(scene: Scene) -> Then | None:
    return Go("proof") if scene.successor else None


def _not_reborn(_answer: Answer) -> Then:
    return End("failed", "no new process of its service has beaten in time: look at the service")


def _works(scene: Scene) -> Then | None:
    return End("ended", "a new process of its service beats and works") if scene.successor_works else None


def _idles(_answer: Answer) -> Then:
    return End("failed", f"a new process of its service beats, but was not seen to work within {PROOF // 1000} s though jobs wait for it")


def _plan(arguments: Mapping[str, Any]) -> tuple[tuple[str, int, str], ...]:
    before = RECOVER.plan(arguments)
    return (*before, ("start", before[-1][1], "if systemd has not started it by itself"))


_ENDING: Final[dict[str, Stage]] = {name: stage for name, stage in RECOVER.stages.items() if name != "rebirth"}

RESTART: Final = Procedure(
    first="service",
    signal=RECOVER.signal,
    no_return=RECOVER.no_return,
    stages={
        "service": ChooseStage(choose=_service),
        **_ENDING,
        "remains": ChooseStage(choose=_remains),
        "put_back": PutBackStage(after=_put_back),
        "revive": ChooseStage(choose=_revive),
        "start": CallStage(verb=Verb.START, limit=lambda arguments: int(arguments["start_within"]), after=_called),
        "rebirth": WatchStage(limit=lambda arguments: int(arguments["start_within"]), sees=_reborn, after=_not_reborn, dead=True),
        "proof": WatchStage(limit=lambda _: PROOF, sees=_works, after=_idles, dead=True),
    },
    plan=_plan,
)
