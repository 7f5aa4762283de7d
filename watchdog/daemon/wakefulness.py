"""
Has the agent been awake all the time? It was not if its loop came round far too late, or if the machine slept.

The counterpart of the engine's `Gap`, which says what follows. A virtual machine that is held, a stopped process, a disk that does not
answer: they all look the same from in here.
"""

from typing import Final

from watchdog.clock import Clock
from watchdog.model.events import Gap

LATE: Final = 5_000
"""Milliseconds by which a turn may be late; the machine may sleep as long unnoticed."""


class Wakefulness:
    """Compares each turn with the one before; `idle` is how many milliseconds at most lie between two turns of an agent that is awake."""

    def __init__(self, clock: Clock, idle: int) -> None:
        self._clock = clock
        self._idle = idle
        self._turned_at: int | None = None
        self._asleep = clock.asleep()

    def turned(self) -> None:
        """A turn is complete."""
        self._turned_at = self._clock.at()

    def missed(self) -> Gap | None:
        """What has been missed since the last turn; told once."""
        asleep, before = self._clock.asleep(), self._asleep
        self._asleep = asleep
        if self._turned_at is None:
            return None
        began, passed, slept = self._turned_at, self._clock.at() - self._turned_at, asleep - before
        self.turned()
        if passed <= self._idle + LATE and slept <= LATE:
            return None
        return Gap(began, passed, slept if slept > LATE else 0)
