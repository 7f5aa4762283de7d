"""
What stands around the steps of a rule: `evidence` before them, `verify` after them, `or_else` where they fail.

The counterpart of `steps`.
"""

from collections.abc import Callable
from typing import Final

from watchdog.engine.rules import Step, Verify
from watchdog.lang.condition import Condition
from watchdog.model import evidence
from watchdog.model.kinds import Kind
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.keys import Keys, choice_of, items_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.steps import read_steps
from watchdog.rulefile.values import read_duration

_VERIFY: Final = Keys("'verify'", required=("when", "within"))


def read_evidence(node: Node, findings: Findings) -> tuple[str, ...]:
    """Names of things to collect, each once."""
    names: dict[str, None] = {}
    for item in items_of(node, "'evidence'", findings) or ():
        name = choice_of(item, "an item of 'evidence'", evidence.BY_NAME, findings)
        if name is not None:
            names[name] = None
    return tuple(names)


def read_verify(node: Node, each: Kind, read_when: Callable[[Node, str, Kind], Condition | None], findings: Findings) -> Verify | None:
    """The proof that the steps helped; `read_when` reads its condition as it does the rule's own."""
    values = _VERIFY.read(node, findings) or {}
    when = read_when(values["when"], "'when' of 'verify'", each) if "when" in values else None
    within = read_duration(values["within"], "within", findings) if "within" in values else None
    if when is None or within is None:
        return None
    return Verify(when, within)


def read_or_else(node: Node, each: Kind, findings: Findings) -> tuple[Step, ...]:
    """The steps for when one of `then` has failed."""
    return read_steps(node, each, findings, key="or_else")
