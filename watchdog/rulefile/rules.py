"""
Texts of rule files → the rules that the engine runs, or problems.

The counterpart of `engine.rules`, which never sees YAML. Every file is read to its end, every default filled in, every
name checked against the tables of `model`; the language readers say what is wrong inside conditions.
"""

import re
from collections.abc import Callable, Collection, Sequence
from hashlib import sha256
from typing import Final, TypeVar

from watchdog.engine.rules import Rule, RuleSet, Step
from watchdog.errors import Problem, Span
from watchdog.lang.condition import Condition, both, read_condition
from watchdog.lang.template import Template, read_template
from watchdog.lang.text import Text
from watchdog.model import actions, fields
from watchdog.model.guards import GUARDS
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.verdicts import Mode
from watchdog.rulefile.findings import Findings, nearest, quoted
from watchdog.rulefile.keys import Keys, choice_of, items_of, not_supported, text_of, words_of
from watchdog.rulefile.later import GUARD_SETTINGS, RULE_KEYS
from watchdog.rulefile.nodes import Node, Scalar
from watchdog.rulefile.read_yaml import read_yaml
from watchdog.rulefile.steps import read_steps
from watchdog.rulefile.values import Value, default_of, read_duration, read_value

MATURITIES: Final = ("stable", "incubating", "sandbox")
NAME: Final = re.compile(r"[a-z0-9-]{1,64}")
_FILE_KEYS: Final = Keys("a rule file", required=("rules",), later=("define",))
_RULE_KEYS: Final = Keys(
    "a rule",
    required=("rule", "each", "when"),
    optional=(
        "summary",
        "description",
        "runbook",
        "maturity",
        "severity",
        "where",
        "for",
        "keep_firing_for",
        "then",
        "mode",
        "guards",
        "notify",
    ),
    later=RULE_KEYS,
)
_T = TypeVar("_T")


def read_rules(files: Sequence[tuple[str, str]], ceiling: Mode, receivers: Collection[str] | None) -> tuple[RuleSet, tuple[Problem, ...]]:
    """
    The rules of these files (name, text), in their order, and all that is wrong with them.

    `ceiling` is the global mode and lowers nothing here; `receivers` the names that `notify` may use, None if they are not known.
    A rule with anything wrong in it is left out.
    """
    rules: list[Rule] = []
    problems: list[Problem] = []
    places: dict[str, Span] = {}
    for name, text in files:
        findings = Findings()
        root, wrong = read_yaml(name, text)
        findings.take(wrong)
        if root is not None:
            rules.extend(_rules(root, places, receivers, findings))
        problems.extend(findings.in_order())
    return RuleSet(tuple(rules), digest_of(files), ceiling), tuple(problems)


def digest_of(files: Sequence[tuple[str, str]]) -> str:
    """SHA-256 over names and texts, each with its length, so that no two sets of files share it."""
    digest = sha256()
    for part in (part for file in files for part in file):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def _rules(root: Node, places: dict[str, Span], receivers: Collection[str] | None, findings: Findings) -> list[Rule]:
    values = _FILE_KEYS.read(root, findings) or {}
    items = items_of(values["rules"], "'rules'", findings) if "rules" in values else None
    rules = [_RuleReader(item, places, receivers, findings).read() for item in items or ()]
    return [rule for rule in rules if rule is not None]


