"""
Whether what was done has helped: a rule's `verify`, looked at until it is true or its time is over.

The counterpart of `alerts.py`, which says that something is wrong. Time during which the truth is unknown does not count: a source that
can't be read proves nothing, neither way.
"""

from typing import Final

import msgspec

from watchdog.engine.alerts import Truth
from watchdog.engine.incidents import Proof

VERIFIED: Final = "verified"
UNVERIFIED: Final = "unverified"


class Progress(msgspec.Struct, frozen=True):
    """The proof afterwards, what came of it (`verified`, `unverified`, empty while it is open), and the engine time at which its time is over."""

    proof: Proof
    outcome: str = ""
    due: int | None = None


def begin(at: int) -> Proof:
    """A proof of which nothing is known yet."""
    return Proof(counted=0, counted_at=at, counting=False)


def advance_proof(proof: Proof, truth: Truth, *, at: int, within: int) -> Progress:
    """One look at it; `within` is the time (milliseconds) for which it may be false. The very same proof if nothing in it has changed."""
    so_far = proof.counted + (at - proof.counted_at if proof.counting else 0)
    match truth:
        case Truth.TRUE:
            return Progress(proof, VERIFIED)
        case Truth.FALSE if so_far >= within:
            return Progress(proof, UNVERIFIED)
        case Truth.FALSE if proof.counting:
            return Progress(proof, due=at + within - so_far)
        case Truth.FALSE:
            return Progress(Proof(so_far, at, counting=True), due=at + within - so_far)
        case Truth.UNKNOWN | Truth.GONE:
            return Progress(Proof(so_far, at, counting=False) if proof.counting else proof)
