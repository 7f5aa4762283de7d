"""Something is being done already."""

from watchdog.engine.guards.view import View, denies, passes
from watchdog.model.verdicts import Verdict


def in_flight(view: View) -> Verdict:
    """Denies while any other action runs on this target or this host: one at a time."""
    for run in view.ledger.runs.values():
        if run.id != view.subject:
            held = f", held: {run.held}" if run.held else ""
            return denies("in_flight", f"incident {run.id} ({run.action} on {run.ref.name}) is at stage {run.stage}{held}")
    return passes("in_flight")
