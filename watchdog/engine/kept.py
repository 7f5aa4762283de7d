"""One demanded series: the steps of each of its entities, and since when it is known that others were not there."""

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from watchdog.engine.coverage import Coverage, Interval
from watchdog.engine.steps import ABSENT
from watchdog.engine.tracks import Track
from watchdog.lang.buckets import bucket
from watchdog.lang.demands import Series
from watchdog.model.delivery import sources_for
from watchdog.model.kinds import Source
from watchdog.model.missing import MISSING

NAME_BYTES: Final = 150
"""What it costs to know that an entity was evicted: its name and its entry."""


class Kept:
    """
    A series as the history holds it.

    `series` is the one of those `wanted` with the longest of their `windows`; of an entity that has stayed the same for `rest` milliseconds, some window may know nothing else. Nothing is known before `since`; `window` is the longest that can be asked for. `tracks` are the entities; of those in `evicted` nothing
    is known before they are written again: with the time at which one left, None as long as it is there. `ended` are those that left, with the time, oldest first.
    """

    __slots__ = ("_covered", "ended", "evicted", "key", "rest", "series", "since", "tracks", "wanted", "window", "windows")

    series: Series
    wanted: tuple[Series, ...]
    windows: frozenset[int]
    rest: int

    def __init__(self, key: str, since: int, window: int = 0) -> None:
        self.key: Final = key
        self.since = since
        self.window = window
        self.tracks: dict[str, Track] = {}
        self.evicted: dict[str, int | None] = {}
        self.ended: deque[tuple[int, str]] = deque()
        self._covered: dict[tuple[int, tuple[Source, ...]], tuple[int, tuple[Interval, ...]]] = {}

    def become(self, wanted: Sequence[Series], now: int) -> None:
        """It is demanded so, by several perhaps; a longer window than before can't be known at once."""
        self.wanted = tuple(wanted)
        self.series = max(wanted, key=lambda series: series.window)
        self.windows = frozenset(series.window for series in wanted)
        self.rest = min(window // bucket(window) * bucket(window) for window in self.windows)
        self.cover_anew()
        if self.series.window > self.window:
            self.since = max(self.since, now - self.window)
            self.window = self.series.window

    def horizon(self, now: int) -> int:
        """What was over then is never asked for again."""
        return now - self.window - bucket(self.window)

    def covered(self, coverage: Coverage, start: int, end: int, entity: str) -> tuple[Interval, ...]:
        """The parts of [start, end) in which it could be known of this entity; worked out once for all that have the same sources."""
        sources = sources_for(self.series.kind, entity, self.series.sources)
        told = self._covered.get((end - start, sources))
        if told is not None and told[0] == end:
            return told[1]
        intervals = coverage.within(sources, max(start, self.since), end)
        self._covered[end - start, sources] = end, intervals
        return intervals

    def is_seen(self, coverage: Coverage, start: int, end: int, entity: str) -> bool:
        """Whether all of that could be known of this entity, and it can be known now."""
        return self.covered(coverage, start, end, entity) == ((start, end),) and all(
            coverage.covers(source) for source in sources_for(self.series.kind, entity, self.series.sources)
        )

    def cover_anew(self) -> None:
        """A source came or went."""
        self._covered.clear()

    def known(self, coverage: Coverage, now: int) -> tuple[Any, ...]:
        """All that can be asked for from now on, as plain data: two that are the same in it answer alike, since whenever they have been kept."""
        horizon = self.horizon(now)
        tracks = [(entity, known) for entity, track in sorted(self.tracks.items()) if (known := track.since(horizon)) is not None]
        times = [(source, coverage.since(source, horizon)) for source in Source]
        return self.key, self.window, max(self.since, horizon), times, sorted(self.evicted), tracks

    def begin(self, entity: str) -> Track:
        """The steps of an entity that has none."""
        steps = self.tracks[entity] = Track()
        if entity in self.evicted:
            del self.evicted[entity]
            steps.write(MISSING, self.since)
        return steps

    def forget(self, entity: str) -> int:
        """As if it had never been there; returns the bytes that it gives back."""
        before = self.size_of_names()
        self.evicted.pop(entity, None)
        steps = self.tracks.pop(entity, None)
        return before - self.size_of_names() + (0 if steps is None else steps.size())

    def evict(self, entity: str) -> int:
        """Nothing is known of it any more; returns the bytes that it gives back."""
        before = self.size_of_names()
        steps = self.tracks.pop(entity)
        self.evicted[entity] = steps.times[-1] if steps.state() is ABSENT else None
        return steps.size() + before - self.size_of_names()

    def bury(self, now: int) -> int:
        """Forgets the entities that left so long ago that nobody can see it; returns the bytes that they give back."""
        horizon = self.horizon(now)
        given = 0
        while self.ended and self.ended[0][0] <= horizon:
            left_at, entity = self.ended.popleft()
            if self.left_at(entity) == left_at:
                given += self.forget(entity)
        return given

    def left_at(self, entity: str) -> int | None:
        """When it left; None where it is there, or was never known."""
        steps = self.tracks.get(entity)
        if steps is None:
            return self.evicted.get(entity)
        return steps.times[-1] if steps.state() is ABSENT else None

    def size_of_names(self) -> int:
        """Bytes for knowing who was evicted."""
        return NAME_BYTES * len(self.evicted)

    def size(self) -> int:
        """All its bytes."""
        return self.size_of_names() + sum(steps.size() for steps in self.tracks.values())
