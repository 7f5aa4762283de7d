"""
An alert that nobody has acknowledged is said again, each time after twice as long, and told to others (`escalate`).

Not while somebody has acknowledged it, silenced it, or its quiet hours hold, nor while a cause of it fires that hides it: then it is looked at again at the end of that.
"""

from typing import Final

import msgspec

from watchdog.engine.acknowledging import key_of
from watchdog.engine.approvals import lasting
from watchdog.engine.ledger import Alert
from watchdog.engine.routing import inhibiting, schedule
from watchdog.engine.routing.book import Telling
from watchdog.engine.routing.quiet import quiet_for
from watchdog.engine.routing.table import Route
from watchdog.engine.routing.traits import names, traits_of
from watchdog.engine.rules import NO_RULES
from watchdog.engine.turn import Turn
from watchdog.model.notices import NoticeKind

_LOOK_AGAIN: Final = 900_000
"""Milliseconds, for what is hidden by a cause that came later: how long that lasts nobody knows."""

_OUTCOMES: Final = {NoticeKind.REMINDER: "reminded", NoticeKind.ESCALATED: "escalated"}


def tend(turn: Turn) -> None:
    """Says what is due. Of whoever knows no routes yet nothing is."""
    if turn.rules is NO_RULES:
        return
    for thread in list(turn.world.tellings.pop_due(turn.at)):
        telling = turn.ledger.routing.tellings.get(thread)
        alert = None if telling is None else turn.ledger.alerts.get(telling.key)
        if telling is not None and alert is not None and alert.id == thread:
            _tend(turn, thread, telling, alert)


def _tend(turn: Turn, thread: str, telling: Telling, alert: Alert) -> None:
    route = turn.rules.routing.named(telling.route)
    later = _later(turn, route, telling, alert)
    if later is not None:
        remind_at, raise_at = (None if at is None else max(at, later) for at in (telling.remind_at, telling.raise_at))
        schedule.put(turn, thread, msgspec.structs.replace(telling, remind_at=remind_at, raise_at=raise_at))
        return
    if telling.raise_at is not None and telling.raise_at <= turn.at:
        telling = _escalate(turn, thread, route, telling, alert)
    if telling.remind_at is not None and telling.remind_at <= turn.at:
        telling = _remind(turn, thread, route, telling, alert)
    schedule.put(turn, thread, telling)


def _later(turn: Turn, route: Route, telling: Telling, alert: Alert) -> int | None:
    """When to look again, where it must not be said now."""
    ack = turn.ledger.acks.get(key_of(alert.rule, alert.target or alert.entity))
    if ack is not None:
        return ack.until_at
    if turn.ledger.silences:
        labels = turn.rule[alert.rule].labels if alert.rule in turn.rule else {}
        called = names(turn.world, alert, turn.world.find(alert.kind, alert.entity))
        silent = [one.until_at for one in turn.ledger.silences.values() if one.covers(alert.rule, alert.entity, called, labels)]
        if silent:
            return max(silent)
    if wait := quiet_for(turn, route, telling, severity=alert.severity):
        return turn.at + wait
    return turn.at + _LOOK_AGAIN if inhibiting.cause_of(turn, traits_of(turn.world, turn.rule, alert), alert.id) else None


def _remind(turn: Turn, thread: str, route: Route, telling: Telling, alert: Alert) -> Telling:
    reason = f"it still fires after {lasting((turn.at - alert.since_at) // 1000 * 1000)}, and nobody has acknowledged it"
    telling = schedule.reminded(telling, route, at=turn.at)
    told = tuple(dict.fromkeys((*alert.notify, *telling.also)))
    _say(turn, alert, told, NoticeKind.REMINDER, title=f"still: {alert.title}", reason=reason, times=telling.times)
    schedule.put(turn, thread, telling)
    return telling


def _escalate(turn: Turn, thread: str, route: Route, telling: Telling, alert: Alert) -> Telling:
    if telling.level >= len(route.escalate):
        # Another configuration has fewer.
        return msgspec.structs.replace(telling, raise_at=None)
    level = route.escalate[telling.level]
    reason = f"nobody has acknowledged it within {lasting(level.after)}"
    telling = schedule.raised(telling, route, at=turn.at)
    _say(turn, alert, level.to, NoticeKind.ESCALATED, title=f"{reason}: {alert.title}", reason=reason, level=telling.level)
    schedule.put(turn, thread, telling)
    return telling


def _say(turn: Turn, alert: Alert, told: tuple[str, ...], kind: NoticeKind, *, title: str, reason: str, **how: int) -> None:
    outcome = _OUTCOMES[kind]
    turn.audit(
        "alert", rule=alert.rule, entity=alert.entity, target=alert.target, outcome=outcome, reason=reason, detail={"told": ", ".join(told), **how},
    )  # fmt: skip
    turn.notify(
        told, thread=alert.id, kind=kind, severity=alert.severity, title=title, rule=alert.rule, entity=alert.entity, target=alert.target, reason=reason,
    )  # fmt: skip
