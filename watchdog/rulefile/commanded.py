"""
Whether what rules say of named commands fits root's definitions of them.

There is such a command, with such arguments, of such types. That can be said only where the definitions are known: with the config, not for a pack by itself.
"""

from typing import Final

import msgspec

from watchdog.engine.rules import Rule, RuleSet, Step
from watchdog.lang.given import Given
from watchdog.model.kinds import Type
from watchdog.model.named.arguments import fits, shown
from watchdog.model.named.definitions import Argument, Definition
from watchdog.model.named.reading import Definitions
from watchdog.model.named.values import as_text
from watchdog.rulefile.findings import Findings, nearest, quoted
from watchdog.rulefile.rules import digest_of

RUN: Final = "run"
"""The action."""
_HELD_AS: Final = {"count": Type.COUNT, "duration": Type.DURATION}
"""Type of an argument → of which type the value must be, where that is no text."""


def runs_of(rules: RuleSet) -> list[Step]:
    """Every step that asks for a named command."""
    return [step for rule in rules.rules for step in (*rule.steps, *rule.or_else) if step.action == RUN]


def with_commands(rules: RuleSet, definitions: Definitions, findings: Findings, *, place: str) -> RuleSet:
    """The rules, each `run` with the time that its command has; what does not fit the definitions (of the file `place`) is noted at its step."""
    with_theirs = tuple(_with_command(rule, definitions, findings, place) for rule in rules.rules)
    digest = digest_of((("rules", rules.digest), ("commands", repr(definitions))))
    return rules.but(rules=with_theirs, digest=digest)


def _with_command(rule: Rule, definitions: Definitions, findings: Findings, place: str) -> Rule:
    steps, or_else = (
        tuple(_checked(step, definitions, findings, place) if step.action == RUN else step for step in steps)
        for steps in (rule.steps, rule.or_else)
    )
    return msgspec.structs.replace(rule, steps=steps, or_else=or_else)


def _checked(step: Step, definitions: Definitions, findings: Findings, place: str) -> Step:
    name = str(step.arguments["command"])
    definition = definitions.commands.get(name)
    if definition is None:
        hint = nearest(name, definitions.commands) or f"root names it in {place}"
        findings.add("E417", step.span, f"there is no command {quoted(name)}", hint=hint)
        return step
    _check_arguments(step, definition, findings)
    return msgspec.structs.replace(step, arguments={**step.arguments, "timeout": definition.timeout * 1000})


def _check_arguments(step: Step, definition: Definition, findings: Findings) -> None:
    for name in step.given:
        if name not in definition.arguments:
            message = f"the command {quoted(definition.name)} has no argument {quoted(name)}"
            findings.add("E418", step.span, message, hint=nearest(name, definition.arguments) or "leave it out")
    for name, argument in definition.arguments.items():
        value = step.given.get(name)
        if value is None:
            message = f"the command {quoted(definition.name)} wants an argument {quoted(name)}"
            findings.add("E418", step.span, message, hint=f"with: {{{name}: …}}, a {argument.kind}")
        elif wrong := _wrong_with(value, argument):
            findings.add(
                "E419",
                step.span,
                f"the argument {quoted(name)} of {quoted(definition.name)} is a {argument.kind}, and {wrong}",
                hint=_hint(argument),
            )


def _wrong_with(value: Given, argument: Argument) -> str:
    held = _HELD_AS.get(argument.kind, Type.STRING)
    if value.type is not held:
        return f"{value.text[:80]} is a {value.type}"
    if not value.slot and not fits(argument.kind, as_text(value.literal, is_duration=held is Type.DURATION), argument.bounds):
        return f"{shown(value.text)} is none"
    return ""


def _hint(argument: Argument) -> str:
    match argument.kind:
        case "choice":
            return f"one of {', '.join(argument.bounds.choices)}, in quotes"
        case "count" | "duration":
            return f"from {argument.bounds.least} to {argument.bounds.most}{' seconds' if argument.kind == 'duration' else ''}"
        case _:
            return "see the table of types in packaging/README.md"
