"""
When each source could be read: what nobody could see proves nothing.

The counterpart of the steps of a history, which say what was read. A source begins uncovered; only the engine says when it came and went.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from watchdog.model.kinds import Source

Interval = tuple[int, int]
"""From (included) to (excluded), engine milliseconds."""

_FOREVER: Final = 2**62


class Coverage:
    """
    The times of each source by turns: covered from, until, from, …

    The last one has no end as long as the source can be read.
    """

    __slots__ = ("times",)

    def __init__(self) -> None:
        self.times: dict[Source, list[int]] = {source: [] for source in Source}

    def back(self, source: Source, now: int) -> None:
        """It can be read from now on."""
        times = self.times[source]
        if len(times) % 2 == 0:
            if times and times[-1] == now:
                times.pop()
            else:
                times.append(now)

    def lost(self, source: Source, now: int) -> None:
        """It can't be read from now on."""
        times = self.times[source]
        if len(times) % 2 == 1:
            if times[-1] == now:
                times.pop()
            else:
                times.append(now)

    def covers(self, source: Source) -> bool:
        """It can be read now."""
        return len(self.times[source]) % 2 == 1

    def trim(self, horizon: int) -> None:
        """Forgets what was over at `horizon`."""
        for times in self.times.values():
            over = bisect_right(times, horizon)
            del times[: over - over % 2]

    def since(self, source: Source, horizon: int) -> tuple[int, ...]:
        """Its times that are not over at `horizon`."""
        times = self.times[source]
        over = bisect_right(times, horizon)
        return (*((horizon,) if over % 2 else ()), *times[over:])

    def within(self, sources: Iterable[Source], start: int, end: int) -> tuple[Interval, ...]:
        """The parts of [start, end) in which all of these could be read, in order; the whole for no source at all."""
        covered: list[Interval] = [(start, end)] if start < end else []
        for source in sources:
            times = self.times[source]
            if len(times) % 2 and times[-1] <= start:
                continue  # it could be read all the time, as nearly always
            seen = [*times, _FOREVER] if len(times) % 2 else times
            spans = list(zip(seen[::2], seen[1::2], strict=True))
            covered = [
                (max(low, begin), min(high, until)) for low, high in covered for begin, until in spans if max(low, begin) < min(high, until)
            ]
        return tuple(covered)
