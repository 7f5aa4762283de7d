"""
Asking a person, and what becomes of the question: it is opened, used once, runs out, or lapses because it is no longer what was asked.

The counterpart of `answering`, which hears what people say. Everything is told in the thread of the alert that it is about.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Any, Final

import msgspec

from watchdog.engine import accounts, arming, edits
from watchdog.engine.approvals import HELD, HOLDS, LIVE, USE_WITHIN, Approval, Ground, Planned, Standing, covers, lasting
from watchdog.engine.approved import approval_for
from watchdog.engine.guards.combine import Judgement, combine
from watchdog.engine.incidents import Branch, Playbook
from watchdog.engine.judged_by import readings_of
from watchdog.engine.ledger import Ledger, Request
from watchdog.engine.planning import plan_of_step
from watchdog.engine.routing import asks
from watchdog.engine.rules import NO_RULES, Rule, Step
from watchdog.engine.turn import Turn
from watchdog.engine.whats_next import after_answer, to_answer
from watchdog.engine.withholding import is_silenced, names_of
from watchdog.model.actions import acts_on
from watchdog.model.guards import BY_NAME as GUARDS
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.results import Counted, Sight
from watchdog.model.targets import ProcessRef, TargetKind
from watchdog.model.verdicts import Answer, Decision, Mode, Verdict

GUARD: Final = "approval"
_LETTERS: Final = "23456789bcdfghjkmnpqrstvwxyz"
"""Nothing in an id looks like something else, and no id is a word."""
_LENGTH: Final = 5


def ask(turn: Turn, rule: Rule, request: Request, ref: ProcessRef | None, look: Sight, *, judge: Callable[[], Judgement]) -> bool:
    """A person is to be asked about it; False if that has been done, for these very reasons. `judge` asks the guards as things stand."""
    known = approval_for(turn.ledger, request, ref)
    grounds = _grounds(judge())
    if (
        known is not None
        and known.request == request.id
        and known.standing is Standing.OPEN
        and all(_is_told(known, one) for one in grounds)
    ):
        return False
    for old in _of(turn, request):
        if old.standing in LIVE:
            new = next((ground.reason for ground in grounds if not _is_told(old, ground)), "")
            _settle(turn, old, Standing.LAPSED, f"asked anew: {new or 'it is about something else now'}")
    # Without what was approved the guards have those reasons again that it had made them content with.
    _open(turn, rule, request, _grounds(judge()), ref, look)
    return True


def is_needless(turn: Turn, request: Request, judgement: Judgement, mode: Mode) -> bool:
    """
    True if nobody need be asked any more and the question has lapsed by that: what was asked for its sake no longer stands in the way.

    A denial stands all the same: who said no is not passed over because a number has gone down.
    """
    others = tuple(one for one in judgement.all if one.guard != GUARD)
    if len(others) == len(judgement.all) or combine(others, mode).decision is not Decision.ALLOW:
        return False
    unanswered = [one for one in _of(turn, request) if one.standing in (Standing.OPEN, Standing.EXPIRED)]
    for one in unanswered:
        _settle(turn, one, Standing.LAPSED, "nobody need be asked any more: what stood in the way has passed")
    return bool(unanswered)


def use(turn: Turn, request: Request, ref: ProcessRef | None, incident: str) -> None:
    """It is begun now: what was approved for it is used, once and for all."""
    one = approval_for(turn.ledger, request, ref)
    if one is not None and one.standing is Standing.APPROVED:
        turn.put_approval(one.id, msgspec.structs.replace(one, standing=Standing.USED, incident=incident))
        turn.audit("approval", **_names(one) | {"incident": incident}, outcome="used", reason=one.settled, detail={"approval": one.id})


def tend(turn: Turn) -> None:
    """What has run out, and what nobody asks for any more."""
    if not turn.ledger.approvals or turn.rules is NO_RULES:
        return
    for one in list(turn.ledger.approvals.values()):
        if one.standing in LIVE or one.standing in HELD:
            _tend(turn, asks.tend(turn, one))
        elif one.settled_at is not None and turn.at - one.settled_at >= HOLDS and one.incident not in turn.ledger.playbooks:
            turn.put_approval(one.id, None)


def dues(ledger: Ledger) -> Iterator[int]:
    """When something becomes of one without an event."""
    for one in ledger.approvals.values():
        if one.standing is Standing.OPEN:
            yield one.expires_at if one.raise_at is None else min(one.raise_at, one.expires_at)
        elif one.settled_at is not None and one.standing is Standing.APPROVED:
            yield one.settled_at + USE_WITHIN
        elif one.settled_at is not None and one.standing in HELD:
            yield one.settled_at + HOLDS


def ask_anew(turn: Turn) -> None:
    """A silence is over: what was asked while nobody was told has not been asked."""
    for one in list(turn.ledger.approvals.values()):
        if one.silenced and one.standing in (Standing.OPEN, Standing.EXPIRED) and not _is_silenced(turn, one.rule, one.entity, one.target):
            _settle(turn, one, Standing.LAPSED, "asked anew: nobody was told of it before, in a silence")


def plan_of(turn: Turn, rule: Rule, request: Request) -> tuple[Step, ...]:
    """The steps that a person is asked about: from this one on to the end of its list."""
    playbook = turn.ledger.playbooks.get(request.playbook)
    if playbook is None:
        return rule.steps
    return (rule.steps if playbook.branch is Branch.THEN else rule.or_else)[playbook.step :]


def tell(turn: Turn, one: Approval, title: str, *, outcome: str, severity: Severity = Severity.INFO, **more: Any) -> None:
    """Written down, and told in the thread of its alert; by which guard a person was asked is said to the end of it. `written` is the reason in the audit, where that says more."""
    turn.audit(
        "approval",
        **_names(one),
        outcome=outcome,
        reason=more.pop("written", "") or more.get("reason") or title,
        detail={"approval": one.id, **more.pop("detail", {})},
    )
    turn.notify(
        one.notify, thread=one.thread, kind=NoticeKind.DECIDED, severity=severity, title=title, rule=one.rule, entity=one.entity, target=one.target,
        action=one.action, decision=Decision.ASK.value, guard=one.grounds[0].guard if one.grounds else GUARD, outcome=outcome, approval=one.id, **more,
    )  # fmt: skip


def settled(turn: Turn, one: Approval, standing: Standing, sentence: str, **more: Any) -> Approval:
    """The same with how it stands now, written into the ledger."""
    one = msgspec.structs.replace(one, standing=standing, settled=sentence, settled_at=turn.at, **more)
    turn.put_approval(one.id, one)
    return one


def stages_of(steps: Iterable[Step], request: Request, look: Sight | None) -> tuple[str, ...]:
    """What would be done, in words."""
    told: list[str] = []
    over = 0
    for number, step in enumerate(steps):
        if acts_on(step.action) is TargetKind.JOBS:
            first = number == 0 and isinstance(look, Counted)
            told.append(
                f"+{over / 1000:.1f} s: {edits.would(step, request.jobs if first else None, look if isinstance(look, Counted) and first else None)}"
            )
            continue
        plan = plan_of_step(step)
        told.extend(accounts.planned(stage, over + delay, condition) for stage, delay, condition in plan)
        over += max(delay for _, delay, _ in plan)
    return tuple(told)


def _open(turn: Turn, rule: Rule, request: Request, grounds: tuple[Ground, ...], ref: ProcessRef | None, look: Sight) -> None:
    steps = plan_of(turn, rule, request)
    playbook = turn.ledger.playbooks.get(request.playbook)
    within = int(rule.guards["answer_within"])
    thread, entity, title, readings = _story(turn, rule, request, playbook)
    seen = (*title, *readings)
    one = Approval(
        id=_new_id(turn, request), rule=rule.name, entity=entity, target=request.target, action=request.action, request=request.id, playbook=request.playbook,
        process=request.process, ref=ref, jobs=request.jobs, thing=request.thing, plan=tuple(Planned(step.action, step.arguments) for step in steps), stages=stages_of(steps, request, look),
        condition=rule.condition.text, seen=seen, grounds=grounds, thread=thread, severity=rule.severity, notify=turn.audience(rule, thread), needed=int(rule.guards["approvals"]),
        asked_at=turn.at, asked_wall=turn.wall, expires_at=turn.at + within, raise_at=asks.raise_at(turn, thread, within),
        silenced=_is_silenced(turn, rule.name, entity, request.target),
    )  # fmt: skip
    turn.put_approval(one.id, one)
    alarming = any(GUARDS[ground.guard].alarms for ground in grounds)
    why = "; ".join(ground.reason for ground in grounds) or "the mode is ask"
    people = f"{one.needed} people must say sidekiq-watchdog approve" if one.needed > 1 else "sidekiq-watchdog approve"
    how = f"{people} {one.id} on {turn.ledger.host} within {lasting(within)}, else it is not done"
    tell(
        turn, one, f"{one.action} on {one.target}: waits for a person ({why}): {how}", outcome="asked",
        reason=why, written=f"{why}; {'; '.join(one.stages)}; seen: {', '.join(seen) or 'nothing'}", severity=Severity.CRITICAL if alarming else rule.severity,
        seen=readings, plan=one.stages, next=to_answer(one.id, turn.ledger.host, within, one.needed),
    )  # fmt: skip


def _tend(turn: Turn, one: Approval) -> None:
    request = turn.ledger.requests.get(one.request)
    rule = turn.rule.get(one.rule)
    if rule is None:
        _settle(turn, one, Standing.LAPSED, "its rule is no longer there")
    elif (mode := arming.mode_of(turn, rule)).rank < Mode.ASK.rank:
        _settle(turn, one, Standing.LAPSED, f"the mode has been lowered to {mode}")
    elif request is None:
        _settle(turn, one, Standing.LAPSED, "nothing asks for it any more")
    elif one.condition != rule.condition.text or one.plan != tuple(
        Planned(step.action, step.arguments) for step in plan_of(turn, rule, request)
    ):
        _settle(turn, one, Standing.LAPSED, "its rule asks for something else now")
    elif one.standing in LIVE and (one.process, one.jobs, one.thing) != (request.process, request.jobs, request.thing):
        _settle(turn, one, Standing.LAPSED, "it is about something else now")
    elif one.standing is Standing.OPEN and turn.at >= one.expires_at:
        sentence = f"nobody has said yes within {lasting(one.expires_at - one.asked_at)} (request {one.id})"
        _settle(turn, one, Standing.EXPIRED, sentence)
    elif one.standing is Standing.APPROVED and turn.at - (one.settled_at or 0) >= USE_WITHIN:
        _settle(turn, one, Standing.LAPSED, f"it could not be done within {lasting(USE_WITHIN)} of its approval: {request.reason}")
    elif one.standing in HELD and turn.at - (one.settled_at or 0) >= HOLDS:
        _settle(turn, one, Standing.LAPSED, f"a day has passed since: {one.settled}")


def _settle(turn: Turn, one: Approval, standing: Standing, sentence: str) -> None:
    """The question is over without an answer. What was denied, or told to have run out, is not told a second time."""
    was = one.standing
    one = settled(turn, one, standing, sentence)
    turn.world.again.pop(one.request, None)
    if was in HELD:
        turn.audit("approval", **_names(one), outcome=standing.value, reason=sentence, detail={"approval": one.id})
        return
    severity = one.severity if standing is Standing.EXPIRED else Severity.INFO
    tell(
        turn,
        one,
        f"{one.action} on {one.target}: {sentence}",
        outcome=standing.value,
        reason=sentence,
        severity=severity,
        next=after_answer(standing),
    )


def _is_silenced(turn: Turn, rule: str, entity: str, target: str) -> bool:
    return is_silenced(turn.ledger, turn.rule, rule=rule, entity=entity, names=tuple(names_of(target)))


def _of(turn: Turn, request: Request) -> list[Approval]:
    return [one for one in turn.ledger.approvals.values() if one.request == request.id]


def _grounds(judgement: Judgement) -> tuple[Ground, ...]:
    return tuple(Ground(one.guard, one.reason) for one in judgement.all if one.answer is Answer.ASK and one.guard != GUARD)


def _is_told(one: Approval, ground: Ground) -> bool:
    return covers(one, Verdict(ground.guard, Answer.ASK, ground.reason))


def _story(turn: Turn, rule: Rule, request: Request, playbook: Playbook | None) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    """The thread in which people are told of it, the entity that it began with, how that was called, and what is read of it now."""
    first = turn.ledger.alerts.get(request.alerts[0])
    kind, entity = (
        (playbook.kind, playbook.entity) if playbook is not None else (rule.each, first.entity if first is not None else request.entity)
    )
    readings = readings_of(rule, turn.world.find(kind, entity), turn.at, turn.world)
    title = (first.title,) if first is not None and first.title else ()
    thread = playbook.thread if playbook is not None else first.id if first is not None else request.id
    return thread, entity, title, readings


def _new_id(turn: Turn, request: Request) -> str:
    for number in range(len(turn.ledger.approvals) + 1):
        digest = int.from_bytes(sha256(f"{turn.wall}|{turn.event.seq}|{request.id}|{number}".encode()).digest()[:8])
        letters = ""
        for _ in range(_LENGTH):
            digest, letter = divmod(digest, len(_LETTERS))
            letters += _LETTERS[letter]
        if letters not in turn.ledger.approvals:
            return letters
    raise AssertionError("there are more ids than approvals")


def _names(one: Approval) -> dict[str, str]:
    return {"rule": one.rule, "entity": one.process or one.entity, "target": one.target, "action": one.action, "incident": one.incident}
