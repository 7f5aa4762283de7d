"""
What is decided about a request and written down: the guards' answer, with the mode applied, once for as long as it stays the same.

The counterpart of `requests`, which knows what is wanted and when it is asked for again.
"""

from typing import Any, Final

import msgspec

from watchdog.engine import approving, deeds, edits, locking, playbooks, runs
from watchdog.engine.arming import mode_of
from watchdog.engine.guards.combine import Judgement, judge
from watchdog.engine.judged_by import readings_of
from watchdog.engine.leaving_out import leave_out, names_of
from watchdog.engine.ledger import Request
from watchdog.engine.procedures import PROCEDURES
from watchdog.engine.reaching import find_target
from watchdog.engine.rules import Rule
from watchdog.engine.targeting import about, request_view
from watchdog.engine.turn import Turn
from watchdog.engine.whats_next import after_decision
from watchdog.model.guards import BY_NAME as GUARDS
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.results import Counted, Look, Sight
from watchdog.model.targets import Signal
from watchdog.model.verdicts import Answer, Decision, Mode

AGAIN: Final = 5_000
"""The guards are asked again at least every so many milliseconds, for reasons that go without an event."""
COUNT_AGAIN: Final = 60_000
"""The same where jobs have been counted for it: that can mean to go through a million retries."""


def judge_request(turn: Turn, request: Request, rule: Rule, look: Sight | None) -> Judgement:
    """What the guards say to it; `look` is what was found when it was looked at."""
    mode = mode_of(turn, rule)
    return judge(request_view(turn, rule, request, signal=_first_signal(request), mode=mode, look=look), mode)


def decide(turn: Turn, request: Request, rule: Rule, look: Sight) -> None:
    """It has just been looked at: it is begun, left out, or waits."""
    ref = find_target(turn.world, request.process).ref
    judgement = judge_request(turn, request, rule, look)
    may_ask = judgement.decision is Decision.ASK and mode_of(turn, rule) is not Mode.DRY_RUN
    if may_ask and approving.ask(turn, rule, request, ref, look, judge=lambda: judge_request(turn, request, rule, look)):
        judgement = judge_request(turn, request, rule, look)
    if judgement.decision is Decision.ALLOW and isinstance(look, Look) and _asks_for_the_lock(turn, request):
        return
    request = write_down(turn, request, rule, judgement, look)
    if isinstance(look, Counted):
        turn.world.again[request.id] = turn.at + COUNT_AGAIN
    match judgement.decision:
        case Decision.ALLOW:
            playbook = turn.ledger.playbooks.get(request.playbook) or playbooks.begin(turn, rule, request, about(turn, rule, request))
            approving.use(turn, request, ref, playbook.id)
            forget(turn, request)
            if isinstance(look, Counted):
                edits.start(turn, playbook, request, look)
            elif request.thing is not None:
                deeds.start(turn, playbook, request, look)
            else:
                assert ref is not None  # the last look denies without one
                assert isinstance(look, Look)  # what a process is looked at with
                runs.start(turn, playbook, request, ref=ref, look=look)
        case Decision.DRY_RUN:
            forget(turn, request)
            leave_out(turn, rule, request, look)
        case Decision.DENY | Decision.ASK:
            pass


def _asks_for_the_lock(turn: Turn, request: Request) -> bool:
    effect = locking.ask_first(turn, request.id, action=request.action, target=request.target, rule=request.rule)
    if effect:
        turn.world.looks[effect] = request.id
    return bool(effect)


