"""Moments, held as UTC milliseconds since 1970, on the calendar."""

from datetime import UTC, datetime, tzinfo
from typing import Final

_LAST: Final = 253_000_000_000_000
"""A day in the year 9987, which no zone carries out of the calendar: a clock that is wrong by more is wrong enough."""


def on_calendar(wall: int, zone: tzinfo | None = UTC) -> datetime:
    """That moment, in the zone of this machine where that is None. What lies before 1970 or beyond the calendar stands at the nearer end."""
    return datetime.fromtimestamp(min(max(wall, 0), _LAST) / 1000, zone).astimezone(zone)


def day_and_time(wall: int) -> str:
    """`2026-03-01 02:03:04`, in UTC."""
    return f"{on_calendar(wall):%Y-%m-%d %H:%M:%S}"
