"""Quiet hours: what may wait for their end, and what comes at once whatever hour it is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from watchdog.engine.routing.book import Telling
from watchdog.engine.routing.table import Route
from watchdog.engine.withholding import ALARMS
from watchdog.model.notices import Severity

if TYPE_CHECKING:
    from watchdog.engine.turn import Turn


def quiet_until(turn: "Turn", route: Route, severity: Severity) -> int | None:
    """When the quiet hours of the route end, UTC milliseconds; None if they don't hold now, or not for what is so severe."""
    return None if route.quiet is None or severity in route.quiet.excepted else route.quiet.until(turn.wall)


def quiet_for(turn: "Turn", route: Route, telling: Telling, *, severity: Severity) -> int:
    """The same as milliseconds from now; 0 for what has woken people already."""
    until = None if telling.awake else quiet_until(turn, route, severity)
    return 0 if until is None else max(0, until - turn.wall)


def wakes(fields: Mapping[str, Any]) -> bool:
    """Whether a notice with these fields comes at once however bad it is: a person is asked, or must do something that nobody else does."""
    return bool(fields.get("approval")) or fields.get("outcome") in ALARMS
