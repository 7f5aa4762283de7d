"""
`scale_in`: one instance of a template is stopped without losing a job.

The counterpart of `systemctl stop`, which ends the process with all that is in flight. Up to the flight record all is as in `recover_process`. Then systemd is asked to stop the unit if that loses
nothing: nothing is in flight, or what is left has time to be given back. Else the process is ended here, and systemd is asked right after its death, before it starts the unit
again by itself (0.1 s, where the unit does not say otherwise). That may be too late; so systemd is asked only for the run of the unit that was meant: one that it has started since is
new, may have fetched jobs, and is left alone. What can't be stopped is started anew: nothing may be left quiet for ever.
"""

from collections.abc import Mapping
from itertools import dropwhile, takewhile
from typing import Any, Final

import msgspec

from watchdog.engine.procedures.aftermath import gathered
from watchdog.engine.procedures.killing import DEATH
from watchdog.engine.procedures.recover import RECOVER
from watchdog.engine.procedures.restart import RESTART
from watchdog.engine.procedures.scene import Scene
from watchdog.engine.procedures.stages import (
    Answer,
    CallAnswer,
    CallStage,
    ChooseStage,
    End,
    GatherStage,
    Go,
    Procedure,
    SendStage,
    Stage,
    Then,
    WatchStage,
)
from watchdog.model.effects import When
from watchdog.model.results import Exited, InFlight, PutBackDone, Refused, Sent, StillRunning, UnitCalled, UnitOutcome
from watchdog.model.targets import Verb

STOPS: Final = ("stop", "keep stopped")
"""The stages in which systemd is asked to stop the unit: one of a living process, one of a dead."""
MOMENT: Final = 10_000
"""Milliseconds that it takes at most to stop a unit in which nothing lives any more; jobs that wait for their place must not wait longer."""
SPARE: Final = 5_000
"""What systemd waits at a stop must be longer than Sidekiq's own timeout by so much (milliseconds)."""


def _service(scene: Scene) -> Then:
    if not scene.unit:
        return End("abandoned", "it runs in no service of systemd that could be stopped")
    if scene.unit_trouble:
        return End("abandoned", f"its service: {scene.unit_trouble}")
    return End("abandoned", scene.needed) if scene.needed else Go(RECOVER.first)


def _ending(scene: Scene) -> Then:
    """Systemd only where its stop loses nothing; TERM gives back what is in flight to whoever fetches next, so never with a stuck job."""
    if scene.held_stuck:
        return Go("KILL")
    return Go("stop") if not scene.held or scene.stop_is_patient else Go("TERM")


def _stopped(answer: CallAnswer) -> Then:
    match answer:
        case UnitCalled(outcome=UnitOutcome.DONE | UnitOutcome.ALREADY):
            return Go("gone")
        case UnitCalled() | Refused():
            # Quiet it is of no use to anybody, so it ends, and what systemd starts in its place works.
            return Go("TERM")


def _gone(answer: Answer) -> Then:
    match answer:
        case Exited():
            return Go("reckon")
        case StillRunning() | Refused() | Sent() | InFlight() | PutBackDone():
            return Go("TERM")


def _after_its_end(scene: Scene) -> Then:
    """Not where somebody else has ended it: who did that may want another one in its place."""
    return Go("keep stopped") if scene.ended_here and not scene.unit_stopped else Go("find out")


def _kept(_answer: CallAnswer) -> Then:
    """Whatever came of it: its jobs wait."""
    return Go("find out")


def _unit(scene: Scene) -> Then:
    if scene.unit_stopped:
        return End("ended", "its service is stopped, and stays so until somebody or a rule starts it")
    if not scene.ended_here:
        return End("failed", "somebody else has ended it meanwhile, and systemd was asked for nothing: its service may run again")
    if trouble := scene.unit_trouble or scene.unit_unwanted:
        return End("failed", f"systemd could not be brought to stop its service, and was not asked to start it again: {trouble}")
    return Go("start")


def _called(_answer: CallAnswer) -> Then:
    return Go("successor")


def _reborn(scene: Scene) -> Then | None:
    return (
        End("failed", "its service could not be stopped in time: a new process of it beats, and is left alone") if scene.successor else None
    )


def _not_reborn(_answer: Answer) -> Then:
    return End("failed", "its service could not be stopped, and no new process of it has beaten in time: look at the service")


def _limit(arguments: Mapping[str, Any]) -> int:
    return int(arguments["start_within"])


def _patience(arguments: Mapping[str, Any]) -> int:
    return int(arguments["grace"])


def _plan(arguments: Mapping[str, Any]) -> tuple[tuple[str, int, str], ...]:
    drain = int(arguments["drain"])
    return (
        ("TSTP", 0, ""),
        ("stop", drain, "if nothing is in flight then, or earlier; or if systemd gives what is left the time to be given back"),
        ("KILL", drain, "if a stuck job is left then, and none that must not be interrupted; its jobs would be put back, and systemd asked to stop its unit"),
        ("TERM", drain, "if only jobs are left then that are not stuck, and systemd would not give them the time; it would be asked to stop the unit afterwards"),
        ("KILL", drain + int(arguments["grace"]), "if it still lived then; its jobs would be put back, and systemd asked to stop its unit"),
        ("start", drain + int(arguments["grace"]), "if systemd would not stop it: so that it is not left quiet"),
    )  # fmt: skip


def _stages() -> dict[str, Stage]:
    """In the order in which they are gone through, those of `recover_process` among them."""
    theirs = RECOVER.stages.items()
    before = dict(takewhile(lambda item: item[0] != "TERM", theirs))
    ending = dict(takewhile(lambda item: item[0] != "reckon", dropwhile(lambda item: item[0] != "TERM", theirs)))
    after = dict(takewhile(lambda item: item[0] != "rebirth", dropwhile(lambda item: item[0] != "remains", theirs)))
    quiet = before["TSTP"]
    assert isinstance(quiet, SendStage)  # it is the one that sends TSTP
    return {
        "service": ChooseStage(choose=_service),
        **before,
        # Until then enough others can have ended that this one is needed.
        "TSTP": msgspec.structs.replace(quiet, against=lambda scene: scene.needed),
        "end": ChooseStage(choose=_ending),
        "stop": CallStage(verb=Verb.STOP, limit=_patience, after=_stopped),
        "gone": WatchStage(limit=lambda _: DEATH, sees=lambda _scene: None, after=_gone),
        **ending,
        "reckon": ChooseStage(choose=_after_its_end),
        "keep stopped": CallStage(verb=Verb.STOP, limit=lambda _: MOMENT, after=_kept),
        "find out": GatherStage(when=When.DEAD, after=gathered("remains")),
        **after,
        "rebirth": ChooseStage(choose=_unit),
        "start": CallStage(verb=Verb.START, limit=_limit, after=_called),
        "successor": WatchStage(limit=_limit, sees=_reborn, after=_not_reborn, dead=True),
    }


SCALE_IN: Final = Procedure(
    first="service",
    signal=RESTART.signal,
    no_return=RECOVER.no_return,
    stages=_stages(),
    plan=_plan,
)
