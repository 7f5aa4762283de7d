"""What every notice says of itself, whoever asks for it: by which host, since when, under which condition, where to read what to do."""

from collections.abc import Mapping
from typing import Any

from watchdog.engine.ledger import Ledger
from watchdog.engine.rules import Rule


def known(ledger: Ledger, rules: Mapping[str, Rule], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a notice that follow from the others."""
    told: dict[str, Any] = {"host": ledger.host}
    rule = rules.get(fields.get("rule", ""))
    if rule is None:
        return told
    alert = ledger.alerts.get(f"{rule.name}|{fields.get('entity', '')}")
    if alert is not None and alert.id == fields["thread"]:
        told["since"] = alert.since_wall
    return told | {"condition": condition_of(rule), "runbook": rule.runbook}


def condition_of(rule: Rule) -> str:
    """What it waits for: a condition, or a change and where it counts."""
    if rule.on is None:
        return rule.condition.text
    return f"{rule.on}, where {rule.where.text}" if rule.where is not None else rule.on
