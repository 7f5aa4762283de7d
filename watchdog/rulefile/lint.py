"""
The danger linter: rules that can run, and that their author will probably regret.

The counterpart of the checks that refuse a rule: all of this is warnings, about rules that nothing else is wrong with. It reads the
rule as the engine will run it and, for the places, the nodes that it was written as. It must never change a rule.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from watchdog.engine.rules import Rule, Step
from watchdog.errors import Problem, Span
from watchdog.model.actions import OF_THE_DEAD, acts_on
from watchdog.model.targets import TargetKind
from watchdog.model.verdicts import Mode
from watchdog.rulefile import nodes
from watchdog.rulefile.cover import covered
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.lint_conditions import lint_condition, looks_back
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.templates import lint_numbers, lint_templates

SHORTEST_GRACE: Final = 30_000
"""Sidekiq gives its jobs 25 s to end after TERM (`timeout`, its default), then needs a moment to push them back (milliseconds)."""


def lint_rule(rule: Rule, written: Mapping[str, Node], own_guards: Node | None, findings: Findings) -> None:
    """
    Note what is dangerous about one rule.

    `written` has the values of its keys as they hold, `own_guards` what stands in its file under `guards`, where the operator has adjusted some.
    """
    steps = (*rule.steps, *rule.or_else)
    if steps:
        guards = tuple(node for node in (written.get("guards"), own_guards) if node is not None)
        findings.take(
            (
                *_haste(rule, steps[0]),
                *_moment(rule, steps[0]),
                *_stopped(rule, steps[0]),
                *_repetition(rule, guards, steps[0]),
                *_reach(rule, guards),
                *_trust(rule, written),
            )
        )
        findings.take(lint_templates(steps))
        findings.take((*_graces(rule.steps, written.get("then")), *_graces(rule.or_else, written.get("or_else"))))
    findings.take(_nothing_before(rule, written))
    conditions = ((rule.where, written.get("where")), (rule.when, written.get("when")))
    texts = [(condition.tree.syntax, node.text) for condition, node in conditions if condition and isinstance(node, nodes.Scalar)]
    findings.take(lint_condition(rule.condition.tree, texts))


def lint_together(rules: Sequence[Rule]) -> tuple[Problem, ...]:
    """What is wrong between rules of all files: those that another one covers, and numbers that don't fit together."""
    covers = (
        Problem(
            "W614",
            rule.span,
            f"whenever this rule holds, {quoted(other.name)} ({other.span}) holds too, and does and says the same",
            hint="remove one of the two, or let them differ in what they do",
        )
        for rule, other in covered(rules)
    )
    return (*covers, *lint_numbers(rules))


def _haste(rule: Rule, step: Step) -> Iterator[Problem]:
    if not rule.hold and rule.on is None and not looks_back(rule.condition.tree):
        yield Problem(
            "W610",
            step.span,
            "the rule acts on the first reading that fits: it has no 'for' and looks at no history",
            hint="add 'for: 20s', two beats of Sidekiq and more",
        )


def _moment(rule: Rule, step: Step) -> Iterator[Problem]:
    if rule.on is not None and rule.steps and not rule.keep_firing and step.action not in OF_THE_DEAD:
        yield Problem(
            "W617",
            step.span,
            "an alert on a change is over in the same moment, so nothing is ever done",
            hint="add 'keep_firing_for: 1m', the time that the action may take to come through",
        )


def _stopped(rule: Rule, step: Step) -> Iterator[Problem]:
    if rule.on == "UnitStopped" and acts_on(step.action) is TargetKind.UNIT:
        yield Problem("W619", step.span, "a unit that was stopped is never started", hint="on: UnitFailed")


def _repetition(rule: Rule, guards: Sequence[Node], step: Step) -> Iterator[Problem]:
    node = _first(guards, "cooldown")
    if step.action in OF_THE_DEAD:
        return
    if node is None:
        yield Problem(
            "W611",
            step.span,
            "the rule acts and names no cooldown, so that of the guard table holds",
            hint="write 'guards: {cooldown: 15m}', or the time that a restart needs to show",
        )
    elif not rule.guards["cooldown"]:
        yield Problem("W611", node.span, "without a cooldown the same target is acted on again and again", hint="cooldown: 15m")


def _reach(rule: Rule, guards: Sequence[Node]) -> Iterator[Problem]:
    node = _first(guards, "keep")
    if node is not None and not rule.guards["keep"]:
        yield Problem("W612", node.span, "'keep: 0%' lets the rule take away the last process of a queue", hint="keep: 50%")


def _nothing_before(rule: Rule, written: Mapping[str, Node]) -> Iterator[Problem]:
    """`verify` and `or_else` of a rule that does nothing."""
    if rule.steps:
        return
    for key in ("verify", "or_else"):
        if (node := written.get(key)) is not None:
            yield Problem(
                "W618",
                node.span,
                f"there are no steps under 'then', so '{key}' never has its turn",
                hint=f"remove '{key}', or write what is to be done",
            )


def _trust(rule: Rule, written: Mapping[str, Node]) -> Iterator[Problem]:
    node = written.get("maturity")
    if node is not None and rule.maturity == "sandbox" and rule.mode in (Mode.ACT, Mode.ASK):
        yield Problem(
            "W613",
            node.span,
            "a rule that is still being tried out can act",
            hint="add 'mode: dry-run', or raise its maturity once its audit has convinced you",
        )


def _graces(steps: Iterable[Step], written: Node | None) -> Iterator[Problem]:
    """Each `grace` that is too short."""
    message = "'grace' is less than Sidekiq's own timeout (25s by default) plus five seconds: jobs that still run at SIGKILL are lost"
    places = _graces_written(written)
    for step in steps:
        grace = step.arguments.get("grace")
        cuts_off = step.action == "terminate_process"  # a recovery puts back what is left
        if cuts_off and isinstance(grace, int) and grace < SHORTEST_GRACE and (place := places.get(step.span)):
            yield Problem("W601", place, message, hint="30s or more, unless Sidekiq's timeout is shorter")


def _graces_written(steps: Node | None) -> dict[Span, Span]:
    """Where a step stands → where its `grace` stands."""
    found: dict[Span, Span] = {}
    for item in steps.items if isinstance(steps, nodes.Sequence) else ():
        for entry in item.entries if isinstance(item, nodes.Mapping) else ():
            if (node := _value(entry.value, "grace")) is not None:
                found[entry.key.span] = node.span
    return found


def _first(mappings: Iterable[Node], key: str) -> Node | None:
    """What stands under a key in the first of these mappings that has it."""
    return next((node for mapping in mappings if (node := _value(mapping, key)) is not None), None)


def _value(node: Node | None, key: str) -> Node | None:
    """What stands under a key of a mapping."""
    entries = node.entries if isinstance(node, nodes.Mapping) else ()
    return next((entry.value for entry in entries if entry.key.text.value == key), None)
