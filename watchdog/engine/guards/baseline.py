"""
It was so already when the rule began to act.

Why: whoever arms a rule has seen what it would have done, not what it will do in the same second to everything that has been broken for a week. What was so is put before a
person; what comes is the rule's.
"""

from watchdog.engine.guards.view import View, asks, passes
from watchdog.model.verdicts import Verdict


def baseline(view: View) -> Verdict:
    """Asks where all that is found was so when the rule began to act, and has not been false since; but for the next step of an incident."""
    if view.incident or view.settings.get("baseline") == "allow":
        return passes("baseline")
    found = [view.ledger.alerts[key] for key in view.alerts if key in view.ledger.alerts]
    if not found or not all(alert.baseline for alert in found):
        return passes("baseline")
    armed = view.ledger.arming.armed.get(view.rule)
    when = f"when {armed.by} armed the rule" if armed is not None else "when the rule began to act"
    return asks("baseline", f"it was so already {when}, and was not false since")
