"""
Requests: what firing alerts want done, put before the guards until it is done or no longer wanted.

There is one for each (rule, target) at a time. Its answer is written down when it changes and only counted
otherwise, so that a rule that is denied each second for a night makes one row.
"""

from collections.abc import Collection
from typing import Final

import msgspec

from watchdog.engine import edits, locking, playbooks, runs
from watchdog.engine.guards.combine import Judgement, judge
from watchdog.engine.leaving_out import leave_out, names_of
from watchdog.engine.ledger import Alert, Phase, Request
from watchdog.engine.procedures import PROCEDURES
from watchdog.engine.rules import NO_RULES, Rule
from watchdog.engine.selecting import AMONG
from watchdog.engine.targeting import about, find_target, firing, first_target, holds, process_of, request_view, shadow_key
from watchdog.engine.turn import Turn
from watchdog.model.actions import OF_THE_DEAD
from watchdog.model.effects import CountJobs, Measure
from watchdog.model.guards import BY_NAME as GUARDS
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.results import Counted, FleetLockAnswer, Look, Refused, Result
from watchdog.model.targets import Signal
from watchdog.model.verdicts import Answer, Decision, Mode, Verdict, lower

AGAIN: Final = 5_000
"""The guards are asked again at least every so many milliseconds, for reasons that go without an event."""
COUNT_AGAIN: Final = 60_000
"""The same where jobs have been counted for it: that can mean to go through a million retries."""


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
    # Only once the host has found the process is its name the one that outlives a restart; jobs have no other.
    name = target.name if target.lasts or step.action in AMONG or not alert.target else alert.target
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
        alerts=(key,), created_at=turn.at, created_wall=turn.wall, jobs=target.jobs, unreachable=target.unreachable if step.action in AMONG else "",
        entity=alert.entity,
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
    under_way = set(turn.world.looks.values())
    for name in list(turn.ledger.requests):
        # Looking at one can have joined another to it.
        request = turn.ledger.requests.get(name)
        if request is not None and name not in under_way and turn.world.again.get(name, 0) <= turn.at:
            _consider(turn, request)
    if turn.freed:
        look_around(turn)


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
            case _ if (request.process, request.jobs) != (asked.process, asked.jobs):
                # It is for another process now, or for other jobs, which nobody has looked at.
                turn.world.again.pop(request.id, None)
            case Look() | Counted() as look:
                _decide(turn, request, rule, look)
            case Refused(reason=reason):
                verdict = Verdict("last_look", Answer.DENY, f"it could not be looked at: {reason}")
                _write_down(turn, request, rule, Judgement(Decision.DENY, verdict, (verdict,)))
                if request.jobs is not None:
                    turn.world.again[request.id] = turn.at + COUNT_AGAIN
            case _:
                turn.world.again[request.id] = turn.at + AGAIN
    return True


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


def mode_of(turn: Turn, rule: Rule) -> Mode:
    """The rule's mode under the global ceiling."""
    return lower(turn.rules.mode, rule.mode)


def _consider(turn: Turn, request: Request) -> None:
    wanted = _still_wanted(turn, request)
    if wanted is None:
        return
    request, rule = wanted, turn.rule[wanted.rule]
    judgement = _judge(turn, request, rule, None)
    if judgement.decision is Decision.DENY:
        _write_down(turn, request, rule, judgement)
        return
    effect = turn.id()
    turn.world.looks[effect] = request.id
    if request.jobs is not None:
        turn.effects.append(CountJobs(effect, request.jobs))
        return
    ref = find_target(turn.world, request.process).ref
    assert ref is not None  # the last look denies without one
    turn.effects.append(Measure(effect, ref))


