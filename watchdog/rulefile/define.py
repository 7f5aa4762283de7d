"""
`define:` of a rule file: lists of strings, values and conditions that its rules use by name.

The counterpart of `lang.names`, which says what a name means inside a condition. Here is only read what was defined; what an
operator has set otherwise for one rule takes its place there.
"""

import re
from typing import Final

import msgspec

from watchdog.errors import Problem
from watchdog.lang.complaint import Complaints
from watchdog.lang.literal import read_literal
from watchdog.lang.names import NO_NAMES, Names, read_name, read_names
from watchdog.lang.parser import parse
from watchdog.lang.syntax import Value
from watchdog.lang.text import Text
from watchdog.model.kinds import Type
from watchdog.rulefile.adjust import Adjustment
from watchdog.rulefile.findings import Findings, nearest, quoted
from watchdog.rulefile.keys import entries_of, items_of, words_of
from watchdog.rulefile.nodes import Node, Sequence

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
"""What `lang.names.read_name` takes for a word, for those who only need its form."""


class Definitions(msgspec.Struct, frozen=True):
    """
    `sets` are lists of strings, `texts` conditions and values, as they were written; `words` every name that was defined, usable or not.

    `names` is what the language makes of them.
    """

    sets: dict[str, tuple[Text, ...]] = {}
    texts: dict[str, Text] = {}
    words: frozenset[str] = frozenset()
    names: Names = NO_NAMES

    def adjusted(self, adjustment: Adjustment, findings: Findings) -> Names:
        """The names, with what the operator has set otherwise for one rule; one that the rule's file doesn't define is noted."""
        if not adjustment.define:
            return self.names
        sets, texts = dict(self.sets), dict(self.texts)
        for name, node in adjustment.define.items():
            if name not in self.words:
                hint = nearest(name, self.words) or "the file of this rule defines nothing"
                findings.add("E510", adjustment.names[name].span, f"nothing is defined as {quoted(name)} where the rule stands", hint=hint)
            elif name in self.sets and (strings := _strings(node, name, findings)) is not None:
                sets[name] = strings
            elif name in self.texts and (text := words_of(node, f"the definition {quoted(name)}", findings)) is not None:
                wrong = _unlike(self.texts[name], text)
                findings.take(wrong)
                texts |= {} if wrong else {name: text}
        names, problems = read_names(texts, sets)
        # Those of the file have been told where it was read.
        own = {node.span.file for node in adjustment.define.values()}
        findings.take(problem for problem in problems if problem.span.file in own)
        return names


NO_DEFINITIONS: Final = Definitions()


def read_definitions(node: Node, findings: Findings) -> Definitions:
    """What stands under `define`; what is wrong is noted, and silent where it is used."""
    sets: dict[str, tuple[Text, ...]] = {}
    texts: dict[str, Text] = {}
    words = set()
    for entry in entries_of(node, "'define'", findings) or ():
        name, problems = read_name(entry.key.text)
        findings.take(problems)
        if name is None:
            continue
        words.add(name)
        if isinstance(entry.value, Sequence):
            sets[name] = _strings(entry.value, name, findings) or ()
        else:
            text = words_of(entry.value, f"the definition {quoted(name)}", findings)
            # Silent where it is used: the language knows an empty set as one of which all has been said.
            sets |= {name: ()} if text is None else {}
            texts |= {name: text} if text is not None else {}
    names, problems = read_names(texts, sets)
    findings.take(problems)
    return Definitions(sets, texts, frozenset(words), names)


def _unlike(before: Text, text: Text) -> tuple[Problem, ...]:
    """What is wrong with a threshold that takes the place of another: it must be of its type. Told here, for the rule can't know where it came from."""
    node = parse(Complaints(before))
    if not isinstance(node, Value) or node.type is Type.STRING:
        return ()
    return read_literal(text, node.type)[1]


def _strings(node: Node, name: str, findings: Findings) -> tuple[Text, ...] | None:
    items = items_of(node, f"the definition {quoted(name)}", findings)
    if items is None:
        return None
    texts = [words_of(item, f"an item of {quoted(name)}", findings) for item in items]
    if isinstance(node, Sequence) and node.whole and not items:
        findings.add("E123", node.span, f"the definition {quoted(name)} is an empty list", hint="a list has at least one item")
    return tuple(text for text in texts if text is not None)
