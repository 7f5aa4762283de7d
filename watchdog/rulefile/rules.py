"""
Texts of rule files → the rules that the engine runs, or problems.

The counterpart of `engine.rules`, which never sees YAML. Every file is read to its end, every default filled in, every
name checked against the tables of `model`; the language readers say what is wrong inside conditions.
"""

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from pathlib import PurePath
from typing import Final

import msgspec

from watchdog.engine.rules import Rule, RuleSet
from watchdog.errors import Problem, Span
from watchdog.model.parameters import Allowance
from watchdog.model.verdicts import Mode
from watchdog.model.vocabulary import BUILT, Vocabulary
from watchdog.rulefile import nodes
from watchdog.rulefile.adjust import Adjustment
from watchdog.rulefile.ask import NOBODY_NAMED, AskSettings
from watchdog.rulefile.by_hand import guards_by_hand
from watchdog.rulefile.define import read_definitions
from watchdog.rulefile.findings import Findings, nearest, quoted
from watchdog.rulefile.keys import Keys, items_of
from watchdog.rulefile.lint import lint_together
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.read_yaml import read_yaml
from watchdog.rulefile.rule import Surroundings, read_rule
from watchdog.rulefile.wording import wording

_FILE_KEYS: Final = Keys("a rule file", required=("rules",), optional=("define",))
_NOTHING: Final[Mapping[str, Adjustment]] = {}
_NO_SHARES: Final[Mapping[str, Allowance]] = {}


def read_rules(
    files: Sequence[tuple[str, str]],
    ceiling: Mode,
    receivers: Collection[str] | None,
    *,
    adjust: Mapping[str, Adjustment] = _NOTHING,
    protected: Sequence[str] = (),
    shares: Mapping[str, Allowance] = _NO_SHARES,
    ask: AskSettings = NOBODY_NAMED,
    vocabulary: Vocabulary = BUILT,
) -> tuple[RuleSet, tuple[Problem, ...]]:
    """
    The rules of these files (name, text), in their order, and all that is wrong with them.

    `ceiling` is the global mode and lowers nothing here; `receivers` the names that `notify` may use, None if they are not known; `adjust`
    what the config changes, by name of the rule; `protected` the targets that none of them touches; `shares` the budgets of those that have none of their own; `ask` who is asked; `vocabulary` the fields that there are.
    A rule with anything wrong in it is left out, and so is one that the operator has switched off.
    """
    rules: list[Rule] = []
    found: dict[str, Findings] = {}
    places: dict[str, Span] = {}
    whole = True
    for name, text in files:
        findings = found.setdefault(name, Findings())
        root, wrong = read_yaml(name, text)
        findings.take(wrong)
        whole = whole and isinstance(root, nodes.Mapping) and root.whole
        if root is not None:
            around = Surroundings(
                places=places,
                receivers=receivers,
                adjustments=adjust,
                ceiling=ceiling,
                protected=tuple(protected),
                shares=shares,
                ask=ask,
                vocabulary=vocabulary,
            )
            rules.extend(_rules(root, around, findings))
    for problem in lint_together(rules):
        found[problem.span.file].take((problem,))
    in_files = [problem for findings in found.values() for problem in findings.in_order()]
    # What is wrong with an adjustment was found where the rule was read, and stands in the config.
    elsewhere = [problem for problem in in_files if problem.span.file not in found]
    strangers = _strangers(adjust, places) if whole else ()
    problems = (*(problem for problem in in_files if problem.span.file in found), *elsewhere, *strangers)
    return RuleSet(
        tuple(rules), digest_of(_with_adjustments(files, adjust, protected, shares, ask)), ceiling, guards_by_hand(protected, ask.people)
    ), problems


def digest_of(files: Sequence[tuple[str, str]]) -> str:
    """SHA-256 over names and texts, each with its length, so that no two sets of files share it."""
    digest = sha256()
    for part in (part for file in files for part in file):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def _rules(root: Node, around: Surroundings, findings: Findings) -> list[Rule]:
    values = _FILE_KEYS.read(root, findings) or {}
    if "define" in values:
        around = msgspec.structs.replace(around, definitions=read_definitions(values["define"], findings))
    items = items_of(values["rules"], "'rules'", findings) if "rules" in values else None
    rules = [read_rule(item, around, findings) for item in items or ()]
    return [rule for rule in rules if rule is not None]


def _strangers(adjust: Mapping[str, Adjustment], places: Mapping[str, Span]) -> tuple[Problem, ...]:
    """The adjustments that are for no rule at all."""
    findings = Findings()
    for name, adjustment in adjust.items():
        if name not in places and adjustment.rule is not None:
            findings.add("E508", adjustment.rule.span, f"no rule is called {quoted(name)}", hint=nearest(name, places))
    return findings.in_order()


def _with_adjustments(
    files: Sequence[tuple[str, str]],
    adjust: Mapping[str, Adjustment],
    protected: Sequence[str],
    shares: Mapping[str, Allowance],
    ask: AskSettings,
) -> Sequence[tuple[str, str]]:
    """The texts with what the config says beside them."""
    adjusted = ((name, wording(adjustment)) for name, adjustment in adjust.items())
    return (
        # Whoever stands elsewhere, or has copied it all to another machine, calls the same files otherwise.
        *((PurePath(name).name, text) for name, text in files),
        *adjusted,
        *(("protected", pattern) for pattern in protected),
        *((name, str(share)) for name, share in sorted(shares.items())),
        *(() if ask == NOBODY_NAMED else (("ask", wording(ask)),)),
    )
