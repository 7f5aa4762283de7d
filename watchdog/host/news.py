"""
Which of the latest readings are worth an event. Pure.

Sizes move by a page all the time; an idle server shall not make events of that. What is told is told exactly; what is held back is less than what
is said here, and is measured against what was told last, so that it can't creep away.
"""

from collections.abc import Mapping
from typing import Any, Final

_MIB: Final = 2**20
_ENOUGH: Final[Mapping[str, tuple[float, float]]] = {
    # Slot → by how much it must differ, and by what part of what was told: both.
    "memory": (_MIB, 0.01),
    "swap": (_MIB, 0.01),
    "cgroup_memory": (_MIB, 0.01),
    "memory_available": (16 * _MIB, 0.01),
    "swap_used": (16 * _MIB, 0.01),
    "disk_free": (16 * _MIB, 0.01),
    "load": (0.1, 0.05),
    "load_5m": (0.1, 0.05),
    # Moments and sums of two clocks that are not read in the same instant, in milliseconds.
    "started_at": (1000, 0),
    "booted_at": (1000, 0),
    "slept": (100, 0),
}
"""All others are told when they differ at all; processor time and pressure are rounded to a percent before."""


def news(told: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What of `now` is to be told; None for what was told and can't be known any more."""
    return {slot: value for slot, value in now.items() if _differs(slot, told.get(slot), value)}


def _differs(slot: str, told: Any, value: Any) -> bool:
    if told is None or value is None or slot not in _ENOUGH:
        return bool(told != value)
    least, part = _ENOUGH[slot]
    return bool(abs(value - told) >= max(least, part * abs(told)))
