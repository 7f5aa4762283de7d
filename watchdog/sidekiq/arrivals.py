"""
How many jobs arrived in queues, which Sidekiq counts nowhere.

What arrived has since been run, runs now, or still waits: the sum of these three can be read, and grows by one with each job that is pushed. It is an estimate:
`stat:processed` and `busy` are renewed at beats, so that a job which was just taken is in none of the three for up to a beat; and within a beat one after the other, so that a job
which has just ended is in two of them for a moment.
"""

from typing import Final

_LASTING: Final = 45_000
"""A sum that stays smaller for so long (milliseconds, more than four beats) is smaller for good: jobs were deleted, or lost with their process."""


class Arrivals:
    """A counter that only grows, from 0 at the first reading. What one reading alone shows is not counted before the next shows it too."""

    def __init__(self) -> None:
        self._offset: int | None = None
        self._before = 0
        self._highest = 0
        self._below_since: int | None = None

    def take(self, total: int, at: int) -> int:
        """How many arrived since the first reading, given that sum as it is at engine time `at`."""
        if self._offset is None:
            self._offset = self._before = total
        lasting, self._before = min(total, self._before), total
        arrived = lasting - self._offset
        if arrived >= self._highest:
            self._highest = arrived
            self._below_since = None
        elif self._below_since is None:
            self._below_since = at
        elif at - self._below_since >= _LASTING:
            self._offset = lasting - self._highest
            self._below_since = None
        return self._highest
