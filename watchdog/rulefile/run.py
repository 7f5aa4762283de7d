"""What a rule says of a named command: the values of its arguments. Whether they fit root's definition of it is a matter of `commanded`."""

from watchdog.lang.given import Given, read_given
from watchdog.model.kinds import Kind
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.keys import entries_of, words_of
from watchdog.rulefile.nodes import Node


def read_given_values(node: Node, each: Kind, findings: Findings) -> dict[str, Given]:
    """The values under `with`, by name of the argument; those that are wrong are noted and left out."""
    values: dict[str, Given] = {}
    for entry in entries_of(node, "'with'", findings) or ():
        text = words_of(entry.value, f"'{entry.key.text.value[:40]}'", findings)
        if text is not None:
            value, problems = read_given(text, each)
            findings.take(problems)
            if value is not None:
                values[entry.key.text.value] = value
    return values
