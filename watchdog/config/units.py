"""Whether the units that rules name are among those that the config means: only there both are known."""

from collections.abc import Iterator, Sequence

from watchdog.engine.rules import RuleSet
from watchdog.errors import Problem
from watchdog.model.actions import acts_on
from watchdog.model.targets import TargetKind
from watchdog.model.unit_names import meant
from watchdog.rulefile.findings import quoted


def strange_units(rules: RuleSet, patterns: Sequence[str]) -> Iterator[Problem]:
    """A warning for each step that names a unit which none of the patterns means."""
    for rule in rules.rules:
        for step in (*rule.steps, *rule.or_else):
            name = step.arguments.get("unit")
            if acts_on(step.action) is TargetKind.UNIT and isinstance(name, str) and not meant(name, patterns):
                message = f"{quoted(name)} is none of the units that the agent may touch"
                yield Problem(
                    "W622", step.span, message, hint=f"name it under 'units' of the config, beside {', '.join(patterns) or 'others'}"
                )
