"""A slot of a row, as it is shown: what no source has filled is None."""

from typing import Any

from watchdog.model.missing import MISSING


def known(reading: Any) -> Any:
    """The reading, None where it is missing."""
    return None if reading is MISSING else reading


def age(moment: Any, now: int) -> int | None:
    """How long ago that engine time was, in milliseconds; None where it is missing."""
    return None if moment is MISSING else max(0, now - moment)


def left(until_at: int | None, now: int) -> int | None:
    """How long it is until that engine time, in milliseconds; None where there is no such time."""
    return None if until_at is None else max(0, until_at - now)
