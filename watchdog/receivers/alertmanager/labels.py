"""
The labels of an alert, which are what Alertmanager knows it by.

So they are written down when it is told of first, and stay as they were until it is over, whatever becomes of the rule or of how bad it is meanwhile.
"""

import re
from typing import Final

from watchdog.lang.harmless import harmless
from watchdog.model.cards import Entry

AGENT: Final = "sidekiq-watchdog"
"""The `alertname` of what the agent says of itself."""
MORE: Final = "sidekiq-watchdog-more"
"""The `alertname` of the one that stands for those that there was no room for."""
BLIND: Final = "sidekiq-watchdog-blind"
"""The `alertname` of a source that can't be read; the label `source` says which."""
OURS: Final = ("alertname", "severity", "instance", "entity", "target", "source")
LONGEST: Final = 300
_SOURCE: Final = "source:"
"""What the thread begins with of a source that can't be read."""
_ALONE: Final = re.compile(r"agent|digest|order:|rule:|test_")
"""And those of what is no alert."""
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_]")


def ends(entry: Entry) -> bool:
    """
    Whether somebody will tell when it is over: that is so of alerts, and of a source that can't be read.

    What a person has ordered, and what the agent says of itself, is said once.
    """
    return entry.thread.startswith(_SOURCE) or (bool(entry.rule) and not _ALONE.match(entry.thread))


def labels_of(entry: Entry) -> dict[str, str]:
    """By name; none is empty, since Alertmanager drops those. A label of the rule that is called like one of ours stands behind `rule_`."""
    source = entry.thread.removeprefix(_SOURCE) if entry.thread.startswith(_SOURCE) else ""
    ours = {
        "alertname": BLIND if source else entry.rule if ends(entry) else AGENT,
        "severity": entry.severity.value,
        "instance": entry.host,
        "entity": entry.entity,
        "target": entry.target,
        "source": source,
    }
    theirs = {_name(name): value for name, value in entry.labels.items()}
    both = {**theirs, **{name: value for name, value in ours.items() if value}}
    return {name: text for name, value in sorted(both.items()) if (text := harmless(value, LONGEST))}


def _name(name: str) -> str:
    # Names are `[a-zA-Z_][a-zA-Z0-9_]*` there, and two underscores at the beginning are its own.
    valid = _NOT_IN_A_NAME.sub("_", name)
    return f"rule_{valid}" if valid in OURS or not valid[:1].isalpha() else valid
