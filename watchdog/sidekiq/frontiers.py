"""
Where in the retry set to look for what has newly failed, so that nobody ever walks through it.

Members of the set stand by the time of their next try, and nothing in it says what came last. But a job that fails again is put at least
`n^4 + 15` s ahead, and then comes nearer. So a row of frontiers is laid out before the present moment, each twice as far as the one before (10 s … 3.8 days).
As time goes on each passes over entries; what it passes over is read, once. An entry is *counted* by the farthest frontier
that it was put beyond: its distance is the next try minus the failure, both written by the same process, so no clock of another host matters.
How late that is: a first failure (15 to 24 s away) is counted 5 to 14 s after it happened, any other when half the way to its next try has passed
at the latest. What a turn costs depends on how many fail, not on how many wait.
"""

from typing import Final

NEAREST: Final = 10.0
"""Seconds. Nothing that Sidekiq itself puts there comes nearer than 15 s at first; the rest is for clocks that differ."""
DISTANCES: Final = tuple(NEAREST * 2**step for step in range(16))
_ASKED_EACH: Final = 20
"""A frontier is asked for when it has moved on by this fraction of its distance; the near ones at each turn."""
_SET_BACK: Final = 60.0


def counted_by(score: float, failed_at: float) -> int:
    """Which frontier counts an entry of that score that failed then."""
    away = score - failed_at
    for place in range(len(DISTANCES) - 1, 0, -1):
        if away >= DISTANCES[place]:
            return place
    return 0


class Frontiers:
    """How far each frontier has come; scores and times in seconds of Redis' clock."""

    def __init__(self) -> None:
        self.reached: list[float] = []
        self.began_at = 0.0
        self._now = 0.0

    def begin(self, now: float) -> None:
        """From now on; what lies nearer than a frontier must be counted otherwise."""
        self.reached = [now + distance for distance in DISTANCES]
        self.began_at = self._now = now

    def is_set_back(self, now: float) -> bool:
        """Redis' clock was set back: everything that fails from now on would be put behind the frontiers."""
        return now < self._now - _SET_BACK

    def slices(self, now: float) -> list[tuple[int, float, float]]:
        """What has to be read: which frontier, above which score, up to and with which."""
        self._now = max(self._now, now)
        return [
            (place, reached, now + distance)
            for place, (distance, reached) in enumerate(zip(DISTANCES, self.reached, strict=True))
            if now + distance - reached > (distance / _ASKED_EACH if place > 1 else 0)
        ]

    def pass_over(self, place: int, score: float) -> None:
        """Everything up to that score has been read."""
        self.reached[place] = max(self.reached[place], score)
