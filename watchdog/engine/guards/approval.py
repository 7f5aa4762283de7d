"""
A person has been asked, and has not said yes.

Whether one must be asked is what other guards and the mode say. What was approved comes in at the first guard again like everything else: this one only says
how the question stands.
"""

from watchdog.engine.approvals import HOLDS, Standing, people
from watchdog.engine.guards.view import View, asks, denies, passes
from watchdog.model.verdicts import Answer, Verdict


def approval(view: View) -> Verdict:
    """Asks while the question is open, denies once it was denied or nobody has answered in time; what was never asked is no matter of this guard."""
    one = view.approval
    if one is None:
        return passes("approval")
    match one.standing:
        case Standing.OPEN:
            more = one.needed - len(one.words)
            said = f"{people(one.words)} approved, {more} more must: " if one.words else ""
            return asks("approval", f"{said}sidekiq-watchdog approve {one.id}", one.expires_at)
        case Standing.DENIED | Standing.EXPIRED:
            assert one.settled_at is not None  # they are settled
            return denies("approval", one.settled, one.settled_at + HOLDS)
        case Standing.APPROVED | Standing.USED:
            return Verdict("approval", Answer.PASS, one.settled)
        case Standing.LAPSED:
            return passes("approval")
