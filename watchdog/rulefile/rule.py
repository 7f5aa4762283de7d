"""
One rule: its keys in YAML → `engine.rules.Rule`, every default filled in.

The counterpart of `rules`, which goes through the files. Whatever the operator's config changes about a rule takes the place of what the rule
says before anything is read, so that both are checked in the same way, each at its own place.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from watchdog.engine.rules import Rule, Step
from watchdog.errors import Span
from watchdog.lang.condition import Condition, both, read_condition
from watchdog.lang.template import Template, read_template
from watchdog.lang.text import Text
from watchdog.model import actions, changes
from watchdog.model.evidence import ALL
from watchdog.model.guards import GUARDS
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.parameters import Allowance
from watchdog.model.verdicts import Mode
from watchdog.model.vocabulary import BUILT, Vocabulary
from watchdog.rulefile.adjust import NO_ADJUSTMENT, Adjustment
from watchdog.rulefile.annotations import read_annotations
from watchdog.rulefile.define import NO_DEFINITIONS, Definitions
from watchdog.rulefile.findings import Findings, nearest, quoted
from watchdog.rulefile.keys import Keys, choice_of, items_of, words_of
from watchdog.rulefile.later import GUARD_SETTINGS
from watchdog.rulefile.lint import lint_rule
from watchdog.rulefile.names import Setting, default_setting, read_setting
from watchdog.rulefile.nodes import Node, Scalar
from watchdog.rulefile.proof import read_evidence, read_or_else, read_verify
from watchdog.rulefile.steps import read_steps
from watchdog.rulefile.values import read_duration

MATURITIES: Final = ("stable", "incubating", "sandbox")
"""From the most trusted to the least."""
NAME: Final = re.compile(r"[a-z0-9-]{1,64}")
KEYS: Final = Keys(
    "a rule",
    required=("rule", "each"),
    optional=(
        "summary",
        "description",
        "runbook",
        "version",
        "labels",
        "maturity",
        "severity",
        "where",
        "when",
        "on",
        "for",
        "keep_firing_for",
        "evidence",
        "then",
        "verify",
        "or_else",
        "mode",
        "guards",
        "notify",
    ),
)
_ALWAYS: Final = "true"
_T = TypeVar("_T")


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is the same for all rules of a file.

    `places` has the names of rules that were read so far, in any file, and grows; `receivers` is None if they are not known; `ceiling`
    is the mode that no adjustment may exceed; `protected` are the targets that no rule touches, `shares` what holds of the
    settings of its guards where neither the rule nor its action says anything.
    """

    places: dict[str, Span]
    receivers: Collection[str] | None
    definitions: Definitions = NO_DEFINITIONS
    adjustments: Mapping[str, Adjustment] = {}
    ceiling: Mode = Mode.ACT
    protected: tuple[str, ...] = ()
    shares: Mapping[str, Allowance] = {}
    vocabulary: Vocabulary = BUILT


def read_rule(node: Node, around: Surroundings, findings: Findings) -> Rule | None:
    """The rule; None if anything is wrong with it, which has been noted, or if the operator has switched it off."""
    return _RuleReader(node, around, findings).read()


