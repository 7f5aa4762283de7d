"""
Requests: what firing alerts want done, put before the guards until it is done or no longer wanted.

There is one for each (rule, target) at a time. Its answer is written down when it changes and only counted
otherwise, so that a rule that is denied each second for a night makes one row.
"""

from collections.abc import Collection

import msgspec

from watchdog.engine import approving, locking, playbooks
from watchdog.engine.arming import mode_of
from watchdog.engine.deciding import AGAIN, COUNT_AGAIN, decide, forget, judge_request, repeats_of, write_down
from watchdog.engine.guards.combine import Judgement
from watchdog.engine.leaving_out import names_of
from watchdog.engine.ledger import Alert, Phase, Request
from watchdog.engine.methods import METHODS
from watchdog.engine.reaching import find_target
from watchdog.engine.rules import NO_RULES, Rule
from watchdog.engine.targeting import about, firing, first_target, holds, process_of, shadow_key
from watchdog.engine.turn import Turn
from watchdog.model.actions import OF_THE_DEAD, acts_on
from watchdog.model.effects import CountJobs, Measure
from watchdog.model.results import Counted, FleetLockAnswer, Look, Refused, Result, Sight
from watchdog.model.targets import TargetKind
from watchdog.model.verdicts import Answer, Decision, Mode, Verdict


def want(turn: Turn, key: str, rule: Rule) -> None:
    """A firing alert wants the first step of its rule; it joins the request that is open for the same target."""
    alert = turn.ledger.alerts[key]
    if mode_of(turn, rule) is Mode.OBSERVE or alert.acted or not rule.steps or rule.steps[0].action in OF_THE_DEAD:
        return
    if turn.world.find(alert.kind, alert.entity) is None:
        # Not read since the start of the agent; what it wanted before stands in the ledger.
        return
    step = rule.steps[0]
    target = first_target(turn, rule, key)
    # Only once the host has found the process is its name the one that outlives a restart; everything else has no other.
    is_process = acts_on(step.action) is TargetKind.PROCESS
    name = target.name if target.lasts or not is_process or not alert.target else alert.target
    alert = msgspec.structs.replace(alert, target=name)
    turn.put_alert(key, alert)
    for request in turn.ledger.requests.values():
        if request.rule == rule.name and request.target == name and not request.playbook:
            if key not in request.alerts:
                turn.put_request(request.id, msgspec.structs.replace(request, alerts=(*request.alerts, key)))
            return
    if any(key in one.alerts or (one.rule == rule.name and one.target == name) for one in turn.ledger.playbooks.values()):
        return
    if _is_cured(turn, rule, name):
        return
    request = Request(
        id=turn.id(), rule=rule.name, action=step.action, arguments=step.arguments, process=target.process, target=name,
        alerts=(key,), created_at=turn.at, created_wall=turn.wall, jobs=target.jobs, unreachable="" if is_process else target.unreachable,
        entity=alert.entity, thing=target.thing,
    )  # fmt: skip
    turn.put_request(request.id, request)


def want_all(turn: Turn) -> None:
    """Every firing alert that has no request yet wants its first step."""
    for key, alert in list(turn.ledger.alerts.items()):
        if alert.phase is Phase.FIRING and (rule := turn.rule.get(alert.rule)) is not None:
            want(turn, key, rule)


def consider_all(turn: Turn) -> None:
    """Asks the guards for every request whose time has come."""
    if turn.world.stopping or turn.rules is NO_RULES:
        # Between its start and its rules the agent can't say what is still wanted.
        return
    approving.tend(turn)
    under_way = set(turn.world.looks.values())
    for name in list(turn.ledger.requests):
        # Looking at one can have joined another to it.
        request = turn.ledger.requests.get(name)
        if request is not None and name not in under_way and turn.world.again.get(name, 0) <= turn.at:
            _consider(turn, request)
    if turn.freed:
        look_around(turn)
    # What was begun or is no longer wanted takes its question along.
    approving.tend(turn)


