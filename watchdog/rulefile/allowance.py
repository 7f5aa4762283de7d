"""So many times in so long a time, `3/1h`: how often something may be done, or may happen."""

from typing import Final

from watchdog.lang.literal import read_literal
from watchdog.lang.text import Text
from watchdog.model.kinds import Type
from watchdog.model.parameters import Allowance, ParameterSpec
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.keys import words_of
from watchdog.rulefile.nodes import Node

MOST: Final = 1_000
"""No more times: each of them is remembered."""


def read_allowance(node: Node, spec: ParameterSpec, findings: Findings) -> Allowance | None:
    """The allowance that was written; None if it is none, which is then noted."""
    text = words_of(node, f"'{spec.name}'", findings)
    if text is None:
        return None
    allowance = allowance_in(text.value)
    if allowance is not None and allowance.per > spec.longest:
        days = spec.longest // 86_400_000
        findings.add(
            "E412",
            node.span,
            f"'{spec.name}' can't be {quoted(text.value)}: nothing is remembered for more than {days} d",
            hint=spec.example,
        )
        return None
    if allowance is None:
        findings.add(
            "E412", node.span, f"'{spec.name}' can't be {quoted(text.value)}: it is so many times in so long a time", hint=spec.example
        )
    return allowance


def allowance_in(text: str) -> Allowance | None:
    """The allowance that a text stands for; None if it stands for none."""
    times, slash, time = text.partition("/")
    per = read_literal(Text(time.strip(), ""), Type.DURATION)[0] if slash else None
    if not times.strip().isascii() or not times.strip().isdigit() or len(times.strip()) > len(str(MOST)) or not isinstance(per, int):
        return None
    return Allowance(int(times), per) if int(times) <= MOST and per > 0 else None
