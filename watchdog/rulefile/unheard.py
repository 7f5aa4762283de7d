"""
Where people could answer and nobody may, or somebody may and can't: what `receivers:` and `ask:` of a config say of each other.

Warnings only: whoever wants to be told and never to answer has done nothing wrong, and is reminded that nobody can.
"""

from collections.abc import Mapping
from typing import Final

from watchdog.rulefile import nodes
from watchdog.rulefile.ask import AskSettings
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.receivers import ReceiverSettings

_AS: Final = {"matrix": "matrix:@ada:example.org", "slack": "slack:U012AB3CD"}


def warn_of_unheard(receivers: Mapping[str, ReceiverSettings], node: Node, ask: AskSettings, findings: Findings) -> None:
    """Receivers that listen where nobody is named for their channel; `node` is the section in which they stand."""
    named = {name.partition(":")[0] for name, _ in ask.people}
    for entry in node.entries if isinstance(node, nodes.Mapping) else ():
        its = receivers.get(entry.key.text.value)
        if its is not None and its.listens and its.type not in named:
            example = _AS.get(its.type, f"{its.type}:NAME")
            findings.add(
                "W623", entry.key.span, f"people could answer by {quoted(its.name)}, and nobody may", hint=f"ask: {{people: {{ada: ['{example}']}}}}"
            )  # fmt: skip