def reconsider(turn: Turn, processes: Collection[str]) -> None:
    """Something new is known of these processes: the guards are asked again at once."""
    for request in turn.ledger.requests.values():
        if request.process in processes:
            turn.world.again.pop(request.id, None)


def answer(turn: Turn, effect: str, result: Result) -> bool:
    """Takes the answer to a look; False if the effect was none of a request."""
    request_id = turn.world.looks.pop(effect, None)
    if request_id is None:
        return False
    if isinstance(result, FleetLockAnswer):
        # The guards hear of it in this turn; once it is held it is looked again.
        locking.hear(turn, request_id, result)
        turn.world.again.pop(request_id, None)
        return True
    asked = turn.ledger.requests.get(request_id)
    if asked is not None and (request := _still_wanted(turn, asked)) is not None:
        rule = turn.rule[request.rule]
        match result:
            case _ if (request.process, request.jobs, request.thing) != (asked.process, asked.jobs, asked.thing):
                # It is for something else now, which nobody has looked at.
                turn.world.again.pop(request.id, None)
            case look if isinstance(look, _sight_of(request)):
                decide(turn, request, rule, look)
            case _ if isinstance(result, Refused | Sight):
                reason = (
                    f"it could not be looked at: {result.reason}"
                    if isinstance(result, Refused)
                    else "the look was answered with something else"
                )
                verdict = Verdict("last_look", Answer.DENY, reason)
                write_down(turn, request, rule, Judgement(Decision.DENY, verdict, (verdict,)))
                if request.jobs is not None:
                    turn.world.again[request.id] = turn.at + COUNT_AGAIN
            case _:
                turn.world.again[request.id] = turn.at + AGAIN
    return True


def _sight_of(request: Request) -> type[Sight]:
    """What a look at its target is answered with; whatever else comes is no look at it."""
    if request.jobs is not None:
        return Counted
    return METHODS[request.action].sight if request.thing is not None else Look


def look_around(turn: Turn) -> None:
    """Something that stood in the way is over: alerts whose playbook failed want it again, and all guards are asked anew."""
    turn.freed = False
    want_all(turn)
    turn.world.again.clear()


def alert_over(turn: Turn, alert: Alert) -> None:
    """An alert no longer fires: dry-run's assumption that its target is cured ends with the last one on it."""
    key = shadow_key(alert)
    if key in turn.ledger.shadow.cured and not any(shadow_key(other) == key for other in turn.ledger.alerts.values()):
        cured = {name: at for name, at in turn.ledger.shadow.cured.items() if name != key}
        turn.set(shadow=msgspec.structs.replace(turn.ledger.shadow, cured=cured))


def _consider(turn: Turn, request: Request) -> None:
    wanted = _still_wanted(turn, request)
    if wanted is None:
        return
    request, rule = wanted, turn.rule[wanted.rule]
    judgement = judge_request(turn, request, rule, None)
    if approving.is_needless(turn, request, judgement, mode_of(turn, rule)):
        judgement = judge_request(turn, request, rule, None)
    if judgement.decision is Decision.DENY:
        write_down(turn, request, rule, judgement)
        return
    effect = turn.id()
    turn.world.looks[effect] = request.id
    if request.jobs is not None:
        turn.effects.append(CountJobs(effect, request.jobs))
        return
    if request.thing is not None:
        turn.effects.append(METHODS[request.action].look(effect, request.thing))
        return
    ref = find_target(turn.world, request.process).ref
    assert ref is not None  # the last look denies without one
    turn.effects.append(Measure(effect, ref))


def _still_wanted(turn: Turn, request: Request) -> Request | None:
    if request.playbook:
        if (aimed := playbooks.next_step(turn, request)) is None:
            forget(turn, request)
        return aimed
    rule = turn.rule.get(request.rule)
    alerts = firing(turn, request.alerts)
    if rule is None or not alerts or mode_of(turn, rule) is Mode.OBSERVE or not rule.steps:
        if request.decision is not None:
            why = "no alert that wanted it fires any more" if rule is not None and not alerts else "its rule no longer asks for it"
            turn.audit("decision", **names_of(request), decision=request.decision.value, guard=request.guard, outcome="no longer wanted",
                       reason=why, detail=repeats_of(turn, request))  # fmt: skip
        forget(turn, request)
        return None
    return _aim(turn, rule, msgspec.structs.replace(request, alerts=alerts))


