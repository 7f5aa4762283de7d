"""
The shape of a YAML value: which keys a mapping may have, and whether something is a text, a list or a mapping.

The counterpart of a schema. What it can't accept it reports, and gives None; where that was already reported
by the parser it keeps silent. Values are never quoted here: they can be secrets.
"""

from collections.abc import Collection
from typing import Final, assert_never

import msgspec

from watchdog.lang.text import Text
from watchdog.rulefile.findings import Findings, nearest, quoted
from watchdog.rulefile.nodes import Entry, Mapping, Node, Refused, Scalar, Sequence

TEXT: Final = "a single value"
LIST: Final = "a list"
MAPPING: Final = "a mapping"
_HINTS: Final = {
    TEXT: "write one value behind the key",
    LIST: "write it as [one, two], or one '- item' a line",
    MAPPING: "write 'key: value', one a line",
}


class Keys(msgspec.Struct, frozen=True):
    """
    The keys of one kind of mapping.

    `what` names the mapping in messages ("a rule"); `later` are keys that this version refuses by name.
    """

    what: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    later: Collection[str] = ()

    def read(self, node: Node, findings: Findings) -> dict[str, Node] | None:
        """The values by key, those that are unknown or not supported left out; None if it is no mapping."""
        entries = entries_of(node, self.what, findings)
        if entries is None:
            return None
        known = (*self.required, *self.optional)
        values: dict[str, Node] = {}
        for entry in entries:
            name = entry.key.text.value
            if name in known:
                values[name] = entry.value
            elif name in self.later:
                not_supported(entry.key, f"the key {quoted(name)}", findings)
            elif findings.full:
                break
            else:
                findings.add("E120", entry.key.span, f"unknown key {quoted(name)} in {self.what}", hint=nearest(name, known))
        self.require(self.required, node, values, findings)
        return values

    def require(self, names: Collection[str], node: Node, values: Collection[str], findings: Findings) -> None:
        """Note which of these names are not among `values`, those that were read of `node`."""
        if isinstance(node, Mapping) and node.whole:
            for name in names:
                if name not in values:
                    findings.add("E121", node.span, f"the key '{name}' is missing in {self.what}", hint=f"add '{name}: …'")


def not_supported(name: Scalar, what: str, findings: Findings) -> None:
    """Note that this version doesn't know `what`, which a later one does."""
    findings.add("E403", name.span, f"{what} is not supported by this version", hint="remove it, or install a version that has it")


def entries_of(node: Node, what: str, findings: Findings) -> tuple[Entry, ...] | None:
    """The entries of a mapping; None if it is something else."""
    if isinstance(node, Mapping):
        return node.entries
    _not_expected(node, what, MAPPING, findings)
    return None


def items_of(node: Node, what: str, findings: Findings) -> tuple[Node, ...] | None:
    """The items of a list; None if it is something else."""
    if isinstance(node, Sequence):
        return node.items
    _not_expected(node, what, LIST, findings)
    return None


def text_of(node: Node, what: str, findings: Findings) -> Text | None:
    """A single value as it was written; it can be an empty text in quotes; None if it is something else, or nothing."""
    if isinstance(node, Scalar) and not node.is_nothing:
        return node.text
    _not_expected(node, what, TEXT, findings)
    return None


def words_of(node: Node, what: str, findings: Findings) -> Text | None:
    """A single value that is not blank; None if it is something else."""
    text = text_of(node, what, findings)
    if text is not None and not text.value.strip():
        findings.add("E122", node.span, f"{what} is empty", hint="write something, or leave it out")
        return None
    return text


def choice_of(node: Node, what: str, choices: Collection[str], findings: Findings) -> str | None:
    """A single value that is one of `choices`."""
    text = words_of(node, what, findings)
    if text is None or text.value in choices:
        return None if text is None else text.value
    findings.add("E124", node.span, f"{what} can't be {quoted(text.value)}", hint=nearest(text.value, choices))
    return None


def _not_expected(node: Node, what: str, expected: str, findings: Findings) -> None:
    match node:
        case Refused():
            return
        case Mapping(whole=False) | Sequence(whole=False):
            return
        case Scalar():
            found = "nothing" if node.is_nothing else "a single value"
        case Sequence():
            found = "a list"
        case Mapping():
            found = "a mapping"
        case _:
            assert_never(node)
    findings.add("E122", node.span, f"{what} must be {expected}, found {found}", hint=_HINTS[expected])
