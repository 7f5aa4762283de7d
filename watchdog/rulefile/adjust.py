"""
The operator's changes: `adjust:` in the config, by the name of the rule, so that no file of a pack has to be edited.

The counterpart of a rule's own keys. Only the shape is read here; a value takes the place of the rule's own and is then checked as that
would be, at its place in the config.
"""

from typing import Final

import msgspec

from watchdog.lang.literal import read_literal
from watchdog.model.kinds import Type
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.keys import Keys, entries_of, words_of
from watchdog.rulefile.nodes import Node, Scalar

TAKES_PLACE: Final = ("for", "keep_firing_for", "mode", "severity", "notify", "guards")
"""The keys of a rule that can be adjusted. Of `guards` only the settings that are written."""
_KEYS: Final = Keys("an adjustment", optional=(*TAKES_PLACE, "disabled", "define"))


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is to be different about one rule.

    `rule` is its name as it stands in the config; `values` take the place of its own; `define` of what its file defines, for this rule alone.
    """

    rule: Scalar | None = None
    values: dict[str, Node] = {}
    define: dict[str, Node] = {}
    names: dict[str, Scalar] = {}
    disabled: bool = False


NO_ADJUSTMENT: Final = Adjustment()


def read_adjustments(node: Node, findings: Findings) -> dict[str, Adjustment]:
    """The adjustments by name of the rule; whether there is such a rule is not known here."""
    adjustments = {}
    for entry in entries_of(node, "'adjust'", findings) or ():
        values = _KEYS.read(entry.value, findings)
        if values is None:
            continue
        defined = entries_of(values["define"], "'define'", findings) or () if "define" in values else ()
        adjustments[entry.key.text.value] = Adjustment(
            rule=entry.key,
            values={key: value for key, value in values.items() if key in TAKES_PLACE},
            define={one.key.text.value: one.value for one in defined},
            names={one.key.text.value: one.key for one in defined},
            disabled=_is_true(values["disabled"], findings) if "disabled" in values else False,
        )
    return adjustments


def _is_true(node: Node, findings: Findings) -> bool:
    text = words_of(node, "'disabled'", findings)
    if text is None:
        return False
    value, problems = read_literal(text, Type.BOOL)
    findings.take(problems[:1])
    return value is True
