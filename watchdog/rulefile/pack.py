"""
`pack.yml`: what a folder of rule files says about itself.

The counterpart of the rules in it, which say what is to be done. A manifest promises a version of the program that suffices, and how far
its least trusted rule can be trusted; both promises are checked.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from watchdog.engine.rules import Rule
from watchdog.errors import Problem, Span
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.keys import Keys, choice_of, words_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.read_yaml import read_yaml
from watchdog.rulefile.rule import MATURITIES, NAME

VERSION: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){0,2}")
_KEYS: Final = Keys("a manifest", required=("pack", "version", "description"), optional=("requires", "maturity"))


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """
    A pack.

    `requires` is the first version of the program that can run it, empty if any can; `maturity` that of its least trusted
    rule. `spans` are the places of its keys.
    """

    name: str
    version: str
    description: str
    requires: str
    maturity: str
    spans: dict[str, Span]


def read_manifest(file: str, text: str, *, folder: str, program: str) -> tuple[Manifest | None, tuple[Problem, ...]]:
    """
    The manifest of the pack in the folder of that name, and all that is wrong with it; None if any of it is.

    `program` is the version of this program: `1.2.0`, whatever follows the numbers is left out.
    """
    findings = Findings()
    root, problems = read_yaml(file, text)
    findings.take(problems)
    manifest = _manifest(root, folder, program, findings) if root is not None else None
    return (None if findings.errors else manifest), findings.in_order()


def unfit_for(manifest: Manifest, rules: Iterable[Rule]) -> tuple[Problem, ...]:
    """The rules that are less mature than their pack promises."""
    promised = MATURITIES.index(manifest.maturity)
    return tuple(
        Problem(
            "E422",
            rule.span,
            f"the rule is '{rule.maturity}', and the pack {quoted(manifest.name)} promises '{manifest.maturity}' of all its rules",
            hint="take it out of the pack, or lower 'maturity' in pack.yml",
        )
        for rule in rules
        if MATURITIES.index(rule.maturity) > promised
    )


def _manifest(root: Node, folder: str, program: str, findings: Findings) -> Manifest | None:
    values = _KEYS.read(root, findings)
    if values is None:
        return None
    texts = {key: text.value if (text := words_of(node, f"'{key}'", findings)) else "" for key, node in values.items() if key != "maturity"}
    maturity = choice_of(values["maturity"], "'maturity'", MATURITIES, findings) if "maturity" in values else MATURITIES[0]
    name = texts.get("pack", "")
    if name and (not NAME.fullmatch(name) or name != folder):
        findings.add(
            "E420",
            values["pack"].span,
            f"the pack is called {quoted(name)}, its folder {quoted(folder)}",
            hint="one name for both: small letters, digits, '-'",
        )
    for key in ("version", "requires"):
        if (written := texts.get(key)) and not VERSION.fullmatch(written):
            findings.add("E420", values[key].span, f"{quoted(written)} is no version", hint="numbers with dots, like 1.4.0")
    requires = texts.get("requires", "")
    if VERSION.fullmatch(requires) and _numbers(requires) > _numbers(program):
        findings.add(
            "E421",
            values["requires"].span,
            f"the pack needs version {requires} of the program, this is {program}",
            hint="install that version",
        )
    return Manifest(
        name=name,
        version=texts.get("version", ""),
        description=texts.get("description", ""),
        requires=requires,
        maturity=maturity or MATURITIES[0],
        spans={key: node.span for key, node in values.items()},
    )


def _numbers(version: str) -> tuple[int, ...]:
    """For comparison: `1.2` is `1.2.0`, and what follows the numbers (`rc1`, `+local`) is left out."""
    match = VERSION.match(version)
    numbers = [int(part) for part in match.group().split(".")] if match else []
    return (*numbers, 0, 0, 0)[:3]