class _RuleReader:
    """Reads one rule: one method for each key that is more than a value."""

    def __init__(self, node: Node, around: Surroundings, findings: Findings) -> None:
        self._node = node
        self._around = around
        self._findings = findings
        self._errors_before = findings.errors
        self._values = KEYS.read(node, findings) or {}
        name = self._values.get("rule")
        written = name.text.value if isinstance(name, Scalar) else ""
        self._adjustment = around.adjustments.get(written, NO_ADJUSTMENT)
        self._own_guards = self._values.get("guards")
        self._values = {**self._values, **self._adjustment.values}
        names = around.definitions.adjusted(self._adjustment, findings)
        self._names = msgspec.structs.replace(names, vocabulary=around.vocabulary)

    def read(self) -> Rule | None:
        """The rule; None if anything is wrong with it, which has been noted, or if the operator has switched it off."""
        name = self._if_written("rule", self._name)
        each = self._if_written("each", self._each)
        severity = self._choice("severity", [severity.value for severity in Severity], Severity.WARNING)
        maturity = self._choice("maturity", MATURITIES, MATURITIES[0])
        mode = self._choice("mode", [mode.value for mode in Mode], Mode.ACT)
        self._check_ceiling(Mode(mode))
        annotations = read_annotations(self._values, self._findings)
        hold = self._duration("for")
        keep_firing = self._duration("keep_firing_for")
        notify = self._if_written("notify", self._notify) or ()
        evidence = self._if_written("evidence", lambda node: read_evidence(node, self._findings))
        change = self._if_written("on", lambda node: self._change(node, each))
        self._check_start()
        where = when = summary = verify = None
        steps: tuple[Step, ...] = ()
        or_else: tuple[Step, ...] = ()
        if each is not None:
            where = self._if_written("where", lambda node: self._condition(node, "'where'", each))
            when = self._if_written("when", lambda node: self._condition(node, "'when'", each))
            if when is None and "on" in self._values:
                when = self._always(each)
            summary = self._if_written("summary", lambda node: self._summary(node, each))
            steps = self._if_written("then", lambda node: read_steps(node, each, self._findings)) or ()
            verify = self._if_written("verify", lambda node: read_verify(node, each, self._condition, self._findings))
            or_else = self._if_written("or_else", lambda node: read_or_else(node, each, self._findings)) or ()
        self._check_of_the_dead(change, steps, or_else)
        guards = self._guards(steps)
        if name is None or each is None or when is None or self._findings.errors > self._errors_before:
            return None
        rule = Rule(
            name=name.value,
            each=each,
            where=where,
            when=when,
            on=change,
            condition=both(where, when) if change is None else where or when,
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
            description=annotations.description,
            runbook=annotations.runbook,
            version=annotations.version,
            labels=annotations.labels,
            evidence=ALL if evidence is None else evidence,
            verify=verify,
            or_else=or_else,
        )
        if self._adjustment.disabled:
            return None
        lint_rule(rule, self._values, self._own_guards, self._findings)
        return rule

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
        if first := self._around.places.get(text.value):
            self._findings.add(
                "E402", node.span, f"a rule {quoted(text.value)} already stands at {first}", hint="give one of the two another name"
            )
            return None
        self._around.places[text.value] = node.span
        return text

    def _each(self, node: Node) -> Kind | None:
        text = words_of(node, "'each'", self._findings)
        if text is None:
            return None
        known = self._around.vocabulary.fields
        if text.value in list(Kind) and Kind(text.value) in known:
            return Kind(text.value)
        self._findings.add("E404", node.span, f"there are no entities called {quoted(text.value)}", hint=nearest(text.value, known))
        return None

    def _change(self, node: Node, each: Kind | None) -> str | None:
        name = choice_of(node, "'on'", changes.BY_NAME, self._findings)
        if name is None:
            return None
        kind = changes.BY_NAME[name].kind
        if each is not None and kind is not each:
            self._findings.add("E409", node.span, f"'{name}' is a change of a {kind}, the rule looks at each {each}", hint=f"each: {kind}")
            return None
        return name

    def _check_start(self) -> None:
        """A rule begins with a condition or with a change, not with both."""
        if "on" in self._values and "when" in self._values:
            message = "a rule has either 'on' or 'when', here are both"
            self._findings.add("E408", self._values["on"].span, message, hint="with 'on', say under 'where' which entities are meant")
        elif "on" not in self._values:
            KEYS.require(("when",), self._node, self._values, self._findings)

    def _check_of_the_dead(self, change: str | None, steps: Sequence[Step], or_else: Sequence[Step]) -> None:
        """What is for a process that has ended is decided when that is told, about the process that it is told of, before anything else."""
        leaves = change is not None and changes.BY_NAME[change].kind is Kind.PROCESS and changes.BY_NAME[change].leaves
        for number, step in enumerate((*steps, *or_else)):
            if step.action in actions.OF_THE_DEAD and (
                number or not steps or not leaves or step.target is None or step.target.text != "process"
            ):
                message = f"'{step.action}' is the first step of a rule that waits for the end of a process, and is for that process"
                self._findings.add(
                    "E414",
                    step.span,
                    message,
                    hint="write 'each: process', 'on: ProcessCrashed' (or ProcessVanished, JobsLeftBehind) and 'process: process'",
                )

    def _check_ceiling(self, mode: Mode) -> None:
        node, ceiling = self._adjustment.values.get("mode"), self._around.ceiling
        if node is not None and mode.rank > ceiling.rank:
            hint = f"at most {ceiling.value}, or raise the config's own mode"
            self._findings.add("E509", node.span, f"'{mode.value}' goes further than the config, which is in '{ceiling.value}'", hint=hint)

    def _condition(self, node: Node, what: str, each: Kind) -> Condition | None:
        text = words_of(node, what, self._findings)
        if text is None:
            return None
        condition, problems = read_condition(text, each, self._names)
        self._findings.take(problems)
        return condition

    def _always(self, each: Kind) -> Condition | None:
        """What stands in for the condition of a rule that waits for a change."""
        node = self._values["on"]
        return read_condition(Text(_ALWAYS, node.span.file), each)[0]

    def _summary(self, node: Node, each: Kind) -> Template | None:
        text = words_of(node, "'summary'", self._findings)
        if text is None:
            return None
        template, problems = read_template(text, each, self._names)
        self._findings.take(problems)
        return template

    def _notify(self, node: Node) -> tuple[str, ...]:
        names: dict[str, None] = {}
        receivers = self._around.receivers
        for item in items_of(node, "'notify'", self._findings) or ():
            text = words_of(item, "the name of a receiver", self._findings)
            if text is None:
                continue
            if receivers is not None and text.value not in receivers:
                hint = nearest(text.value, receivers) or "the config declares none: add it under 'receivers'"
                self._findings.add("E407", item.span, f"no receiver is called {quoted(text.value)}", hint=hint)
            names[text.value] = None
        return tuple(names)

    def _guards(self, steps: Sequence[Step]) -> dict[str, Setting]:
        """Every setting of the guard table: the operator's, else the rule's own, else that of its first action that has one, else the table's."""
        settings = {setting.name: setting for guard in GUARDS for setting in guard.settings}
        keys = Keys("'guards'", optional=tuple(settings), later=GUARD_SETTINGS)
        written: dict[str, Node] = {}
        for node in (self._own_guards, self._adjustment.values.get("guards")):
            if node is not None:
                written |= keys.read(node, self._findings) or {}
        values: dict[str, Setting] = {}
        for name, setting in settings.items():
            of_action = next((spec.guards[name] for step in steps if name in (spec := actions.BY_NAME[step.action]).guards), None)
            node = written.get(name)
            if node is not None:
                value = read_setting(node, setting, self._findings)
            elif of_action is None and name in self._around.shares:
                value = self._around.shares[name]
            else:
                value = default_setting(setting, instead=of_action)
            if value is not None:
                values[name] = value
        own = values.get("protected")
        return values | {"protected": (*self._around.protected, *(own if isinstance(own, tuple) else ()))}