def _still_wanted(turn: Turn, request: Request) -> Request | None:
    if request.playbook:
        if (aimed := playbooks.next_step(turn, request)) is None:
            _forget(turn, request)
        return aimed
    rule = turn.rule.get(request.rule)
    alerts = firing(turn, request.alerts)
    if rule is None or not alerts or mode_of(turn, rule) is Mode.OBSERVE or not rule.steps:
        if request.decision is not None:
            why = "no alert that wanted it fires any more" if rule is not None and not alerts else "its rule no longer asks for it"
            turn.audit("decision", **names_of(request), decision=request.decision.value, guard=request.guard, outcome="no longer wanted",
                       reason=why, detail=_repeats(turn, request))  # fmt: skip
        _forget(turn, request)
        return None
    return _aim(turn, rule, msgspec.structs.replace(request, alerts=alerts))


def _aim(turn: Turn, rule: Rule, request: Request) -> Request | None:
    """
    The request with what is known by now: the rule's present arguments, a process that still needs it, that process' lasting name.

    None if it turns out to be one that is there already, or that dry-run takes for done.
    """
    step = rule.steps[0]
    if step.action in AMONG or request.action in AMONG:
        return _aim_at_jobs(turn, rule, request)
    process = _neediest(turn, rule, request)
    target = find_target(turn.world, process)
    name = target.name if target.ref is not None else request.target
    aimed = msgspec.structs.replace(request, action=step.action, arguments=step.arguments, process=process, target=name)
    if aimed != turn.ledger.requests.get(request.id):
        turn.put_request(aimed.id, aimed)
    if name == request.target:
        return aimed
    return _rename(turn, rule, aimed)


def _aim_at_jobs(turn: Turn, rule: Rule, request: Request) -> Request | None:
    """The request with the rule's present arguments; None if the rule means something else by now: then its alerts want that."""
    step = rule.steps[0]
    mine = tuple(key for key in request.alerts if first_target(turn, rule, key).name == request.target)
    gone = tuple(key for key in request.alerts if turn.world.find(turn.ledger.alerts[key].kind, turn.ledger.alerts[key].entity) is None)
    kept = mine or gone
    if not kept:
        _forget(turn, request)
        for key in request.alerts:
            want(turn, key, rule)
        return None
    aimed = msgspec.structs.replace(request, action=step.action, arguments=step.arguments, alerts=kept)
    if mine:
        target = first_target(turn, rule, mine[0])
        aimed = msgspec.structs.replace(aimed, jobs=target.jobs, unreachable=target.unreachable)
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
        _forget(turn, request)
    for key in others:
        want(turn, key, rule)
    return None if superfluous else request


def _is_cured(turn: Turn, rule: Rule, target: str) -> bool:
    return mode_of(turn, rule) is Mode.DRY_RUN and f"{rule.name}|{target}" in turn.ledger.shadow.cured


def _judge(turn: Turn, request: Request, rule: Rule, look: Look | Counted | None) -> Judgement:
    mode = mode_of(turn, rule)
    return judge(request_view(turn, rule, request, signal=_first_signal(request), mode=mode, look=look), mode)


def _decide(turn: Turn, request: Request, rule: Rule, look: Look | Counted) -> None:
    judgement = _judge(turn, request, rule, look)
    if judgement.decision is Decision.ALLOW and isinstance(look, Look) and _asks_for_the_lock(turn, request):
        return
    request = _write_down(turn, request, rule, judgement)
    if isinstance(look, Counted):
        turn.world.again[request.id] = turn.at + COUNT_AGAIN
    match judgement.decision:
        case Decision.ALLOW:
            ref = find_target(turn.world, request.process).ref
            _forget(turn, request)
            playbook = turn.ledger.playbooks.get(request.playbook) or playbooks.begin(turn, rule, request, about(turn, rule, request))
            if isinstance(look, Counted):
                edits.start(turn, playbook, request, look)
            else:
                assert ref is not None  # the last look denies without one
                runs.start(turn, playbook, request, ref=ref, look=look)
        case Decision.DRY_RUN:
            _forget(turn, request)
            leave_out(turn, rule, request, look)
        case Decision.DENY | Decision.ASK:
            pass


