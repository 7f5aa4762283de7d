"""
Why a rule says what it says of an entity, and why nothing is done about it: an account for people, derived and never read back.

The counterpart of `judging` and `requests`, which decide; this here only looks, changes nothing, and asks for no look at the
kernel. Everything in it is plain data, and nothing in it is an argument of a job.
"""

from typing import Any, Final

from watchdog.engine.arming import mode_of
from watchdog.engine.arming_view import armed_rule
from watchdog.engine.glance import glance
from watchdog.engine.guards.combine import judge
from watchdog.engine.ledger import Alert, Phase, Request
from watchdog.engine.procedures import PROCEDURES
from watchdog.engine.reaching import find_target
from watchdog.engine.reasons import account_of
from watchdog.engine.routing.audience import audience_of
from watchdog.engine.routing.view import shown as routed
from watchdog.engine.rules import Rule, RuleSet
from watchdog.engine.state import State
from watchdog.engine.status import incident_of
from watchdog.engine.targeting import first_target, request_view, truth_of
from watchdog.engine.turn import Turn
from watchdog.model.actions import OF_THE_DEAD
from watchdog.model.events import Event, TimeReached
from watchdog.model.verdicts import Mode, Verdict

_ASKED: Final = "why"


def why(rules: RuleSet, state: State, rule_name: str, entity: str, now: int) -> dict[str, Any]:
    """
    The account at engine time `now`.

    `truth` is `true`, `false`, `unknown` or `gone`; `condition` a tree in which each node has its `text`, `type`, `value` as it is shown,
    `truth`, `margin` (how far from flipping, in the units of its left side: positive while it is true, negative while it is
    false) with the same as a number in `distance`, and its `parts`, of which `deciding` is the place of the one that decides. `alert` says since
    when, `guards` what each guard would say to the rule's next step, and for how long, `mode` how far the rule goes, and `armed` who said so where its file says something else. `tells` are the receivers
    that would be told if it fired now; of one that fires `alert` says who was. `runbook` is what a person does about it, as the rule says it. Durations are milliseconds from `now`. Where there
    is nothing to say a value is None; with `problem` there is no such rule.
    """
    rule = rules.by_name.get(rule_name)
    if rule is None:
        return {"rule": rule_name, "entity": entity, "problem": "no rule of that name is in force"}
    turn = _looking(rules, state, now)
    row = turn.world.find(rule.each, entity)
    alert = turn.ledger.alerts.get(f"{rule.name}|{entity}")
    blind = [source.value for source in rule.condition.rests_on(entity) if source in turn.ledger.lost]
    return {
        "rule": rule.name,
        "kind": rule.each.value,
        "entity": entity,
        "problem": None,
        "on": rule.on,
        "blind": blind,
        "truth": truth_of(turn, rule, row).value,
        "condition": None if row is None else account_of(rule.condition.tree, row, now, turn.world),
        "alert": None if alert is None else _alert(turn, rule, alert),
        "mode": mode_of(turn, rule).value,
        "armed": armed_rule(turn.ledger, rule.name),
        "runbook": rule.runbook,
        "tells": list(audience_of(turn, rule, alert or _supposed(turn, rule, entity))),
        **_action(turn, rule, entity, alert),
    }


def _looking(rules: RuleSet, state: State, now: int) -> Turn:
    """A turn that is thrown away: what is asked of it must not be done."""
    return Turn(rules, glance(state), Event(state.ledger.seq + 1, now, state.ledger.wall, TimeReached()))


def _alert(turn: Turn, rule: Rule, alert: Alert) -> dict[str, Any]:
    counted = alert.counted + (turn.at - alert.counted_at if alert.counting else 0)
    enough = rule.hold if alert.phase is Phase.PENDING else rule.keep_firing
    return {
        "phase": alert.phase.value,
        "since_ms": turn.at - alert.since_at,
        "since_wall": alert.since_wall,
        "counting": alert.counting,
        "counted_ms": counted,
        "enough_ms": enough,
        "title": alert.title,
        "telling": routed(turn.ledger, alert, turn.at),
        "next": "firing" if alert.phase is Phase.PENDING else "resolved",
        "next_in_ms": max(0, enough - counted) if alert.counting else None,
    }


def _action(turn: Turn, rule: Rule, entity: str, alert: Alert | None) -> dict[str, Any]:
    """What comes next of the rule's steps, and what the guards would say to it."""
    nothing: dict[str, Any] = {"action": None, "target": None, "decision": None, "guards": [], "incident": None}
    playbook = next((one for one in turn.ledger.playbooks.values() if f"{rule.name}|{entity}" in one.alerts), None)
    if playbook is not None:
        nothing["incident"] = incident_of(turn.ledger, playbook)
    if not rule.steps or (alert is not None and alert.acted):
        return nothing
    request = _request(turn, rule, entity, alert)
    mode = mode_of(turn, rule)
    # Of a process that lives it is said that it does.
    departed = find_target(turn.world, entity) if request.action in OF_THE_DEAD else None
    judgement = judge(request_view(turn, rule, request, signal=_first_signal(request), mode=mode, look=None, departed=departed), mode)
    return nothing | {
        "action": request.action,
        "target": request.target,
        "decision": None if mode is Mode.OBSERVE else judgement.decision.value,
        "guards": [_verdict(verdict, turn.at) for verdict in judgement.all],
    }


def _request(turn: Turn, rule: Rule, entity: str, alert: Alert | None) -> Request:
    """The request as it stands, or as it would be if the alert fired now."""
    key = f"{rule.name}|{entity}"
    asked = next((one for one in turn.ledger.requests.values() if one.rule == rule.name and key in one.alerts), None)
    if asked is not None:
        return asked
    if alert is None:
        # The guards ask whether it is so; the one who asks here is told the condition's truth, not that there is no alert.
        turn.put_alert(key, _supposed(turn, rule, entity))
    wanted = rule.steps[0]
    target = first_target(turn, rule, key)
    return Request(
        id=_ASKED, rule=rule.name, action=wanted.action, arguments=wanted.arguments, process=target.process, target=target.name,
        alerts=(key,), created_at=turn.at, created_wall=turn.wall, jobs=target.jobs, entity=entity, unreachable=target.unreachable, thing=target.thing,
    )  # fmt: skip


def _supposed(turn: Turn, rule: Rule, entity: str) -> Alert:
    """The alert as it would be if it fired now."""
    return Alert(
        id=_ASKED, rule=rule.name, kind=rule.each, entity=entity, phase=Phase.FIRING, since_at=turn.at, since_wall=turn.wall, counted=0,
        counted_at=turn.at, counting=False, severity=rule.severity, notify=(),
    )  # fmt: skip


def _first_signal(request: Request) -> Any:
    procedure = PROCEDURES.get(request.action)
    return procedure.signal if procedure is not None else None


def _verdict(verdict: Verdict, at: int) -> dict[str, Any]:
    return {
        "guard": verdict.guard,
        "answer": verdict.answer.name,
        "reason": verdict.reason,
        "until_ms": None if verdict.until is None else max(0, verdict.until - at),
    }