def _aim(turn: Turn, rule: Rule, request: Request) -> Request | None:
    """
    The request with what is known by now: the rule's present arguments, a process that still needs it, that process' lasting name.

    None if it turns out to be one that is there already, or that dry-run takes for done.
    """
    step = rule.steps[0]
    if not acts_on(step.action) is acts_on(request.action) is TargetKind.PROCESS:
        return _aim_at_what_is_named(turn, rule, request)
    process = _neediest(turn, rule, request)
    target = find_target(turn.world, process)
    name = target.name if target.ref is not None else request.target
    aimed = msgspec.structs.replace(request, action=step.action, arguments=step.arguments, process=process, target=name)
    if aimed != turn.ledger.requests.get(request.id):
        turn.put_request(aimed.id, aimed)
    if name == request.target:
        return aimed
    return _rename(turn, rule, aimed)


def _aim_at_what_is_named(turn: Turn, rule: Rule, request: Request) -> Request | None:
    """The request with the rule's present arguments; None if the rule means something else by now: then its alerts want that."""
    step = rule.steps[0]
    mine = tuple(key for key in request.alerts if first_target(turn, rule, key).name == request.target)
    gone = tuple(key for key in request.alerts if turn.world.find(turn.ledger.alerts[key].kind, turn.ledger.alerts[key].entity) is None)
    kept = mine or gone
    if not kept:
        forget(turn, request)
        for key in request.alerts:
            want(turn, key, rule)
        return None
    aimed = msgspec.structs.replace(request, action=step.action, arguments=step.arguments, alerts=kept)
    if mine:
        target = first_target(turn, rule, mine[0])
        aimed = msgspec.structs.replace(aimed, jobs=target.jobs, thing=target.thing, unreachable=target.unreachable)
    if aimed != turn.ledger.requests.get(request.id):
        turn.put_request(aimed.id, aimed)
    return aimed


def _neediest(turn: Turn, rule: Rule, request: Request) -> str:
    """The process it is for: the present one while the condition is true of it, else one of which it is, else one whose alert still fires."""
    mine = about(turn, rule, request)
    if holds(turn, rule, mine):
        return request.process
    named = {key: process for key in request.alerts if (process := process_of(turn, rule, key)) is not None}
    sick = next((process for key, process in named.items() if holds(turn, rule, (key,))), None)
    if sick is not None:
        return sick
    return request.process if mine else next(iter(named.values()), request.process)


def _rename(turn: Turn, rule: Rule, request: Request) -> Request | None:
    """The lasting name of the request's process has become known; alerts about another process go their own way."""
    name = request.target
    mine = about(turn, rule, request) or request.alerts
    others = tuple(key for key in request.alerts if key not in mine)
    request = msgspec.structs.replace(request, alerts=mine)
    turn.put_request(request.id, request)
    for key in mine:
        turn.put_alert(key, msgspec.structs.replace(turn.ledger.alerts[key], target=name))
    twin = next(
        (one for one in turn.ledger.requests.values() if one.id != request.id and (one.rule, one.target) == (rule.name, name)), None
    )
    if twin is not None:
        turn.put_request(twin.id, msgspec.structs.replace(twin, alerts=tuple(dict.fromkeys((*twin.alerts, *mine)))))
    superfluous = twin is not None or _is_cured(turn, rule, name)
    if superfluous:
        forget(turn, request)
    for key in others:
        want(turn, key, rule)
    return None if superfluous else request


def _is_cured(turn: Turn, rule: Rule, target: str) -> bool:
    return mode_of(turn, rule) is Mode.DRY_RUN and f"{rule.name}|{target}" in turn.ledger.shadow.cured
