"""
Whether the clock of Redis jumps beside ours: it was set, or the machine that it runs on was held.

The clock itself is nobody's business here, so only a jump is told, and nothing while it merely drifts.
"""

from typing import Any, Final

JUMP: Final = 5_000
"""Milliseconds; a slow answer moves the difference by as much as it takes, which is less."""


class RedisClock:
    """The difference between two clocks as it was told last."""

    def __init__(self) -> None:
        self._told: int | None = None

    def slots(self, now: int, at: int) -> dict[str, Any]:
        """The reading, given Redis' own time and engine time."""
        ahead = now - at
        if self._told is None or abs(ahead - self._told) > JUMP:
            self._told = ahead
        return {"clock": self._told}
