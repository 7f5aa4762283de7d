"""
Which processes are due to be read again although nobody announced a change.

Pushed messages are fast but promise nothing; so whatever was not read for a while is read anyway, all within 15 s,
and never all at once. A process that beats is read at its beats and costs nothing here.
"""

from collections.abc import Mapping
from typing import Final

PERIOD: Final = 15_000
"""Within so many milliseconds everything is read again, unless `pace` has backed off."""
TICK: Final = 1_000
"""Milliseconds between two slices."""
QUIET: Final = 5_000
"""Milliseconds between two samples of queues and totals while nothing moves; one tick otherwise."""
_SPREAD: Final = 4 * TICK


def due(read_at: Mapping[str, int], now: int, *, stretch: float = 1.0) -> list[str]:
    """
    The slice for this tick, the longest unread first.

    `read_at` says when each was read last (engine milliseconds). What comes near the end of the period is spread evenly over the ticks that are left to it.
    Period and ticks last `stretch` times as long as usual.
    """
    waiting = sorted((at, identity) for identity, at in read_at.items() if now - at >= (PERIOD - _SPREAD) * stretch)
    if not waiting:
        return []
    ticks_left = max(1, int((PERIOD * stretch - (now - waiting[0][0])) // (TICK * stretch)))
    return [identity for _, identity in waiting[: -(-len(waiting) // ticks_left)]]
