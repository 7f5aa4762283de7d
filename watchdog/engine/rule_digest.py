"""
What a rule says, as a short text that changes with it.

The counterpart of the digest of the files: a comment, another order or another summary makes no other rule. What it looks at, how long, what it does and under which guards
does.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from watchdog.engine.rules import Rule, Step

_LENGTH: Final = 16
"""Characters: two texts of one rule never share them by chance."""


def digest_of_rule(rule: Rule) -> str:
    """The same for two rules exactly if both look at the same, for as long, and do the same about it under the same guards."""
    verify = None if rule.verify is None else (rule.verify.when.text, rule.verify.within)
    said = (
        (rule.name, rule.each.value, rule.on, rule.condition.text, rule.hold, rule.keep_firing, rule.mode.value),
        (_steps(rule.steps), _steps(rule.or_else), verify),
        tuple((name, str(value)) for name, value in sorted(rule.guards.items()) if name != "zone"),
        str(getattr(rule.guards.get("zone"), "name", rule.guards.get("zone"))),
    )
    return sha256(repr(said).encode("utf-8", "surrogatepass")).hexdigest()[:_LENGTH]


def _steps(steps: Iterable[Step]) -> tuple[object, ...]:
    return tuple((step.action, step.target.text if step.target else "", tuple(sorted(step.arguments.items()))) for step in steps)
