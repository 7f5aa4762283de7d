"""`units:` in the config → patterns of names of systemd's services."""

import re
from typing import Final

from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.keys import items_of, words_of
from watchdog.rulefile.nodes import Node

UNITS: Final = ("mastodon-sidekiq*", "sidekiq*")
"""What is meant where nothing is said."""
PATTERN: Final = re.compile(r"^[A-Za-z0-9:_.\\@*?\[\]!-]{1,255}$")  # systemd.unit(5), and what a pattern can have besides


def read_units(node: Node, findings: Findings, what: str = "'units'") -> tuple[str, ...]:
    """What was written, each with its ending; an empty list means that no unit is meant but those of processes."""
    patterns = []
    for item in items_of(node, what, findings) or ():
        text = words_of(item, f"a name under {what}", findings)
        if text is None:
            continue
        if PATTERN.fullmatch(text.value) is None:
            findings.add("E513", item.span, f"{quoted(text.value)} can't be the name of a unit", hint="for instance mastodon-sidekiq*")
            continue
        patterns.append(text.value if text.value.endswith((".service", "*")) else f"{text.value}.service")
    return tuple(patterns)
