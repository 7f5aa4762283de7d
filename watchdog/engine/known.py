"""What every notice says of itself, whoever asks for it: by which host, since when, under which condition, by which readings, where it is written what to do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from watchdog.engine.judged_by import readings_of
from watchdog.engine.rules import Rule
from watchdog.model.notices import NoticeKind

if TYPE_CHECKING:
    from watchdog.engine.turn import Turn

_OF_NOW: Final = frozenset({NoticeKind.FIRING, NoticeKind.REMINDER, NoticeKind.ESCALATED})
"""What says that an alert fires says by which readings it does so now."""


def known(turn: "Turn", fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a notice: those that are given, and those that follow from them."""
    told: dict[str, Any] = {"host": turn.ledger.host}
    rule = turn.rule.get(fields.get("rule", ""))
    if rule is not None:
        entity = fields.get("entity", "")
        alert = turn.ledger.alerts.get(f"{rule.name}|{entity}")
        if alert is not None and alert.id == fields["thread"]:
            told["since"] = alert.since_wall
        if fields["kind"] in _OF_NOW and "seen" not in fields:
            told["seen"] = readings_of(rule, turn.world.find(rule.each, entity), turn.at, turn.world)
        told |= {"condition": condition_of(rule), "runbook": rule.runbook}
    return {**told, **fields}


def condition_of(rule: Rule) -> str:
    """What it waits for: a condition, or a change and where it counts."""
    if rule.on is None:
        return rule.condition.text
    return f"{rule.on}, where {rule.where.text}" if rule.where is not None else rule.on
