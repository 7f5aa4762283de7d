"""What is told of an alert, for people who look: derived, never read back."""

from typing import Any

from watchdog.engine.ledger import Alert, Ledger
from watchdog.engine.routing.inhibiting import words


def shown(ledger: Ledger, alert: Alert, at: int) -> dict[str, Any] | None:
    """
    Who was told, by which route, and what comes next; durations in milliseconds from `at`, None for never. None of it before the alert fires.

    `nobody` says why nobody was told, empty where somebody was.
    """
    telling = ledger.routing.tellings.get(alert.id)
    if telling is None:
        return None
    hidden = words(ledger, telling.hidden) if telling.hidden else ""
    told = [] if alert.silenced else list(dict.fromkeys((*alert.notify, *telling.also)))
    return {
        "told": told,
        "route": telling.route,
        "nobody": "" if told else _why_nobody(alert, hidden),
        "hidden_by": hidden,
        "escalated": list(telling.also),
        "remind_in_ms": None if telling.remind_at is None else max(0, telling.remind_at - at),
        "escalates_in_ms": None if telling.raise_at is None else max(0, telling.raise_at - at),
    }


def _why_nobody(alert: Alert, hidden: str) -> str:
    if hidden:
        return f"hidden by {hidden}"
    if alert.silenced:
        return "silenced"
    if alert.withheld:
        return "its cause was told instead"
    return "neither its rule nor a route names a receiver"