def write_down(turn: Turn, request: Request, rule: Rule, judgement: Judgement, look: Sight | None = None) -> Request:
    """Says what was decided, if that is something new, on this look; returns the request with it."""
    verdict, world, mode = judgement.verdict, turn.world, mode_of(turn, rule)
    world.again[request.id] = min(
        turn.at + AGAIN, verdict.until if verdict.until is not None and verdict.until > turn.at else turn.at + AGAIN
    )
    world.reasons[request.id] = judgement.reason
    guard = "" if verdict.answer is Answer.PASS else verdict.guard
    if request.decision is judgement.decision and request.guard == guard:
        world.denials[request.id] = world.denials.get(request.id, 0) + 1
        return request
    repeats = repeats_of(turn, request)
    world.denials.pop(request.id, None)
    request = msgspec.structs.replace(request, decision=judgement.decision, guard=guard, reason=judgement.reason, until=verdict.until)
    turn.put_request(request.id, request)
    until = {"until_in_ms": verdict.until - turn.at} if verdict.until is not None else {}
    turn.audit(
        "decision", **names_of(request), mode=mode.value, decision=judgement.decision.value, guard=guard, reason=judgement.reason,
        detail={**repeats, **until},
    )  # fmt: skip
    if mode is Mode.DRY_RUN and judgement.decision is Decision.ASK:
        turn.audit("would", **names_of(request), mode=mode.value, decision=Decision.ASK.value, guard=guard, stage="ask", reason=judgement.reason,
                   outcome="left out", would_at=turn.wall)  # fmt: skip
    if guard == approving.GUARD or (mode is not Mode.DRY_RUN and judgement.decision is Decision.ASK):
        # Whoever asks tells it, with the id to answer to.
        return request
    thread, entity = _story(turn, request)
    turn.notify(
        _who_hears(turn, request, rule, judgement), thread=thread, kind=NoticeKind.DECIDED, severity=_weight(rule, guard), title=headline(request, judgement, mode), rule=rule.name,
        entity=entity, target=request.target, action=request.action, decision=judgement.decision.value, guard=guard, reason=judgement.reason,
        **_account(turn, request, rule, judgement, mode, look),
    )  # fmt: skip
    return request


def _account(turn: Turn, request: Request, rule: Rule, judgement: Judgement, mode: Mode, look: Sight | None) -> dict[str, Any]:
    """What it was judged by, what would be done, and what comes next."""
    first = turn.ledger.alerts.get(request.alerts[0])
    row = turn.world.find(first.kind, first.entity) if first is not None else None
    is_planned = judgement.decision in (Decision.DRY_RUN, Decision.ASK)
    plan = approving.stages_of(approving.plan_of(turn, rule, request), request, look) if is_planned else ()
    return {"seen": readings_of(rule, row, turn.at, turn.world), "plan": plan, "next": after_decision(judgement, mode, turn.at)}


def _weight(rule: Rule, guard: str) -> Severity:
    """How much it hurts that it was decided like that."""
    return Severity.CRITICAL if guard and GUARDS[guard].alarms else rule.severity


def _who_hears(turn: Turn, request: Request, rule: Rule, judgement: Judgement) -> tuple[str, ...]:
    """Who was told of the cause instead of the alert need not hear that nothing is done about it either; whatever is done everybody hears."""
    first = turn.ledger.alerts.get(request.alerts[0])
    withheld = first.withheld if first is not None and judgement.decision is Decision.DENY else ()
    everyone = turn.audience(rule, first.id) if first is not None else rule.notify
    return tuple(receiver for receiver in everyone if receiver not in withheld)


def _story(turn: Turn, request: Request) -> tuple[str, str]:
    """The thread in which people are told of it, and the entity that it began with."""
    playbook = turn.ledger.playbooks.get(request.playbook)
    if playbook is not None:
        return playbook.thread, playbook.entity
    first = turn.ledger.alerts[request.alerts[0]]
    return first.id, first.entity


def headline(request: Request, judgement: Judgement, mode: Mode) -> str:
    """What was decided, for people."""
    what = f"{request.action} on {request.target}"
    match judgement.decision:
        case Decision.ALLOW:
            return f"{what}: begun"
        case Decision.DRY_RUN:
            return f"{what}: would be done now (dry-run)"
        case Decision.ASK:
            waits = "would wait for a person (dry-run)" if mode is Mode.DRY_RUN else "waits for a person"
            return f"{what}: {waits}" + (f" ({judgement.reason})" if judgement.reason else "")
        case Decision.DENY:
            return f"{what}: not done, {judgement.verdict.guard} denies: {judgement.verdict.reason}"


def _first_signal(request: Request) -> Signal | None:
    procedure = PROCEDURES.get(request.action)
    return procedure.signal if procedure is not None else None


def forget(turn: Turn, request: Request) -> None:
    """Nobody wants it any more, or it has been begun."""
    turn.put_request(request.id, None)
    turn.world.again.pop(request.id, None)
    turn.world.denials.pop(request.id, None)
    turn.world.reasons.pop(request.id, None)


def repeats_of(turn: Turn, request: Request) -> dict[str, str | int | bool]:
    """How often the last answer was given again, for the audit row of the next."""
    count = turn.world.denials.get(request.id, 0)
    return {"repeated": count} if count else {}
