"""Which alerts are meant, in a route or an inhibition of the config → `engine.routing.table.Match`; and lists of which one item can be written without brackets."""

from typing import Final

from watchdog.engine.routing.table import Match
from watchdog.model.fields import BY_KIND
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.keys import Keys, choice_of, entries_of, items_of
from watchdog.rulefile.names import read_names
from watchdog.rulefile.nodes import Node, Scalar, Sequence

KEYS: Final = Keys("a match", optional=("severity", "rule", "each", "entity", "target", "labels"))


def read_match(node: Node, findings: Findings) -> Match:
    """What was written; what is wrong is noted and left out."""
    values = KEYS.read(node, findings) or {}
    patterns = {name: several_names(values[name], f"'{name}'", findings) for name in ("rule", "entity", "target") if name in values}
    labels = entries_of(values["labels"], "'labels'", findings) or () if "labels" in values else ()
    return Match(
        severity=several_severities(values["severity"], "'severity'", findings) if "severity" in values else (),
        kind=tuple(Kind(name) for name in several_of(values["each"], "'each'", [kind.value for kind in BY_KIND], findings))
        if "each" in values
        else (),
        labels={one.key.text.value: several_names(one.value, f"the label {quoted(one.key.text.value)}", findings) for one in labels},
        **patterns,
    )


def several(node: Node, what: str, findings: Findings) -> tuple[Node, ...]:
    """The items of a list, or the one that stands there by itself."""
    if isinstance(node, Scalar) and not node.is_nothing:
        return (node,)
    items = items_of(node, what, findings)
    if items == () and isinstance(node, Sequence) and node.whole:
        findings.add("E123", node.span, f"{what} names nothing", hint="leave it out, or name something")
    return items or ()


def several_names(node: Node, what: str, findings: Findings) -> tuple[str, ...]:
    """The same as patterns."""
    return read_names(Sequence(several(node, what, findings), node.span), what, findings)


def several_of(node: Node, what: str, choices: list[str], findings: Findings) -> tuple[str, ...]:
    """The same where only some are known."""
    found = (choice_of(item, f"an item of {what}", choices, findings) for item in several(node, what, findings))
    return tuple(dict.fromkeys(name for name in found if name is not None))


def several_severities(node: Node, what: str, findings: Findings) -> tuple[Severity, ...]:
    """The same as severities."""
    return tuple(Severity(name) for name in several_of(node, what, [severity.value for severity in Severity], findings))
