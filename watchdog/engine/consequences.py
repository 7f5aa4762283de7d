"""
Who has been told of a cause is not told of each of its consequences.

Why: with the database gone every process has an alert, and a pager that rings forty times hides the one message that matters. Only messages are withheld, and only
from receivers that were told of a failing check, or by a rule on `redis` that this takes no writes; alerts, audit and status show everything. What still fires when that is over is told then.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from watchdog.engine.ledger import Alert, Phase
from watchdog.engine.routing import anew
from watchdog.engine.turn import Turn
from watchdog.engine.unwritable import refuses_writes
from watchdog.engine.upsets import SIDEKIQ
from watchdog.model.kinds import Kind
from watchdog.model.notices import NoticeKind

BECAUSE: Final = {Kind.CHECK: "a check failed", Kind.REDIS: "Redis was not well"}
"""What an alert of that kind can be the cause of others for, in words."""
CAUSES: Final = tuple(BECAUSE)


def shared_out(turn: Turn, alert: Alert) -> Alert:
    """An alert that fires now, with those of its receivers in `withheld` who know of its cause."""
    if alert.kind in CAUSES or not (told := set(_told_of_causes(turn))):
        return alert
    return msgspec.structs.replace(
        alert,
        notify=tuple(receiver for receiver in alert.notify if receiver not in told),
        withheld=tuple(receiver for receiver in alert.notify if receiver in told),
    )


def tell_what_remains(turn: Turn, over: Alert) -> None:
    """The alert of a cause is over: whoever knows of no other one is told now of what still fires."""
    if over.kind not in CAUSES:
        return
    told = set(_told_of_causes(turn, but=over.id))
    for key, alert in list(turn.ledger.alerts.items()):
        if alert.phase is Phase.FIRING and (due := tuple(receiver for receiver in alert.withheld if receiver not in told)):
            still = tuple(receiver for receiver in alert.withheld if receiver in told)
            turn.put_alert(key, alert := msgspec.structs.replace(alert, notify=(*alert.notify, *due), withheld=still))
            if not alert.silenced:
                anew.said(turn, alert)
            turn.notify(
                due, thread=alert.id, kind=NoticeKind.FIRING, severity=alert.severity, title=alert.title, rule=alert.rule, entity=alert.entity,
                target=alert.target, reason=f"not told before, because {BECAUSE[over.kind]}: {over.title}",
            )  # fmt: skip


def _told_of_causes(turn: Turn, *, but: str = "") -> Iterator[str]:
    """The receivers of all alerts of causes that fire. There are few checks and servers, and may be thousands of other alerts."""
    for kind in CAUSES:
        if kind is Kind.REDIS and not refuses_writes(turn.ledger, turn.world):
            continue
        for rule in turn.rules.by_kind[kind]:
            for entity in (SIDEKIQ,) if kind is Kind.REDIS else turn.world.rows[kind]:
                alert = turn.ledger.alerts.get(f"{rule.name}|{entity}")
                if alert is not None and alert.phase is Phase.FIRING and alert.id != but:
                    yield from alert.notify
