"""What is said in rules of templates of systemd: that one is named at all, and what is probably a slip of the pen."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from watchdog.engine.rules import Rule, Step
from watchdog.engine.scaling.instances import SCHEDULER
from watchdog.errors import Problem
from watchdog.model.action_spec import ActionSpec
from watchdog.model.actions_on_templates import SCALE_IN, SCALE_OUT
from watchdog.model.kinds import Kind
from watchdog.model.template_names import is_template
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.nodes import Entry, Node

TELL: Final = (Kind.UNIT, Kind.PROCESS)
"""Kinds of entities that are, or run in, a unit that is made from a template."""


def says_template(entry: Entry, spec: ActionSpec, written: Mapping[str, Node], each: Kind, findings: Findings) -> bool:
    """Whether it is said which template is meant, by the parameter or by the entity."""
    if "template" in written or each in TELL:
        return True
    hint = "write 'template: NAME@.service', or let the rule look at each unit or process"
    findings.add("E415", entry.key.span, f"nothing says which template '{spec.name}' means", hint=hint)
    return False


def lint_templates(steps: Iterable[Step]) -> Iterator[Problem]:
    """Templates that are none, or that no instance may be added to or taken from."""
    for step in steps:
        template = str(step.arguments.get("template", ""))
        if step.action not in (SCALE_OUT, SCALE_IN) or not template:
            continue
        if not is_template(template):
            hint = "the name of a template ends with '@.service', as in 'mastodon-sidekiq-ingress@.service'"
            yield Problem("W630", step.span, f"{quoted(template)} is no template, so nothing is ever done", hint=hint)
        elif SCHEDULER in template:
            hint = "processes of that queue there must be one, never two and never none"
            yield Problem(
                "W631", step.span, f"{quoted(template)} looks as if it served the queue {SCHEDULER}: then nothing is ever done", hint=hint
            )


def lint_numbers(rules: Iterable[Rule]) -> Iterator[Problem]:
    """Steps that take away what others never come to add: more must go on running than may ever run."""
    steps = [step for rule in rules for step in (*rule.steps, *rule.or_else)]
    most: dict[str, int] = {}
    for step in steps:
        if step.action == SCALE_OUT and (template := str(step.arguments.get("template", ""))):
            most[template] = max(most.get(template, 0), int(step.arguments["max"]))
    for step in steps:
        template = str(step.arguments.get("template", ""))
        if step.action == SCALE_IN and template in most and most[template] < int(step.arguments["min"]):
            message = f"'min' is {step.arguments['min']}, and the 'max' of scale_out for {quoted(template)} is {most[template]}: so many never run"
            yield Problem("W632", step.span, message, hint="let 'min' be less than 'max'")
