"""
The life of an alert: one table of what happens in which phase on which truth.

Everything that changes an alert's phase stands in this file. Time during which the truth is unknown
counts neither towards firing nor towards resolving.
"""

from enum import StrEnum
from typing import Final

import msgspec

from watchdog.engine.ledger import Alert, Phase


class Truth(StrEnum):
    """What the condition says of the entity at this moment; GONE: there is no entity any more."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"
    GONE = "gone"


class Move(StrEnum):
    """What happens to an alert."""

    NONE = "nothing"
    BEGIN = "becomes pending"
    COUNT = "counts towards its end of the phase"
    HOLD = "stops counting, keeps what it has counted"
    RESET = "keeps firing, forgets the time it was false"
    DROP = "becomes inactive"
    RESOLVE = "is resolved"


TABLE: Final[dict[tuple[Phase | None, Truth], Move]] = {
    (None, Truth.TRUE): Move.BEGIN,
    (None, Truth.FALSE): Move.NONE,
    (None, Truth.UNKNOWN): Move.NONE,
    (None, Truth.GONE): Move.NONE,
    (Phase.PENDING, Truth.TRUE): Move.COUNT,
    (Phase.PENDING, Truth.FALSE): Move.DROP,
    (Phase.PENDING, Truth.UNKNOWN): Move.HOLD,
    (Phase.PENDING, Truth.GONE): Move.DROP,
    (Phase.FIRING, Truth.TRUE): Move.RESET,
    (Phase.FIRING, Truth.FALSE): Move.COUNT,
    (Phase.FIRING, Truth.UNKNOWN): Move.HOLD,
    (Phase.FIRING, Truth.GONE): Move.RESOLVE,
}
"""Phase (None: inactive) and truth → what happens. Counting ends in FIRING after `for`, in RESOLVE after `keep_firing_for`."""


class Change(StrEnum):
    """What others must be told of."""

    FIRED = "fired"
    RESOLVED = "resolved"


class Outcome(msgspec.Struct, frozen=True):
    """The alert afterwards (None: inactive), what to tell, and the engine time at which counting will be over."""

    alert: Alert | None
    change: Change | None = None
    due: int | None = None


def advance_alert(alert: Alert, truth: Truth, *, at: int, wall: int, hold: int, keep_firing: int, born: bool = False) -> Outcome:
    """
    One step in the life of an alert.

    `hold` and `keep_firing` are the rule's `for` and `keep_firing_for` in milliseconds. An inactive alert is given as a
    fresh pending one with `born`; truths other than TRUE leave it inactive.
    """
    match TABLE[None if born else alert.phase, truth]:
        case Move.NONE | Move.DROP:
            return Outcome(None)
        case Move.BEGIN:
            return _count(msgspec.structs.replace(alert, counting=True, counted=0, counted_at=at), at, wall, hold, keep_firing)
        case Move.COUNT:
            return _count(alert, at, wall, hold, keep_firing)
        case Move.HOLD:
            return Outcome(_stop(alert, at))
        case Move.RESET:
            if alert.counted or alert.counting:
                alert = msgspec.structs.replace(alert, counting=False, counted=0, counted_at=at)
            return Outcome(alert)
        case Move.RESOLVE:
            return Outcome(None, Change.RESOLVED)


def _stop(alert: Alert, at: int) -> Alert:
    if not alert.counting:
        return alert
    return msgspec.structs.replace(alert, counting=False, counted=alert.counted + at - alert.counted_at, counted_at=at)


def _count(alert: Alert, at: int, wall: int, hold: int, keep_firing: int) -> Outcome:
    so_far = alert.counted + (at - alert.counted_at if alert.counting else 0)
    enough = hold if alert.phase is Phase.PENDING else keep_firing
    if so_far >= enough:
        if alert.phase is Phase.FIRING:
            return Outcome(None, Change.RESOLVED)
        fired = msgspec.structs.replace(alert, phase=Phase.FIRING, since_at=at, since_wall=wall, counting=False, counted=0, counted_at=at)
        return Outcome(fired, Change.FIRED)
    if not alert.counting:
        alert = msgspec.structs.replace(alert, counting=True, counted_at=at)
    return Outcome(alert, due=alert.counted_at + enough - alert.counted)