def _asks_for_the_lock(turn: Turn, request: Request) -> bool:
    effect = locking.ask_first(turn, request.id, action=request.action, target=request.target, rule=request.rule)
    if effect:
        turn.world.looks[effect] = request.id
    return bool(effect)


def _write_down(turn: Turn, request: Request, rule: Rule, judgement: Judgement) -> Request:
    verdict, world = judgement.verdict, turn.world
    world.again[request.id] = min(
        turn.at + AGAIN, verdict.until if verdict.until is not None and verdict.until > turn.at else turn.at + AGAIN
    )
    world.reasons[request.id] = judgement.reason
    guard = "" if verdict.answer is Answer.PASS else verdict.guard
    if request.decision is judgement.decision and request.guard == guard:
        world.denials[request.id] = world.denials.get(request.id, 0) + 1
        return request
    repeats = _repeats(turn, request)
    world.denials.pop(request.id, None)
    request = msgspec.structs.replace(request, decision=judgement.decision, guard=guard, reason=judgement.reason, until=verdict.until)
    turn.put_request(request.id, request)
    until = {"until_in_ms": verdict.until - turn.at} if verdict.until is not None else {}
    turn.audit(
        "decision", **names_of(request), mode=mode_of(turn, rule).value, decision=judgement.decision.value, guard=guard, reason=judgement.reason,
        detail={**repeats, **until},
    )  # fmt: skip
    thread, entity = _story(turn, request)
    turn.notify(
        _who_hears(turn, request, rule, judgement), thread=thread, kind=NoticeKind.DECIDED, severity=_weight(rule, guard), title=headline(request, judgement), rule=rule.name,
        entity=entity, target=request.target, action=request.action, decision=judgement.decision.value, guard=guard, reason=judgement.reason,
    )  # fmt: skip
    return request


def _weight(rule: Rule, guard: str) -> Severity:
    """How much it hurts that it was decided like that."""
    return Severity.CRITICAL if guard and GUARDS[guard].alarms else rule.severity


def _who_hears(turn: Turn, request: Request, rule: Rule, judgement: Judgement) -> tuple[str, ...]:
    """Who was told of the cause instead of the alert need not hear that nothing is done about it either; whatever is done everybody hears."""
    first = turn.ledger.alerts.get(request.alerts[0])
    withheld = first.withheld if first is not None and judgement.decision is Decision.DENY else ()
    return tuple(receiver for receiver in rule.notify if receiver not in withheld)


def _story(turn: Turn, request: Request) -> tuple[str, str]:
    """The thread in which people are told of it, and the entity that it began with."""
    playbook = turn.ledger.playbooks.get(request.playbook)
    if playbook is not None:
        return playbook.thread, playbook.entity
    first = turn.ledger.alerts[request.alerts[0]]
    return first.id, first.entity


def headline(request: Request, judgement: Judgement) -> str:
    """What was decided, for people."""
    what = f"{request.action} on {request.target}"
    match judgement.decision:
        case Decision.ALLOW:
            return f"{what}: begun"
        case Decision.DRY_RUN:
            return f"{what}: would be done now (dry-run)"
        case Decision.ASK:
            return f"{what}: waits for a person" + (f" ({judgement.reason})" if judgement.reason else "")
        case Decision.DENY:
            return f"{what}: not done, {judgement.verdict.guard} denies: {judgement.verdict.reason}"


def _first_signal(request: Request) -> Signal | None:
    procedure = PROCEDURES.get(request.action)
    return procedure.signal if procedure is not None else None


def _forget(turn: Turn, request: Request) -> None:
    turn.put_request(request.id, None)
    turn.world.again.pop(request.id, None)
    turn.world.denials.pop(request.id, None)
    turn.world.reasons.pop(request.id, None)


def _repeats(turn: Turn, request: Request) -> dict[str, str | int | bool]:
    count = turn.world.denials.get(request.id, 0)
    return {"repeated": count} if count else {}
