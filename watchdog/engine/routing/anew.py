"""Somebody is told at last of an alert that fired before: a silence or a cause for whose sake nobody was told is over."""

import msgspec

from watchdog.engine.ledger import Alert
from watchdog.engine.routing import schedule
from watchdog.engine.routing.book import Telling
from watchdog.engine.routing.grouping import join, key_of, key_of_night, leave
from watchdog.engine.routing.quiet import quiet_until
from watchdog.engine.routing.traits import traits_of
from watchdog.engine.turn import Turn


def said(turn: Turn, alert: Alert) -> None:
    """Whoever stands in `notify` of the alert is told in this turn: from now on it is waited for somebody who acknowledges it."""
    telling = turn.ledger.routing.tellings.get(alert.id)
    if telling is not None and not telling.hidden and not telling.over and alert.notify:
        schedule.put(turn, alert.id, schedule.begun(turn, in_todays_group(turn, telling, alert), alert))


def in_todays_group(turn: Turn, telling: Telling, alert: Alert) -> Telling:
    """Of what nobody was told so far: it belongs to what is told now, not to the night in which it began."""
    if telling.first_at is not None:
        return telling
    route = turn.rules.routing.named(telling.route)
    until = quiet_until(turn, route, alert.severity)
    key = key_of(route, traits_of(turn.world, turn.rule, alert), alert.id) if until is None else key_of_night(until)
    leave(turn, telling)
    return msgspec.structs.replace(telling, group=join(turn, key))
