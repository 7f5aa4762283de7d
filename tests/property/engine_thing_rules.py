"""Rules for the server of `engine_things`: each action on a single thing, instances that come and go, and ways out where a step fails."""

from typing import Final

from tests.scenario.conversation import rules
from watchdog.engine.rules import RuleSet
from watchdog.model.verdicts import Mode

_GUARDS: Final = (
    "guards: {cooldown: 3s, cooldown_max: 3s, deploy: 0s, baseline: allow, surge: allow, trials: 0, keep: 0%, idle: 0%, flaps: 1000/1h, culprits: 1000, "
    "budget: 1000/1h, target_budget: 1000/1d, host_budget: 1000/1h}\n    notify: [ops]"
)
FEW: Final = 2
"""So many other servers a rule may take on within an hour."""
_RULES: Final = {
    "backlog": ("queue", "queue.size > 100", "scale_out: {{template: ingress@.service, max: {most}, start_within: 20s}}"),
    "idle": ("queue", "queue.size == 0", "scale_in: {{template: ingress@.service, min: {least}, drain: 12s, grace: 30s, start_within: 20s, stuck_after: 20s}}"),
    "down": ("unit", 'unit.name == "s.service" and unit.state in ["failed", "inactive"]', "start_unit: {{unit: unit, start_within: 20s}}"),
    "gone": ("unit", 'unit.name == "s.service" and unit.state in ["failed", "inactive"]', "ensure_unit: {{unit: unit, start_within: 20s}}"),
    "hung": ("process", "process.child_still > 2m", "kill_child: {{process: process}}"),
    "far": ("peer", "peer.failing_days > 3", "domain_block: {{peer: peer, severity: silence}}"),
    "back": ("domain", "domain.retries > 100", "run: {{command: refresh, with: {{domain: domain.name}}}}"),
}  # fmt: skip
TERMS: Final = (
    (("backlog", "idle", "down"), 2, 1),
    (("backlog", "idle", "gone", "hung", "back"), 3, 2),
    (("down", "hung", "back", "far"), 3, 1),
    (("gone", "back", "idle", "backlog", "far"), 3, 1),
)
"""Which rules are in force, how many instances there may be, and how many there must be."""


def _text(names: tuple[str, ...], most: int, least: int) -> str:
    parts = ["rules:"]
    for name in names:
        each, when, step = _RULES[name]
        more = (
            "\n    or_else:\n      - run: {command: refresh, with: {domain: '\"fallback\"'}}\n      - ensure_unit: {unit: s.service, start_within: 20s}"
            if name == "hung"
            else ""
        )
        parts.append(
            f"  - rule: {name}\n    each: {each}\n    when: {when}\n    then:\n      - {step.format(most=most, least=least)}{more}\n    {_GUARDS if name != 'far' else _GUARDS.replace('budget: 1000/1h,', f'budget: {FEW}/1h,', 1)}"
        )
    return "\n".join(parts)


SETS: Final[dict[Mode, tuple[RuleSet, ...]]] = {mode: tuple(rules(_text(*terms), mode) for terms in TERMS) for mode in Mode}
