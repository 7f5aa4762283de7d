"""
Dry-run: what act would have done, and when, said and spent as if it had been done.

The counterpart of `runs` and `edits`, which do it. What it spends stands in the shadow ledger alone.
"""

import msgspec

from watchdog.engine import accounts, edits
from watchdog.engine.ledger import Cooldown, Request, Spent
from watchdog.engine.procedures import PROCEDURES
from watchdog.engine.rules import Rule
from watchdog.engine.selecting import AMONG
from watchdog.engine.spending import with_one
from watchdog.engine.targeting import shadow_key
from watchdog.engine.turn import Turn
from watchdog.model.actions import OF_THE_DEAD
from watchdog.model.records import IncidentRow
from watchdog.model.results import Counted, Look
from watchdog.model.verdicts import Decision, Mode


def leave_out(turn: Turn, rule: Rule, request: Request, look: Look | Counted | None = None) -> None:
    """Says what act would have done and when, spends the shadow ledger's cooldown, and takes the target to be cured."""
    first = turn.ledger.alerts[request.alerts[0]]
    incident = turn.id()
    names = {**names_of(request), "entity": first.entity, "incident": incident}
    account: list[str] = []
    over = 0
    if rule.mode is Mode.ASK:
        said = "a person would be asked first"
        turn.audit(
            "would",
            **names,
            mode=Mode.DRY_RUN.value,
            decision=Decision.DRY_RUN.value,
            stage="ask",
            reason=said,
            outcome="left out",
            would_at=turn.wall,
        )
        account.append(f"+0.0 s: {said}")
    for number, step in enumerate(rule.steps):
        if step.action in AMONG:
            counted = look if number == 0 and isinstance(look, Counted) else None
            said = edits.would(step, request.jobs if number == 0 else None, counted)
            turn.audit("would", **{**names, "action": step.action}, mode=Mode.DRY_RUN.value, decision=Decision.DRY_RUN.value, stage=edits.STAGES[step.action],
                       reason=said, outcome="left out", would_at=turn.wall + over, detail={} if counted is None else {"jobs": counted.fit})  # fmt: skip
            account.append(f"+{over / 1000:.1f} s: {said}")
            continue
        plan = PROCEDURES[step.action].plan(step.arguments)
        for stage, delay, condition in plan:
            turn.audit("would", **{**names, "action": step.action}, mode=Mode.DRY_RUN.value, decision=Decision.DRY_RUN.value, stage=stage,
                       reason=condition, outcome="left out", would_at=turn.wall + over + delay)  # fmt: skip
            account.append(accounts.planned(stage, over + delay, condition))
        # Each step is taken to last as long as it can.
        over += max(delay for _, delay, _ in plan)
    turn.keep_incident(
        IncidentRow(incident, rule.name, first.entity, request.target, request.action, turn.wall, turn.wall, "would", tuple(account))
    )  # fmt: skip
    if request.action in OF_THE_DEAD:
        return
    shadow = turn.ledger.shadow
    end = turn.at + over
    turn.set(
        shadow=msgspec.structs.replace(
            shadow,
            cooldowns={**shadow.cooldowns, request.target: Cooldown(end, rule.name, request.action)},
            cured={**shadow.cured, shadow_key(request): turn.at},
            spent=with_one(shadow.spent, request.target, Spent(end, rule.name, incident)),
        )
    )


def names_of(request: Request) -> dict[str, str]:
    """The fields that every audit row about it has."""
    return {"rule": request.rule, "target": request.target, "action": request.action, "entity": request.process or request.entity}
