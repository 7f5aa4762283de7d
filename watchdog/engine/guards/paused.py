"""Somebody has said that nothing may be done."""

from watchdog.engine.guards.view import View, denies, passes
from watchdog.model.verdicts import Verdict


def paused(view: View) -> Verdict:
    """Denies while a pause is in force; it names who paused and why."""
    pause = view.ledger.pause
    if pause is None or (pause.until_at is not None and pause.until_at <= view.at):
        return passes("paused")
    return denies("paused", f"paused by {pause.by}: {pause.reason}", pause.until_at)
