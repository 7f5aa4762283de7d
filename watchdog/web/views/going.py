"""How far a rule goes at present."""

from watchdog.engine.arming import mode_in
from watchdog.engine.rules import Rule
from watchdog.model.verdicts import Mode
from watchdog.web.inside import Inside


def mode_now(inside: Inside, rule: Rule) -> Mode:
    """Under the config, as it is armed; in dry-run at most while the agent does not rely on its memory."""
    ledger = inside.state.ledger
    return mode_in(inside.rules if ledger.doubt is None else inside.rules.in_doubt(), ledger, rule)
