"""
How much waited while an incident went on, and for how long: from the trace that the agent has recorded.

The counterpart of `assembling`, which reads the database alone and is quick. A trace is long: whoever wants this waits for it, at most for `PATIENCE`, and is told where that was not enough.
"""

import time
from pathlib import Path
from typing import Final

import msgspec

from watchdog.engine.checkpoint import BrokenCheckpointError, rebuild
from watchdog.engine.rules import NO_RULES
from watchdog.lang.harmless import harmless
from watchdog.model.events import Delta, Gone, Observed
from watchdog.model.kinds import Kind
from watchdog.store.trace.reading import Hole, Segment, segments
from watchdog.timeline.timeline import Timeline, Waited

PATIENCE: Final = 3.0
"""Seconds for which it is read."""
LONGEST: Final = 86_400_000
"""Of an incident that goes on for longer no more than so many milliseconds are looked at."""
TOLD: Final = 5
"""So many queues are told of, those in which something waited longest."""
_WORTH: Final = 1_000
"""Milliseconds of waiting that are worth a line."""
_LOOKED_EVERY: Final = 1_000


def with_queues(folder: Path, story: Timeline, *, now: int) -> Timeline:
    """The same story with what waited from its beginning to its end, or to that wall time where it goes on. Raises `StoreError`."""
    ends = [end for end in (story.resolved, story.ended) if end is not None]
    last = min(max(ends) if ends and story.outcome != "would" else story.resolved or now, story.began + LONGEST)
    seen = _Seen(story.began, last)
    missing = _read(folder, seen)
    found = sorted(seen.most.values(), key=lambda one: (-one.latency, one.queue))
    worth = tuple(one for one in found if one.latency >= _WORTH)[:TOLD]
    return msgspec.structs.replace(story, queues=worth, missing=(*story.missing, *missing))


class _Seen:
    """`most` is queue → the worst of it in the time that counts."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last
        self.most: dict[str, Waited] = {}
        self._now: dict[str, tuple[int, int]] = {}
        self._fresh: set[str] = set()

    def begin(self, queues: dict[str, tuple[int, int]]) -> None:
        """All of them, as a file begins with them."""
        self._now, self._fresh = queues, set(queues)

    def take(self, observed: Observed, wall: int) -> None:
        """What was read at that time."""
        for change in observed.changes:
            match change:
                case Delta(kind=Kind.QUEUE, id=name, fields=fields):
                    size, latency = self._now.get(name, (0, 0))
                    self._now[name] = _number(fields.get("size"), size), _number(fields.get("latency"), latency)
                    self._fresh.add(name)
                case Gone(kind=Kind.QUEUE, id=name):
                    self._now.pop(name, None)
                    self._fresh.discard(name)
        if self.first <= wall <= self.last:
            for name in self._fresh:
                self._count(name, *self._now[name], wall)
            self._fresh.clear()

    def _count(self, name: str, size: int, latency: int, wall: int) -> None:
        known = self.most.get(name)
        if known is None:
            self.most[name] = Waited(queue=harmless(name), size=size, latency=latency, at=wall)
        elif latency > known.latency:
            self.most[name] = msgspec.structs.replace(known, size=max(size, known.size), latency=latency, at=wall)
        elif size > known.size:
            self.most[name] = msgspec.structs.replace(known, size=size)


def _read(folder: Path, seen: _Seen) -> tuple[str, ...]:
    """Reads all that was recorded in the time; what is missing, in a sentence."""
    parts = list(segments(folder, since=seen.first, until=seen.last))
    files = [part for part in parts if isinstance(part, Segment)]
    if not _read_through(files, seen):
        return ("how long jobs waited in queues: too much was recorded to look through all of it",)
    if not files or files[0].header.wall > seen.first or any(isinstance(part, Hole) and not part.torn for part in parts):
        return ("how long jobs waited in queues was not recorded, or not all the time",)
    return ()


def _read_through(files: list[Segment], seen: _Seen) -> bool:
    """False where there was no time to read them to their end."""
    end = time.monotonic() + PATIENCE
    for segment in files:
        seen.begin(_at_first(segment))
        for number, record in enumerate(segment.records()):
            if number % _LOOKED_EVERY == 0 and time.monotonic() > end:
                return False
            if isinstance(record, Hole):
                continue
            if record.event.wall > seen.last:
                return True
            if isinstance(record.event.body, Observed):
                seen.take(record.event.body, record.event.wall)
    return True


def _at_first(segment: Segment) -> dict[str, tuple[int, int]]:
    """Size and latency of each queue, as the picture has them with which the file begins."""
    data = segment.checkpoint()
    try:
        state = None if data is None else rebuild(data, NO_RULES)
    except BrokenCheckpointError:
        state = None
    if state is None:
        return {}
    rows = state.world.rows[Kind.QUEUE]
    return {name: (_number(getattr(row, "size", 0), 0), _number(getattr(row, "latency", 0), 0)) for name, row in rows.items()}


def _number(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise
