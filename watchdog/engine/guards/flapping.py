"""
The alert comes and goes: whatever makes it fire goes away by itself, and to act on it would be to act at random.

A threshold too near to what is usual, or load that comes in waves. Jobs are left out: each is an alert of its own, which never fires twice.
"""

from watchdog.engine.guards.view import View, denies, passes
from watchdog.engine.spending import exhausted_until
from watchdog.model.parameters import Allowance
from watchdog.model.verdicts import Verdict


def flapping(view: View) -> Verdict:
    """Denies while each alert that wants it has begun to fire more often than `flaps` allows; but for the next step of an incident."""
    if view.incident or not view.alerts:
        return passes("flapping")
    allowed: Allowance = view.settings["flaps"]
    # The present firing is one of them.
    more = Allowance(allowed.times + 1, allowed.per)
    calm = [exhausted_until(view.ledger.fired.get(key, ()), more, view.at) for key in view.alerts]
    if None in calm:
        return passes("flapping")
    return denies(
        "flapping", f"its alert has begun to fire more than {allowed}: it comes and goes", min(one for one in calm if one is not None)
    )
