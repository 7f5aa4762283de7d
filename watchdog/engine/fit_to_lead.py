"""Which agents may lead (`leading`): one that would do nothing must not keep another from it."""

from typing import Final

from watchdog.engine.arming import mode_in
from watchdog.engine.ledger import Ledger
from watchdog.engine.rules import RuleSet
from watchdog.model.actions import acts_on
from watchdog.model.targets import TargetKind
from watchdog.model.verdicts import Mode

ACTS: Final = (Mode.ASK, Mode.ACT)
"""In the other modes nothing is done."""


def has_something_to_lead(rules: RuleSet, ledger: Ledger) -> bool:
    """Whether a rule may have jobs moved here, as its file, the config and who has armed it say."""
    return any(
        mode_in(rules, ledger, rule) in ACTS and any(acts_on(step.action) is TargetKind.JOBS for step in rule.steps) for rule in rules.rules
    )
