"""
How well a rule has done, as it is remembered: frozen parts of the ledger.

Times named `…_at` are engine milliseconds, as everywhere in it.
"""

import msgspec


class Demotion(msgspec.Struct, frozen=True):
    """Since when a rule only asks, because what it did has not helped; `reason` as a sentence without a point, `since_wall` UTC milliseconds."""

    since_at: int
    since_wall: int
    reason: str


class Success(msgspec.Struct, frozen=True):
    """What came of a rule's incidents, the oldest first: True where one was verified, or ended well without a proof being asked for. `demotion` until a person lifts it."""

    results: tuple[bool, ...] = ()
    demotion: Demotion | None = None
