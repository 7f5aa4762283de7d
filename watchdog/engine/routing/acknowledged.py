"""Whoever was told of an alert is told who has acknowledged it, and until when."""

from watchdog.engine.ledger import Phase
from watchdog.engine.switches import Ack, moment
from watchdog.engine.turn import Turn
from watchdog.model.notices import NoticeKind


def tell(turn: Turn, ack: Ack) -> None:
    """In the thread of each alert that it is about; of an incident whose alert is over already, in that of the incident."""
    title = f"{ack.by} has acknowledged it, until {moment(ack.until_wall)}: {ack.reason}"
    alerts = [
        one
        for one in turn.ledger.alerts.values()
        if one.rule == ack.rule and ack.target == (one.target or one.entity) and one.phase is Phase.FIRING
    ]
    for alert in alerts:
        turn.notify(
            () if alert.silenced else alert.notify, thread=alert.id, kind=NoticeKind.ACKNOWLEDGED, severity=alert.severity, title=title, rule=alert.rule,
            entity=alert.entity, target=alert.target, reason=ack.reason, outcome="acknowledged", by=ack.by,
        )  # fmt: skip
    if alerts:
        return
    for playbook in turn.ledger.playbooks.values():
        if (playbook.rule, playbook.target) == (ack.rule, ack.target):
            turn.notify(
                playbook.notify, thread=playbook.thread, kind=NoticeKind.ACKNOWLEDGED, severity=playbook.severity, title=title, rule=playbook.rule,
                entity=playbook.entity, target=playbook.target, reason=ack.reason, outcome="acknowledged", by=ack.by,
            )  # fmt: skip
