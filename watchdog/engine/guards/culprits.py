"""
The rule has caught one job after another of one class: no single job is the cause.

Each of them was ended, put away, and the next one did the same: the server that they all ask does not answer, or a new version of the class is broken. To end
processes goes on mending nothing, and a person must look.
"""

from typing import Final

from watchdog.engine.guards.view import ENDS_NOTHING, View, asks, does_not_apply, passes
from watchdog.engine.strikes import caught_by
from watchdog.model.verdicts import Verdict

DAY: Final = 86_400_000
"""Milliseconds for which a job that was caught counts here: one bad night, not three in a month."""


def culprits(view: View) -> Verdict:
    """Asks once `culprits` different jobs of one class were caught by the rule within a day; but for the next step of an incident."""
    if why := ENDS_NOTHING.get(view.about):
        return does_not_apply("culprits", why)
    limit = int(view.settings["culprits"])
    if not limit or view.incident:
        return passes("culprits")
    for job_class, times in caught_by(view.ledger.strikes, view.rule, since=view.at - DAY).items():
        if len(times) >= limit:
            reason = f"{len(times)} different jobs of {job_class} were caught by this rule within 24 h: no single job is the cause"
            return asks("culprits", reason, times[-limit] + DAY)
    return passes("culprits")
