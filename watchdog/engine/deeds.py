"""
The machine that does one thing to one thing: a look, the guards, an intent, the effect and its outcome; and perhaps a wait for what comes of it.

The counterpart of `runs`, which walks a process through the stages of its end, and of `edits`, which has jobs moved. What is done, and what stands against it, says the method of the action
(`methods`). Cut off in the middle it is looked at again, all guards are asked again, and it is asked for again under the same order. What could not be done within ten minutes is given up.

No lock of the fleet is taken: what is done here takes no thread from any queue, so nobody's coverage depends on it. On one host one action goes on at a time all the same (guard `in_flight`).
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from watchdog.engine import arming
from watchdog.engine.approved import approval_of
from watchdog.engine.guards.combine import judge
from watchdog.engine.guards.view import View
from watchdog.engine.incidents import Deed, Playbook
from watchdog.engine.ledger import Cooldown, Request, Spent
from watchdog.engine.methods import METHODS
from watchdog.engine.methods.method import WATCH, Call, Case
from watchdog.engine.procedures.stages import End, Go, Hold, Then
from watchdog.engine.rules import NO_RULES
from watchdog.engine.spending import with_one
from watchdog.engine.state import State
from watchdog.engine.targeting import REACH, sources_of
from watchdog.engine.turn import Over, Turn
from watchdog.engine.whats_next import tried_again
from watchdog.model.actions import acts_on
from watchdog.model.delivery import cuts_off
from watchdog.model.kinds import Source
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.records import IncidentRow
from watchdog.model.results import Refused, Result, Sight
from watchdog.model.targets import APART
from watchdog.model.verdicts import Decision, Mode

AGAIN: Final = 15_000
"""Milliseconds after which one that could not go on is tried again."""
SOON: Final = 1_000
"""The same after a start, until Redis has been read in full; and how often it is looked for what is waited for."""
PATIENCE: Final = 600_000
"""Milliseconds for which it is tried to do it."""


def start(turn: Turn, playbook: Playbook, request: Request, sight: Sight) -> None:
    """Does it; all guards have just allowed it on this look."""
    assert request.thing is not None  # the last look denies without
    method = METHODS[request.action]
    deed = Deed(
        id=turn.id(), incident=playbook.id, rule=playbook.rule, action=request.action, arguments=request.arguments, thing=request.thing, entity=playbook.entity,
        thread=playbook.thread, severity=playbook.severity, notify=playbook.notify, stage=method.stage, opened_wall=playbook.opened_wall, opened_at=playbook.opened_at,
        begun_at=turn.at, since_at=turn.at, account=playbook.account,
    )  # fmt: skip
    turn.put_deed(deed.id, deed)
    _say(turn, deed, "next step" if request.playbook else "opened")
    _begin(turn, deed, sight)


def resume(turn: Turn) -> None:
    """After a start of the agent: looks again at every one that is open."""
    for deed in list(turn.ledger.deeds.values()):
        if deed.intent:
            turn.audit("outcome", **_names(deed), stage=deed.stage, outcome="unknown: the agent ended before it knew")
        resumed = msgspec.structs.replace(deed, effect="", intent="", looking=False, held="", again_at=turn.at + SOON)
        turn.put_deed(deed.id, resumed)
        _say(turn, resumed, "resumed")


def try_again(turn: Turn) -> None:
    """Goes on with those whose time has come, and looks for what is waited for."""
    for deed in list(turn.ledger.deeds.values()):
        if deed.again_at is not None and deed.again_at <= turn.at:
            _look(turn, deed)
        elif deed.stage == WATCH and turn.world.watches.get(deed.id, 0) <= turn.at:
            _watch(turn, deed)


def dues(state: State) -> Iterator[int | None]:
    """When something of them is due without an event."""
    for deed in state.ledger.deeds.values():
        yield deed.again_at
        if deed.stage == WATCH:
            yield state.world.watches.get(deed.id, 0)


def answer(turn: Turn, effect: str, result: Result) -> bool:
    """Takes the answer to an effect; False if the effect was none of a deed. What is over by it stands in `turn.over`."""
    deed = next((deed for deed in turn.ledger.deeds.values() if deed.effect == effect), None)
    if deed is None:
        return False
    method = METHODS[deed.action]
    if deed.looking:
        deed = msgspec.structs.replace(deed, effect="", looking=False)
        if isinstance(result, method.sight):
            _take_look(turn, deed, result)
        else:
            _hold(
                turn, deed, result.reason if isinstance(result, Refused) else "the look was answered with something else", guard="last_look"
            )
        return True
    deed = msgspec.structs.replace(deed, effect="", intent="")
    then = method.heard(_case(turn, deed, None), result)
    turn.audit("outcome", **_names(deed), stage=deed.stage, outcome=_word(then))
    _follow(turn, deed, then)
    return True


def _look(turn: Turn, deed: Deed) -> None:
    """Before it is asked for once more it is looked at afresh, once everything can be read."""
    if turn.rules is NO_RULES or (Source.REDIS not in turn.world.complete and not cuts_off(turn.ledger.lost)):
        turn.put_deed(deed.id, msgspec.structs.replace(deed, again_at=turn.at + SOON))
        return
    if deed.stage == WATCH:
        turn.put_deed(deed.id, msgspec.structs.replace(deed, again_at=None))
        return
    effect = turn.id()
    turn.put_deed(deed.id, msgspec.structs.replace(deed, effect=effect, looking=True, again_at=None))
    turn.effects.append(METHODS[deed.action].look(effect, deed.thing))


def _take_look(turn: Turn, deed: Deed, sight: Sight) -> None:
    then = METHODS[deed.action].begins(_case(turn, deed, sight)) if deed.asked else None
    if then is not None:
        # What was asked for is done, for all that can be seen: nobody need allow it any more.
        _follow(turn, deed, then)
        return
    judgement = judge(_view(turn, deed, sight), Mode.ACT)
    if reason := _unwanted(turn, deed):
        _end(turn, deed, "abandoned", reason)
    elif judgement.decision is not Decision.ALLOW:
        _hold(turn, deed, judgement.verdict.reason, guard=judgement.verdict.guard)
    else:
        _begin(turn, deed, sight)


def _begin(turn: Turn, deed: Deed, sight: Sight) -> None:
    then = METHODS[deed.action].begins(_case(turn, deed, sight))
    if then is None:
        _ask(turn, deed, sight)
    else:
        _follow(turn, deed, then)


def _ask(turn: Turn, deed: Deed, sight: Sight) -> None:
    method, effect = METHODS[deed.action], turn.id()
    turn.set(**method.noted(_case(turn, deed, sight)))
    turn.audit(
        "intent",
        **_names(deed),
        stage=deed.stage,
        mode=Mode.ACT.value,
        decision=Decision.ALLOW.value,
        detail={"again": True} if deed.asked else {},
    )
    turn.put_deed(deed.id, msgspec.structs.replace(deed, effect=effect, intent=effect, asked=True, held="", again_at=None))
    call = Call(
        id=effect, order=deed.id, incident=deed.incident, rule=deed.rule, reason=f"{deed.action} of rule {deed.rule}", thing=deed.thing, arguments=deed.arguments,
        until=turn.at + method.limit(deed.arguments),
    )  # fmt: skip
    turn.effects.append(method.command(call))


def _watch(turn: Turn, deed: Deed) -> None:
    method = METHODS[deed.action]
    until = deed.since_at + method.patience(deed.arguments)
    known = Source.REDIS in turn.world.complete and not cuts_off(turn.ledger.lost)
    if known and (then := method.sees(_case(turn, deed, None))) is not None:
        _follow(turn, deed, then)
    elif turn.at >= until:
        _follow(turn, deed, End("failed", method.waited))
    else:
        turn.world.watches[deed.id] = min(turn.at + SOON, until)


def _follow(turn: Turn, deed: Deed, then: Then) -> None:
    match then:
        case Go():
            turn.put_deed(deed.id, msgspec.structs.replace(deed, stage=WATCH, since_at=turn.at, held="", again_at=None))
            turn.world.watches[deed.id] = turn.at
        case Hold(reason=reason, guard=guard):
            _hold(turn, deed, reason, guard=guard)
        case End(outcome=outcome, account=account):
            _end(turn, deed, outcome, account)


def _hold(turn: Turn, deed: Deed, reason: str, *, guard: str) -> None:
    if turn.at - deed.begun_at >= PATIENCE:
        _end(turn, deed, "failed", f"given up after {PATIENCE // 60_000} min: {reason}")
        return
    held = msgspec.structs.replace(deed, held=reason, again_at=turn.at + AGAIN)
    turn.put_deed(deed.id, held)
    # Said once, however often it is tried.
    if not deed.held:
        _say(turn, held, "held", guard=guard, reason=reason)
        turn.notify(
            deed.notify, thread=deed.thread, kind=NoticeKind.STAGE, severity=max(deed.severity, Severity.WARNING, key=list(Severity).index),
            title=f"{deed.action} on {deed.thing.name} waits: {reason}", rule=deed.rule, entity=deed.entity, target=deed.thing.name, action=deed.action, stage=deed.stage,
            decision=Decision.ALLOW.value, outcome="held", guard=guard, reason=reason,
            next=tried_again(AGAIN, PATIENCE), page=turn.page(deed.incident),
        )  # fmt: skip


def _end(turn: Turn, deed: Deed, outcome: str, account: str) -> None:
    seconds = (turn.at - deed.opened_at) / 1000
    deed = msgspec.structs.replace(deed, account=(*deed.account, f"+{seconds:.1f} s: {account}"))
    turn.put_deed(deed.id, None)
    turn.world.watches.pop(deed.id, None)
    turn.over.append(Over(deed, outcome, account))
    cooldown = Cooldown(turn.at, deed.rule, deed.action, deed.incident)
    turn.set(cooldowns={**turn.ledger.cooldowns, deed.thing.name: cooldown})
    if deed.asked:
        turn.set(
            spent=with_one(turn.ledger.spent, deed.thing.name, Spent(turn.at, deed.rule, deed.incident, acts_on(deed.action) in APART))
        )


def _unwanted(turn: Turn, deed: Deed) -> str:
    """Why nobody wants it any more; empty where somebody does."""
    rule = turn.rule.get(deed.rule)
    if turn.rules.mode.rank < Mode.ASK.rank:
        return f"the mode has been lowered to {turn.rules.mode}"
    if rule is None:
        return "its rule is no longer there"
    mode = arming.mode_of(turn, rule)
    return "" if mode.rank >= Mode.ASK.rank else f"its rule has been put into {mode}"


def _view(turn: Turn, deed: Deed, sight: Sight) -> View:
    rule, kind = turn.rule.get(deed.rule), METHODS[deed.action].acts_on
    return View(
        at=turn.at, subject=deed.id, incident=deed.incident, rule=deed.rule, target=deed.thing.name, process="", ref=None, unreachable="",
        sources=sources_of(rule, REACH[kind]) if rule else (REACH[kind],), settings=rule.guards if rule else turn.rules.by_hand, signal=None, holds=True, look=None,
        committed=False, ledger=turn.ledger, held={}, sick=turn.sick(), cooldowns=turn.ledger.cooldowns, world=turn.world, wall=turn.wall, spent=turn.ledger.spent,
        approval=approval_of(turn.ledger, deed.incident, deed.action, None, arguments=deed.arguments), about=kind, action=deed.action, arguments=deed.arguments,
        thing=deed.thing, sight=sight, asked=deed.asked,
    )  # fmt: skip


def _case(turn: Turn, deed: Deed, sight: Sight | None) -> Case:
    return Case(
        at=turn.at, thing=deed.thing, arguments=deed.arguments, sight=sight, world=turn.world, ledger=turn.ledger, incident=deed.incident, asked=deed.asked, since_at=deed.since_at,
    )  # fmt: skip


def _word(then: Then) -> str:
    match then:
        case Go(stage=stage):
            return f"done: {stage}"
        case Hold(reason=reason):
            return f"refused: {reason}"
        case End(outcome=outcome, account=account):
            return f"{outcome}: {account}"


def _say(turn: Turn, deed: Deed, outcome: str, *, guard: str = "", reason: str = "") -> None:
    turn.audit("incident", **_names(deed), stage=deed.stage, outcome=outcome, guard=guard, reason=reason)
    turn.keep_incident(
        IncidentRow(deed.incident, deed.rule, deed.entity, deed.thing.name, deed.action, deed.opened_wall, None,
                    "held" if outcome == "held" else "open", deed.account)
    )  # fmt: skip


def _names(deed: Deed) -> dict[str, Any]:
    return {"rule": deed.rule, "entity": deed.entity, "target": deed.thing.name, "action": deed.action, "incident": deed.incident}
