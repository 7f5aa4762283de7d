"""
What changed before now, from the trace that the agent has recorded.

The counterpart of `following`: the same events go through the same picture, only later. What was not recorded is said in its place.
"""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from watchdog.engine.checkpoint import BrokenCheckpointError, rebuild
from watchdog.engine.rules import NO_RULES
from watchdog.model.events import Observed
from watchdog.model.kinds import Source
from watchdog.store.trace.reading import Hole, Segment, segments
from watchdog.store.trace.segment import Mark
from watchdog.timeline.changes import Shown, of_source
from watchdog.timeline.failures import NothingRecordedError
from watchdog.timeline.onlooker import Onlooker


def recorded(state: Path, *, since: int, names: Collection[str], each: Callable[[], None] = lambda: None) -> Iterator[Shown]:
    """
    The changes of `names` from `since` (UTC milliseconds) on, oldest first, with every change of the source.

    Each file begins with its own picture, so that one that is damaged spoils no other. `each` is called before each event, and may raise: there can be millions of them. Raises `NothingRecordedError` where nothing was recorded, and `StoreError`.
    """
    there_are = False
    holes: list[Hole] = []
    for part in segments(state, since=since):
        there_are = True
        if isinstance(part, Hole):
            holes.append(part)
            continue
        # What is missing between two files is missing up to the second.
        yield from (_lacking(hole, max(since, part.header.wall)) for hole in holes)
        holes.clear()
        yield from _told(part, since, names, each)
    if not there_are:
        raise NothingRecordedError(f"no agent has recorded anything in {state}")
    yield from (_lacking(hole, since) for hole in holes)


def _told(segment: Segment, since: int, names: Collection[str], each: Callable[[], None]) -> Iterator[Shown]:
    wall = segment.header.wall
    onlooker = _onlooker(segment, names)
    if onlooker is None:
        yield _lacking(Hole("the picture that the file begins with is damaged", segment.path), max(since, wall))
        onlooker = Onlooker(names, at=segment.header.at)
    for record in segment.records():
        each()
        if isinstance(record, Hole):
            if not record.torn:
                yield _lacking(record, max(since, wall))
            continue
        event = record.event
        wall = event.wall
        # Of a turn that was undone only what was read is left; the event itself comes again.
        if record.mark is Mark.TAKEN or isinstance(event.body, Observed):
            for one in onlooker.hear(event.body, at=event.at, wall=wall):
                if wall >= since:
                    yield one


def _onlooker(segment: Segment, names: Collection[str]) -> Onlooker | None:
    data = segment.checkpoint()
    try:
        state = rebuild(data, NO_RULES) if data is not None else None
    except BrokenCheckpointError:
        return None
    if state is None:
        return None
    return Onlooker(names, at=segment.header.at, world=state.world, lost=Source.REDIS in state.ledger.lost)


def _lacking(hole: Hole, wall: int) -> Shown:
    return of_source("NotRecorded", at=wall, source="trace", reason=f"{hole.path.name}: {hole.reason}")
