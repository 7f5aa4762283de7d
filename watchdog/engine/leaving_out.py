"""
Dry-run: what act would have done, and when, said and spent as if it had been done.

The counterpart of `runs`, `edits` and `deeds`, which do it. What it spends stands in the shadow ledger alone. Every step is taken to do what it is for, and to last as long as it
can: as long keep others away from the host what act would have under way, and from then on counts the cooldown of each target that was acted upon.
"""

from typing import Any

import msgspec

from watchdog.engine import accounts, arming, edits
from watchdog.engine.ledger import Cooldown, Request, Shadow, Spent
from watchdog.engine.planning import plan_of_step
from watchdog.engine.rules import Rule, Step
from watchdog.engine.scaled import also_named
from watchdog.engine.spending import with_one
from watchdog.engine.targeting import shadow_key, target_of
from watchdog.engine.turn import Turn
from watchdog.model.actions import OF_THE_DEAD, acts_on
from watchdog.model.records import IncidentRow
from watchdog.model.results import Counted, Sight
from watchdog.model.targets import APART, TargetKind
from watchdog.model.verdicts import Decision, Mode

VERIFY = "verify"
"""The stage at which it would be looked at whether it helped."""


def leave_out(turn: Turn, rule: Rule, request: Request, look: Sight | None = None) -> None:
    """Says what act would have done and when, spends the shadow ledger's cooldowns and budget, and takes the target to be cured."""
    first = turn.ledger.alerts[request.alerts[0]]
    incident = turn.id()
    names: dict[str, Any] = {**names_of(request), "entity": first.entity, "incident": incident, "mode": Mode.DRY_RUN.value}
    names |= {"decision": Decision.DRY_RUN.value, "outcome": "left out"}
    account: list[str] = []
    shadow, over = turn.ledger.shadow, 0
    if arming.wanted_mode(turn.ledger, rule) is Mode.ASK:
        said = "a person would be asked first"
        turn.audit("would", **names, stage="ask", reason=said, would_at=turn.wall)
        account.append(f"+0.0 s: {said}")
    for number, step in enumerate(rule.steps):
        target = request.target if number == 0 else _target(turn, request, step)
        told = {**names, "action": step.action, "target": target}
        if acts_on(step.action) is TargetKind.JOBS:
            counted = look if number == 0 and isinstance(look, Counted) else None
            said = edits.would(step, request.jobs if number == 0 else None, counted)
            turn.audit("would", **told, stage=edits.STAGES[step.action], reason=said, would_at=turn.wall + over,
                       detail={} if counted is None else {"jobs": counted.fit})  # fmt: skip
            account.append(f"+{over / 1000:.1f} s: {said}")
        else:
            plan = plan_of_step(step)
            for stage, delay, condition in plan:
                turn.audit("would", **told, stage=stage, reason=condition, would_at=turn.wall + over + delay)
                account.append(accounts.planned(stage, over + delay, condition))
            over += max(delay for _, delay, _ in plan)
        shadow = _spent(shadow, Cooldown(turn.at + over, rule.name, step.action, incident), target)
    if rule.verify is not None:
        asked = f"{rule.verify.when.text}, within {rule.verify.within // 1000} s"
        turn.audit("would", **names, stage=VERIFY, reason=asked, would_at=turn.wall + over)
        account.append(accounts.planned(VERIFY, over, asked))
    turn.keep_incident(
        IncidentRow(incident, rule.name, first.entity, request.target, request.action, turn.wall, turn.wall, "would", tuple(account))
    )  # fmt: skip
    if request.action not in OF_THE_DEAD:
        # Nothing would have been done to whatever bears the name of a dead process by now.
        turn.set(shadow=msgspec.structs.replace(shadow, cured={**shadow.cured, shadow_key(request): turn.at}))


def names_of(request: Request) -> dict[str, str]:
    """The fields that every audit row about it has."""
    return {"rule": request.rule, "target": request.target, "action": request.action, "entity": request.process or request.entity}


def _target(turn: Turn, request: Request, step: Step) -> str:
    """Under which name a later step acts; that of the first where nothing better is known."""
    alert = turn.ledger.alerts[request.alerts[0]]
    target = target_of(turn, step, turn.world.find(alert.kind, alert.entity))
    return target.name if target.lasts else request.target


def _spent(shadow: Shadow, cooldown: Cooldown, target: str) -> Shadow:
    """As a step that is over spends it: moving jobs counts into no budget."""
    names = (target, *also_named(cooldown.action, target))
    shadow = msgspec.structs.replace(shadow, cooldowns={**shadow.cooldowns, **dict.fromkeys(names, cooldown)})
    about = acts_on(cooldown.action)
    if about is TargetKind.JOBS:
        return shadow
    one = Spent(cooldown.ended_at, cooldown.rule, cooldown.incident, about in APART)
    return msgspec.structs.replace(shadow, spent=with_one(shadow.spent, target, one))
