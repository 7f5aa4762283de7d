"""Somebody has said that nothing may be done."""

from watchdog.engine.guards.called import called
from watchdog.engine.guards.view import View, denies, passes
from watchdog.engine.ordered import is_order
from watchdog.engine.switches import FLEET, Pause, moment
from watchdog.model.verdicts import Verdict


def paused(view: View) -> Verdict:
    """Denies while a pause is in force that concerns the rule and the target; it names who paused, why, and until when, of each."""
    pauses = view.ledger.pauses
    if not pauses:
        return passes("paused")
    names = tuple(called(view))
    found = [
        one
        for one in pauses.values()
        # What a person orders no rule does, whatever rules a pattern names.
        if (one.until_at is None or one.until_at > view.at) and one.concerns(view.rule, names) and not (one.rule and is_order(view.rule))
    ]
    if not found:
        return passes("paused")
    ends = [one.until_at for one in found]
    last = max((end for end in ends if end is not None), default=None) if None not in ends else None
    return denies("paused", "; ".join(_told(one) for one in found), last)


def _told(pause: Pause) -> str:
    fleet = " for the whole fleet" if pause.source == FLEET else ""
    until = "" if pause.until_wall is None else f", until {moment(pause.until_wall)}"
    return f"paused{fleet} by {pause.by}{until}: {pause.reason}"
