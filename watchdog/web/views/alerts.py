"""What fires, and what may soon."""

from typing import Final

import msgspec

from watchdog.engine.acknowledging import key_of
from watchdog.engine.ledger import Alert, Ledger, Phase
from watchdog.engine.routing.view import shown as routed
from watchdog.engine.rules import Rule
from watchdog.picture.told import Telling
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Slice
from watchdog.web.views.cutting import cut

_LATER: Final = 1e15


class AlertSeen(msgspec.Struct, frozen=True, kw_only=True):
    """
    One rule on one entity. `phase` is `pending` or `firing`, `since_wall` when it came to that; `counted_ms` of `enough_ms` have passed until it fires, or, while it fires, until it is over; `counting` says that they go on.

    `incident` is what is being done about it, `acked_by` who has seen it, `baseline` says that it was so when its rule began to act.
    """

    id: str
    rule: str
    kind: str
    entity: str
    phase: str
    severity: str
    title: str
    target: str
    for_ms: int
    since_wall: int
    counted_ms: int
    enough_ms: int
    counting: bool
    incident: str = ""
    acked_by: str = ""
    silenced: bool = False
    baseline: bool = False
    telling: Telling | None = None


async def alerts(
    inside: Inside, *, phase: str = "", rule: str = "", entity: str = "", after: str = "", limit: int = USUAL
) -> Slice[AlertSeen]:
    """Those that fire first, the oldest of them first; only those of that phase, rule and entity where these are given."""
    ledger = inside.state.ledger
    found = [
        alert
        for alert in ledger.alerts.values()
        if (not phase or alert.phase.value == phase) and (not rule or alert.rule == rule) and (not entity or alert.entity == entity)
    ]
    shown, following = cut(found, [_rank(alert) for alert in found], lambda alert: alert.id, after=after, limit=limit)
    now, incidents = max(inside.at(), ledger.at), incidents_by_alert(ledger)
    by_name = inside.rules.by_name
    return Slice(tuple(_seen(ledger, alert, by_name.get(alert.rule), incidents, now) for alert in shown), len(found), following)


def incidents_by_alert(ledger: Ledger) -> dict[str, str]:
    """Key of an alert → the incident in which something is done about it."""
    return {key: playbook.id for playbook in ledger.playbooks.values() for key in playbook.alerts}


def counted(alert: Alert, rule: Rule | None, now: int) -> tuple[int, int]:
    """How much of the time has passed after which it fires or is over, and how long that is; both in milliseconds."""
    enough = 0 if rule is None else rule.hold if alert.phase is Phase.PENDING else rule.keep_firing
    return alert.counted + (max(0, now - alert.counted_at) if alert.counting else 0), enough


def _seen(ledger: Ledger, alert: Alert, rule: Rule | None, incidents: dict[str, str], now: int) -> AlertSeen:
    passed, enough = counted(alert, rule, now)
    ack = ledger.acks.get(key_of(alert.rule, alert.target or alert.entity))
    telling = routed(ledger, alert, now)
    return AlertSeen(
        id=alert.id,
        rule=alert.rule,
        kind=alert.kind.value,
        entity=alert.entity,
        phase=alert.phase.value,
        severity=alert.severity.value,
        title=alert.title,
        target=alert.target,
        for_ms=max(0, now - alert.since_at),
        since_wall=alert.since_wall,
        counted_ms=passed,
        enough_ms=enough,
        counting=alert.counting,
        incident=incidents.get(f"{alert.rule}|{alert.entity}", ""),
        acked_by="" if ack is None else ack.by,
        silenced=alert.silenced,
        baseline=alert.baseline,
        telling=None if telling is None else msgspec.convert(telling, Telling),
    )


def _rank(alert: Alert) -> float:
    # What fires is before everything that does not, whenever that began.
    return alert.since_at if alert.phase is Phase.FIRING else alert.since_at + _LATER
