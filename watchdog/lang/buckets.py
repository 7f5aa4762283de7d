"""How a history divides a window: its answers stay the same from one boundary of its buckets to the next."""

from typing import Final

BUCKETS: Final = 120
"""Into how many buckets a history divides a window."""


def bucket(window: int) -> int:
    """How long (milliseconds) each of the buckets of a window is; they begin at its multiples in engine time."""
    return -(-window // BUCKETS)
