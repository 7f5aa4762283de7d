"""Once a week, at a time of the day by the clocks of a zone: plain data, so that the engine needs neither calendar nor files."""

from typing import Final

import msgspec

from watchdog.model.hours import UTC, Zone, clock

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""In the order in which they are numbered."""
_DAY: Final = 86_400_000
_WEEK: Final = 7 * _DAY
_FIRST_MONDAY: Final = 4 * _DAY
"""1970 began on a Thursday."""


class Weekly(msgspec.Struct, frozen=True):
    """`day` counts from Monday, 0, `minute` from midnight."""

    day: int = 0
    minute: int = 9 * 60
    zone: Zone = UTC

    def __str__(self) -> str:
        return f"{DAYS[self.day]} {clock(self.minute)} ({self.zone.name})"

    def after(self, wall: int) -> int:
        """The next such moment after that UTC time (milliseconds); by clocks that leave it out the moment at which they would show it."""
        shown = self.zone.shown(wall)
        in_week = _FIRST_MONDAY + self.day * _DAY + self.minute * 60_000
        next_shown = shown + _WEEK - (shown - in_week) % _WEEK
        # Twice a year the clocks are others then than they are now.
        guess = next_shown - (shown - wall)
        moment = next_shown - (self.zone.shown(guess) - guess)
        return moment if moment > wall else self.after(moment + _DAY)
