"""
Counts whether what a rule does helps; a rule that mostly does not may only ask any more, until a person trusts it again.

The counterpart of `guards/trust.py`, which holds it to that. Incidents count, not steps, and only those that were really carried out: what dry-run would have done
has helped nobody.
"""

from typing import Final

import msgspec

from watchdog.engine import proof as proofs
from watchdog.engine.incidents import Playbook
from watchdog.engine.success import Demotion, Success
from watchdog.engine.turn import Turn
from watchdog.model.notices import NoticeKind, Severity

GOOD: Final = ("ended", proofs.VERIFIED)
"""Ends of an incident that speak for its rule; one that asks for no proof is believed."""
BAD: Final = ("failed", proofs.UNVERIFIED)
"""Those that speak against it. One that was abandoned says nothing."""
REMEMBERED: Final = 100
"""So many incidents of a rule are remembered; no rule can ask for more."""
MOST: Final = 1_000
"""So many rules are."""


def note(turn: Turn, playbook: Playbook, outcome: str) -> None:
    """An incident has come to that end; where too many have helped nothing its rule is demoted, which is said once."""
    rule = turn.rule.get(playbook.rule)
    if rule is None or outcome not in (*GOOD, *BAD) or not (trials := int(rule.guards["trials"])):
        return
    known = dict(turn.ledger.success)
    before = known.pop(rule.name, Success())
    results = (*before.results, outcome in GOOD)[-REMEMBERED:]
    now = msgspec.structs.replace(before, results=results)
    last = results[-trials:]
    if now.demotion is None and len(last) == trials and sum(last) < float(rule.guards["min_success"]) * trials:
        reason = f"{sum(last)} of its last {trials} incidents helped, less than {float(rule.guards['min_success']):.0%}"
        now = msgspec.structs.replace(now, demotion=Demotion(turn.at, turn.wall, reason))
        turn.audit("agent", rule=rule.name, outcome="demoted", reason=reason)
        turn.notify(
            rule.notify or turn.everybody(), thread=f"rule:{rule.name}", kind=NoticeKind.AGENT, severity=Severity.CRITICAL,
            title=f"rule {rule.name} only asks from now on: {reason}", rule=rule.name, outcome="demoted", reason=reason,
            next=f"when you trust it again: sidekiq-watchdog arm {rule.name} --mode act --reason WHY",
        )  # fmt: skip
    turn.set(success=dict([*known.items(), (rule.name, now)][-MOST:]))


def forgive(turn: Turn, rule: str) -> bool:
    """A person trusts the rule again: what came of its incidents counts no more. Whether it was demoted; whoever calls it writes down who did so and why."""
    record = turn.ledger.success.get(rule)
    if record is None:
        return False
    turn.set(success={name: other for name, other in turn.ledger.success.items() if name != rule})
    turn.world.again.clear()
    return record.demotion is not None
