"""
What a person's order means for the action that carries it out: which guards speak, and whose word counts.

The counterpart of a rule, which says the same of what it asks for. Mode and rules are the ceiling of what the agent does by itself; whoever orders by hand
has decided.
"""

from typing import Final

from watchdog.engine.ledger import Ledger
from watchdog.engine.order import Order

_PREFIX: Final = "order:"


def rule_of(order: str) -> str:
    """What stands for the rule wherever one is named: no rule can be called that."""
    return f"{_PREFIX}{order}"


def order_of(ledger: Ledger, rule: str) -> Order | None:
    """The order that stands for this rule; None for one that is a rule."""
    return ledger.orders.get(rule.removeprefix(_PREFIX)) if is_order(rule) else None


def is_order(rule: str) -> bool:
    """Whether an order stands for this rule."""
    return rule.startswith(_PREFIX)
