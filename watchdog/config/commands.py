"""
The commands that rules have run, against root's definitions of them.

The counterpart of `zones`: what only this machine knows is put into the rules. Where no rule runs anything the file is not even looked for.
"""

from pathlib import Path

from watchdog.commands.trusted import read
from watchdog.engine.rules import RuleSet
from watchdog.model.named.reading import DefinitionError
from watchdog.rulefile.commanded import runs_of, with_commands
from watchdog.rulefile.findings import Findings


def checked_commands(rules: RuleSet, path: Path, findings: Findings) -> RuleSet:
    """The rules with what they need of the definitions in that file; what does not fit them, or that they can't be read, is noted at the step."""
    steps = runs_of(rules)
    if not steps:
        return rules
    try:
        definitions = read(path)
    except DefinitionError as error:
        findings.add(
            "E519", steps[0].span, f"the commands can't be known: {error}", hint="packaging/commands.toml is an example of such a file"
        )
        return rules
    return with_commands(rules, definitions, findings, place=str(path))
