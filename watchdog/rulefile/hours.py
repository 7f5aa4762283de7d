"""Hours of the day, `22:00-06:00`, as a rule names them; the zone in which they are meant is looked up where files can be read."""

import re
from typing import Final

from watchdog.model.hours import DAY, Hours
from watchdog.model.parameters import ParameterSpec
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.keys import words_of
from watchdog.rulefile.nodes import Node

_HOURS: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")


def read_hours(node: Node, spec: ParameterSpec, findings: Findings) -> Hours | None:
    """The hours that were written; None if they are none, which is then noted."""
    text = words_of(node, f"'{spec.name}'", findings)
    if text is None:
        return None
    hours = hours_in(text.value)
    if hours is None:
        findings.add(
            "E413", node.span, f"'{spec.name}' can't be {quoted(text.value)}: two times of the day, by 24 hours", hint=spec.example
        )
    return hours


def hours_in(text: str) -> Hours | None:
    """The hours that a text stands for; None if it stands for none."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        return None
    first, first_minute, last, last_minute = (int(part) for part in found.groups())
    begin, end = first * 60 + first_minute, last * 60 + last_minute
    if max(first_minute, last_minute) > 59 or begin >= DAY or end > DAY or begin == end:
        return None
    return Hours(begin, end)
