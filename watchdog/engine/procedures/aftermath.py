"""
`put_back_jobs`: what a process that is dead held is found out and kept at once, and then brought into its places.

No signal is in it, so it harms nobody, and the guards that protect the living have nothing to say. What it found is kept first, because a work hash lives on for a minute at most: whoever
has paused the agent, or a Redis that can't be written, holds the putting back, and nothing is lost by that.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from watchdog.engine.procedures.scene import Scene
from watchdog.engine.procedures.stages import Answer, ChooseStage, End, GatherStage, Go, Hold, Procedure, PutBackStage, Then
from watchdog.model.effects import When
from watchdog.model.results import Exited, InFlight, PutBackDone, Refused, Sent, StillRunning


def gathered(stage: str) -> Callable[[Answer], Then]:
    """On to that stage; what was refused is asked again."""

    def after(answer: Answer) -> Then:
        match answer:
            case Refused(reason=reason):
                return Hold(reason)
            case InFlight() | Sent() | Exited() | StillRunning() | PutBackDone():
                return Go(stage)

    return after


def _remains(scene: Scene) -> Then:
    if scene.gave_back:
        return End("ended", "it had stopped in good order and given its jobs back: nothing is to be put back")
    return Go("put_back") if scene.held else End("ended", "nothing was in flight when it ended, as far as anything tells")


def _over(_scene: Scene) -> Then:
    return End("ended", "its jobs are accounted for")


def _plan(_arguments: Mapping[str, Any]) -> tuple[tuple[str, int, str], ...]:
    return (("put_back", 0, "what it held when it ended"),)


PUT_BACK: Final = Procedure(
    first="reckon",
    signal=None,
    no_return=(),
    stages={
        "reckon": GatherStage(when=When.DEAD, after=gathered("remains")),
        "remains": ChooseStage(choose=_remains),
        "put_back": PutBackStage(after=gathered("over")),
        "over": ChooseStage(choose=_over),
    },
    plan=_plan,
)
