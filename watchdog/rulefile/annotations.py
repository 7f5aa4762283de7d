"""
What a rule says about itself for people: description, runbook, version, labels.

The counterpart of what it does. Nothing here changes what the engine decides; all of it can reach a message, so it is short.
"""

import re
from typing import Final

import msgspec

from watchdog.model.runbook import LONGEST, is_text
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.keys import entries_of, text_of, words_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.values import wrong_with_url

LABEL: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
LONGEST_LABEL: Final = 100
MOST_LABELS: Final = 20
_WEB: Final = ("http://", "https://")


class Annotations(msgspec.Struct, frozen=True):
    """The texts, empty where nothing was written; labels by name, in the order of the file."""

    description: str = ""
    runbook: str = ""
    version: str = ""
    labels: dict[str, str] = {}


def read_annotations(values: dict[str, Node], findings: Findings) -> Annotations:
    """The annotations among a rule's values; what is wrong is noted and left out."""
    return Annotations(
        description=_text(values, "description", findings),
        runbook=_runbook(values, findings),
        version=_text(values, "version", findings),
        labels=_labels(values["labels"], findings) if "labels" in values else {},
    )


def _text(values: dict[str, Node], key: str, findings: Findings) -> str:
    node = values.get(key)
    text = text_of(node, f"'{key}'", findings) if node is not None else None
    return text.value if text is not None else ""


def _runbook(values: dict[str, Node], findings: Findings) -> str:
    """A page, a file, or what to do as text; what looks like the address of a page must be one, for it becomes a link."""
    written = _text(values, "runbook", findings).strip()
    is_address = written.startswith(_WEB) and "\n" not in written
    if is_text(written) and not is_address:
        if len(written) > LONGEST:
            findings.add(
                "E411",
                values["runbook"].span,
                f"the text of 'runbook' has {len(written):,} characters",
                hint=f"at most {LONGEST:,}; keep the rest where an address leads to",
            )
    elif is_address and (wrong := wrong_with_url(written)):
        findings.add("E411", values["runbook"].span, f"'runbook' {wrong}", hint="write it as https://HOST/PATH, or name a file")
    return written


def _labels(node: Node, findings: Findings) -> dict[str, str]:
    labels: dict[str, str] = {}
    for entry in entries_of(node, "'labels'", findings) or ():
        name = entry.key.text.value
        if not LABEL.fullmatch(name):
            findings.add("E410", entry.key.span, f"{quoted(name)} can't be the name of a label", hint="small letters, digits and '_'")
            continue
        text = words_of(entry.value, f"the label {quoted(name)}", findings)
        if text is None:
            continue
        if len(text.value) > LONGEST_LABEL or not text.value.isprintable():
            findings.add(
                "E410",
                entry.value.span,
                f"the label {quoted(name)} is no short text",
                hint=f"one line of at most {LONGEST_LABEL} characters",
            )
            continue
        labels[name] = text.value
    if len(labels) > MOST_LABELS:
        findings.add("E410", node.span, f"{len(labels)} labels are too many", hint=f"at most {MOST_LABELS}")
    return labels
