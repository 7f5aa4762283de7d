"""
What the rule did has not helped often enough: from then on it asks, and only a person makes it act by itself again.

Why it does not come back by itself: nothing has shown meanwhile that it would help now, for it has done nothing.
"""

from watchdog.engine.guards.view import View, asks, passes
from watchdog.model.verdicts import Verdict


def trust(view: View) -> Verdict:
    """Asks while the rule is demoted; but for the next step of an incident."""
    record = view.ledger.success.get(view.rule)
    if record is None or record.demotion is None or view.incident:
        return passes("trust")
    return asks("trust", f"the rule has demoted itself to ask: {record.demotion.reason}")
