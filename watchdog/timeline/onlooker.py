"""
Who only looks: the engine's picture without rules, and what changes in it.

The counterpart of `engine.advance`, which decides on the same changes. What it is told may come from the sources themselves or from a trace.
"""

from collections.abc import Iterable
from typing import Final

from watchdog.engine.world import World
from watchdog.model.events import Body, Observed, SourceBack, SourceLost, Started, Stopping
from watchdog.model.kinds import Kind, Source
from watchdog.timeline.changes import Shown, of_source, shown

_COUNTED: Final = {"processes": Kind.PROCESS, "jobs": Kind.JOB, "queues": Kind.QUEUE}
_AGENT: Final = "agent"


class Onlooker:
    """Tells the changes of `names` in a picture, and every change of its source; `at` is engine time, `wall` what people are told."""

    def __init__(self, names: Iterable[str], *, at: int, world: World | None = None, lost: bool = False) -> None:
        self._world = World() if world is None else world
        self._world.demand((), (), names, at)
        self._lost = lost

    def hear(self, body: Body, *, at: int, wall: int) -> list[Shown]:
        """What is to be shown of an event."""
        match body:
            case Observed():
                return self._observe(body, at=at, wall=wall)
            case SourceLost(source=source, code=code, message=message):
                self._lost = self._lost or source is Source.REDIS
                return [of_source("SourceLost", at=wall, source=source, reason=message, code=code)]
            case SourceBack(source=source):
                self._lost = self._lost and source is not Source.REDIS
                return [of_source("SourceBack", at=wall, source=source, reason="it can be read again"), *self.wait(at=at, wall=wall)]
            case Started(version=version):
                return [of_source("AgentStarted", at=wall, source=_AGENT, reason=f"version {version}; what it finds is no change")]
            case Stopping():
                return [of_source("AgentStopped", at=wall, source=_AGENT, reason="what changes until it is started again is not seen")]
            case _:
                return self.wait(at=at, wall=wall)

    def wait(self, *, at: int, wall: int) -> list[Shown]:
        """What is to be shown because time went on."""
        if Source.REDIS in self._world.complete and not self._lost:
            self._world.news.fall_silent(at, self._world.rows[Kind.PROCESS])
        return [shown(seen, at=wall) for seen in self._world.news.tell()]

    def _observe(self, observed: Observed, *, at: int, wall: int) -> list[Shown]:
        is_first = observed.source is Source.REDIS and observed.complete and observed.source not in self._world.complete
        self._world.take(observed, at)
        told = self.wait(at=at, wall=wall)
        if is_first:
            # What was there at the beginning, none of which is news.
            found = ", ".join(f"{noun} {len(self._world.rows[kind]):,}" for noun, kind in _COUNTED.items())
            told.append(of_source("SourceRead", at=wall, source=observed.source, reason=found))
        return told
