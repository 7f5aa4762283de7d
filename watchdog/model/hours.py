"""
Hours of the day, and the zone in which they are meant: plain data, so that what decides by them needs no clock and no files.

A zone is the list of its offsets with the moments from which each holds: summer time is in it, and what a night of 25 hours is called by its own clocks.
"""

from bisect import bisect_right
from typing import Final

import msgspec

DAY: Final = 1_440
"""Minutes."""
_MINUTE: Final = 60_000


class Zone(msgspec.Struct, frozen=True):
    """Time as clocks on the wall show it: from `since` (UTC milliseconds, ascending) on they are `offsets` milliseconds ahead of UTC. What lies before the first has its offset."""

    name: str
    since: tuple[int, ...]
    offsets: tuple[int, ...]

    def shown(self, wall: int) -> int:
        """What clocks there show at that UTC time, in milliseconds as if it were UTC."""
        return wall + self.offsets[max(0, bisect_right(self.since, wall) - 1)]


UTC: Final = Zone("UTC", (0,), (0,))


class Hours(msgspec.Struct, frozen=True):
    """From `begin` until before `end`, in minutes since midnight; over midnight where `end` is not later. 0 and 1440 is the whole day."""

    begin: int
    end: int

    def __str__(self) -> str:
        return f"{clock(self.begin)}-{clock(self.end)}"

    def hold(self, minute: int) -> bool:
        """Whether they hold at that minute of the day."""
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end

    def wait(self, shown: int) -> int:
        """Milliseconds until they begin next, by a clock that shows that."""
        return (self.begin - minute_of(shown)) % DAY * _MINUTE - shown % _MINUTE


def minute_of(shown: int) -> int:
    """The minute of the day that a clock shows."""
    return shown // _MINUTE % DAY


def clock(minute: int) -> str:
    """As a clock shows that minute of the day; the last of it is 24:00."""
    return f"{minute // 60:02}:{minute % 60:02}"
