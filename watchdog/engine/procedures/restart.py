"""
`restart_unit`: the service of a process is restarted without losing a job, and it is proven that the new process works.

The counterpart of `systemctl restart`, whose stop takes 15 s and then kills with all that is in flight. Here the process is ended as `recover_process` ends it, its jobs
are put where they belong before anybody can fetch again, and only then is the unit asked to be up: systemd may have revived it by itself, and starting what
runs does nothing. Whoever ended it in the meantime, or had systemd stop or mask it, has something in mind: then systemd is asked for nothing.
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
    Procedure,
    Then,
    WatchStage,
)
from watchdog.model.targets import Verb

PROOF: Final = 60_000
"""How long a new process has to show that it works: a beat after its first, and jobs or empty queues."""


def _service(scene: Scene) -> Then:
    if not scene.unit:
        return End(
            "abandoned", "it runs in no service of systemd, and nobody would start it again; `recover_process` ends it without losing a job"
        )
    return End("abandoned", f"its service: {scene.unit_trouble}") if scene.unit_trouble else Go(RECOVER.first)


def _rebirth(scene: Scene) -> Then:
    if scene.unit_unwanted:
        return End(
            "failed", f"its process has ended and its jobs are in place, but its service is not started again: {scene.unit_unwanted}"
        )
    return Go("start") if scene.ended_here else Go("successor")


def _called(_answer: CallAnswer) -> Then:
    """Whatever systemd said: what counts is whether a new process beats."""
    return Go("successor")


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


RESTART: Final = Procedure(
    first="service",
    signal=RECOVER.signal,
    no_return=RECOVER.no_return,
    stages={
        "service": ChooseStage(choose=_service),
        # Up to the mending all is as there; what waits for a rebirth there sees to it here.
        **RECOVER.stages,
        "rebirth": ChooseStage(choose=_rebirth),
        "start": CallStage(verb=Verb.START, limit=lambda arguments: int(arguments["start_within"]), after=_called),
        "successor": WatchStage(limit=lambda arguments: int(arguments["start_within"]), sees=_reborn, after=_not_reborn, dead=True),
        "proof": WatchStage(limit=lambda _: PROOF, sees=_works, after=_idles, dead=True),
    },
    plan=_plan,
)
