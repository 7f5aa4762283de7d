"""
The labels of an alert, which are what Alertmanager knows it by.

So they are written down when it is told of first, and stay as they were until it is over, whatever becomes of the rule or of how bad it is meanwhile.
"""

import re
from typing import Final

from watchdog.model.cards import Entry
from watchdog.receivers.message.harmless import harmless

AGENT: Final = "sidekiq-watchdog"
"""The `alertname` of what the agent says of itself."""
MORE: Final = "sidekiq-watchdog-more"
"""The `alertname` of the one that stands for those that there was no room for."""
OURS: Final = ("alertname", "severity", "instance", "entity", "target")
LONGEST: Final = 300
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_]")


def labels_of(entry: Entry) -> dict[str, str]:
    """By name; none is empty, since Alertmanager drops those. A label of the rule that is called like one of ours stands behind `rule_`."""
    ours = {
        "alertname": entry.rule or AGENT,
        "severity": entry.severity.value,
        "instance": entry.host,
        "entity": entry.entity,
        "target": entry.target,
    }
    theirs = {_name(name): value for name, value in entry.labels.items()}
    both = {**theirs, **ours}
    return {name: text for name, value in sorted(both.items()) if (text := harmless(value, LONGEST))}


def _name(name: str) -> str:
    # Names are `[a-zA-Z_][a-zA-Z0-9_]*` there, and two underscores at the beginning are its own.
    valid = _NOT_IN_A_NAME.sub("_", name)
    return f"rule_{valid}" if valid in OURS or not valid[:1].isalpha() else valid
