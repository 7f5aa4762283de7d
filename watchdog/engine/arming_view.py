"""What people have armed, as plain data for `status` and `why`. Derived, never read back."""

from typing import Any

from watchdog.engine.ledger import Ledger
from watchdog.model.verdicts import lower


def armed_rules(ledger: Ledger) -> list[dict[str, Any]]:
    """Every rule of which a person has said how far it goes, by name."""
    return [one for name in sorted(ledger.arming.armed) if (one := armed_rule(ledger, name)) is not None]


def armed_rule(ledger: Ledger, name: str) -> dict[str, Any] | None:
    """
    What was said of that rule; None where nobody has said anything.

    `mode` is what was said, `goes` what is left of it under the config, `file` what the rule's file said by then; `since` is UTC milliseconds.
    """
    armed = ledger.arming.armed.get(name)
    if armed is None:
        return None
    return {
        "rule": name, "mode": armed.mode.value, "goes": lower(ledger.mode, armed.mode).value, "file": armed.was.value, "by": armed.by,
        "reason": armed.reason, "since": armed.armed_wall,
    }  # fmt: skip
