"""The rule acts at certain hours only: at night, when nobody is there, or by day, when somebody is."""

from watchdog.engine.guards.view import View, denies, passes
from watchdog.model.hours import UTC, Hours, Zone, clock, minute_of
from watchdog.model.verdicts import Verdict


def hours(view: View) -> Verdict:
    """Denies outside the rule's `hours`, by the clocks of its `zone`; but for the next step of an incident."""
    allowed: Hours = view.settings["hours"]
    zone: Zone = view.settings["zone"] if isinstance(view.settings["zone"], Zone) else UTC
    shown = zone.shown(view.wall)
    if view.incident or allowed.hold(minute_of(shown)):
        return passes("hours")
    reason = f"the rule acts at {allowed} only, and it is {clock(minute_of(shown))} ({zone.name})"
    return denies("hours", reason, view.at + allowed.wait(shown))
