"""Who would be told of an alert that does not fire yet, for people who ask: derived, and nobody is told by it. The counterpart of `telling.fired`, which decides it when it does."""

from watchdog.engine.ledger import Alert
from watchdog.engine.routing.traits import traits_of
from watchdog.engine.rules import Rule
from watchdog.engine.turn import Turn


def audience_of(turn: Turn, rule: Rule, alert: Alert) -> tuple[str, ...]:
    """The receivers if it fired now, be they silenced, asleep or hidden from it by then; none where neither its rule nor a route names one."""
    return rule.notify or turn.rules.routing.choose(traits_of(turn.world, turn.rule, alert))[1]