class _RuleReader:
    """Reads one rule: one method for each key that is more than a value."""

    def __init__(self, node: Node, places: dict[str, Span], receivers: Collection[str] | None, findings: Findings) -> None:
        self._node = node
        self._places = places
        self._receivers = receivers
        self._findings = findings
        self._errors_before = findings.errors
        self._values = _RULE_KEYS.read(node, findings) or {}

    def read(self) -> Rule | None:
        """The rule; None if anything is wrong with it, which has been noted."""
        name = self._if_written("rule", self._name)
        each = self._if_written("each", self._each)
        severity = self._choice("severity", [severity.value for severity in Severity], Severity.WARNING)
        maturity = self._choice("maturity", MATURITIES, MATURITIES[0])
        mode = self._choice("mode", [mode.value for mode in Mode], Mode.ACT)
        for key in ("description", "runbook"):
            self._if_written(key, lambda node, key=key: text_of(node, f"'{key}'", self._findings))  # type: ignore[misc]  # mypy can't infer a lambda with a default
        hold = self._duration("for")
        keep_firing = self._duration("keep_firing_for")
        notify = self._if_written("notify", self._notify) or ()
        where = when = summary = None
        steps: tuple[Step, ...] = ()
        if each is not None:
            where = self._if_written("where", lambda node: self._condition(node, "'where'", each))
            when = self._if_written("when", lambda node: self._condition(node, "'when'", each))
            summary = self._if_written("summary", lambda node: self._summary(node, each))
            steps = self._if_written("then", lambda node: read_steps(node, each, self._findings)) or ()
        guards = self._guards(steps)
        if name is None or each is None or when is None or self._findings.errors > self._errors_before:
            return None
        return Rule(
            name=name.value,
            each=each,
            where=where,
            when=when,
            condition=both(where, when),
            hold=hold,
            keep_firing=keep_firing,
            severity=Severity(severity),
            mode=Mode(mode),
            steps=steps,
            guards=guards,
            notify=notify,
            summary=summary,
            maturity=maturity,
            span=name.span(0, len(name.value)),
        )

    def _if_written(self, key: str, read: Callable[[Node], _T | None]) -> _T | None:
        node = self._values.get(key)
        return None if node is None else read(node)

    def _choice(self, key: str, choices: Collection[str], default: str) -> str:
        return self._if_written(key, lambda node: choice_of(node, f"'{key}'", choices, self._findings)) or default

    def _duration(self, key: str) -> int:
        return self._if_written(key, lambda node: read_duration(node, key, self._findings)) or 0

    def _name(self, node: Node) -> Text | None:
        text = words_of(node, "the name of a rule", self._findings)
        if text is None:
            return None
        if not NAME.fullmatch(text.value):
            self._findings.add(
                "E401", node.span, f"{quoted(text.value)} can't be the name of a rule", hint="small letters, digits and '-', at most 64"
            )
            return None
        if first := self._places.get(text.value):
            self._findings.add(
                "E402", node.span, f"a rule {quoted(text.value)} already stands at {first}", hint="give one of the two another name"
            )
            return None
        self._places[text.value] = node.span
        return text

    def _each(self, node: Node) -> Kind | None:
        text = words_of(node, "'each'", self._findings)
        if text is None:
            return None
        if text.value in list(Kind) and Kind(text.value) in fields.BY_KIND:
            return Kind(text.value)
        if text.value in list(Kind) and isinstance(node, Scalar):
            not_supported(node, f"each: {text.value}", self._findings)
        else:
            self._findings.add(
                "E404", node.span, f"there are no entities called {quoted(text.value)}", hint=nearest(text.value, fields.BY_KIND)
            )
        return None

    def _condition(self, node: Node, what: str, each: Kind) -> Condition | None:
        text = words_of(node, what, self._findings)
        if text is None:
            return None
        condition, problems = read_condition(text, each)
        self._findings.take(problems)
        return condition

    def _summary(self, node: Node, each: Kind) -> Template | None:
        text = words_of(node, "'summary'", self._findings)
        if text is None:
            return None
        template, problems = read_template(text, each)
        self._findings.take(problems)
        return template

    def _notify(self, node: Node) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for item in items_of(node, "'notify'", self._findings) or ():
            text = words_of(item, "the name of a receiver", self._findings)
            if text is None:
                continue
            if self._receivers is not None and text.value not in self._receivers:
                hint = nearest(text.value, self._receivers) or "the config declares none: add it under 'receivers'"
                self._findings.add("E407", item.span, f"no receiver is called {quoted(text.value)}", hint=hint)
            names[text.value] = None
        return tuple(names)

    def _guards(self, steps: Sequence[Step]) -> dict[str, Value]:
        """Every setting of the guard table: the rule's own, else that of its first action that has one, else the table's."""
        settings = {setting.name: setting for guard in GUARDS for setting in guard.settings}
        written: dict[str, Node] = {}
        if "guards" in self._values:
            written = Keys("'guards'", optional=tuple(settings), later=GUARD_SETTINGS).read(self._values["guards"], self._findings) or {}
        values: dict[str, Value] = {}
        for name, setting in settings.items():
            of_action = next((spec.guards[name] for step in steps if name in (spec := actions.BY_NAME[step.action]).guards), None)
            node = written.get(name)
            value = read_value(node, setting, self._findings) if node is not None else default_of(setting, instead=of_action)
            if value is not None:
                values[name] = value
        return values
