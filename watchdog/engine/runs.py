"""
The machine that walks through a procedure's stages, one event at a time.

Every stage that changes the world goes: look, guards, intent (committed), effect, outcome. Cut off
anywhere, it goes on from what the ledger says: a stage whose outcome is not known begins again with its
look, so that TERM may repeat to the same living process, and KILL comes neither early nor to another; what was put back is not put back twice.
"""

from collections.abc import Mapping
from typing import Any, Final, assert_never

import msgspec

from watchdog.engine import accounts, collecting, orphans
from watchdog.engine.guards.combine import judge
from watchdog.engine.guards.view import View
from watchdog.engine.ledger import Cooldown, Flight, Playbook, Request, Run, Spent
from watchdog.engine.ordered import order_of
from watchdog.engine.procedures import PROCEDURES
from watchdog.engine.procedures.stages import (
    Answer,
    Awaiting,
    CallAnswer,
    CallStage,
    ChooseStage,
    CollectStage,
    End,
    GatherStage,
    Go,
    Hold,
    LocksStage,
    PutBackStage,
    SendStage,
    Stage,
    Then,
    WaitStage,
    WatchStage,
)
from watchdog.engine.reckoning import planned
from watchdog.engine.report import report
from watchdog.engine.rules import NO_RULES
from watchdog.engine.sightings import (
    begin_counting,
    count_beats,
    is_over,
    scene_of,
    veto_of,
    with_found,
)
from watchdog.engine.spending import with_one
from watchdog.engine.succession import DEAD, served_at
from watchdog.engine.targeting import holds, sources_of
from watchdog.engine.turn import Over, Turn
from watchdog.model.actions import OF_THE_DEAD
from watchdog.model.effects import AwaitExit, CallUnit, DropFlight, GatherInFlight, Measure, PutBack, SendSignal, When
from watchdog.model.guards import VETO
from watchdog.model.kinds import Source
from watchdog.model.notices import Severity
from watchdog.model.results import Exited, InFlight, Look, PutBackDone, Refused, Result, Sent, StillRunning
from watchdog.model.targets import ProcessRef, Signal
from watchdog.model.verdicts import Decision, Mode

AGAIN: Final = 5_000
"""Milliseconds after which a held stage is tried again."""
SOON: Final = 1_000
"""The same while a source has not been read in full since the start; and how often it is looked for what a stage waits for."""


NO_FLIGHT: Final = Flight()


def start(turn: Turn, playbook: Playbook, request: Request, *, ref: ProcessRef, look: Look, flight: Flight = NO_FLIGHT) -> None:
    """Carries out the first stage of a step; all guards have just allowed it on this look. `flight` is what is known of its jobs before they are asked for."""
    run = Run(
        id=turn.id(), incident=playbook.id, rule=playbook.rule, action=request.action, arguments=request.arguments, ref=ref,
        entity=playbook.entity, thread=playbook.thread, severity=playbook.severity, notify=playbook.notify,
        stage=PROCEDURES[request.action].first, looking=False, opened_wall=playbook.opened_wall, state=look.state, account=playbook.account, flight=flight,
        veto=tuple(turn.rule[playbook.rule].guards["veto"]) if playbook.rule in turn.rule else VETO,
    )  # fmt: skip
    accounts.say(turn, run, "next step" if request.playbook else "opened")
    _enter(turn, run, run.stage, looked=True)


def resume(turn: Turn) -> None:
    """After a start of the agent: goes on with every open incident, before anything else."""
    for run in list(turn.ledger.runs.values()):
        marks = run.marks
        if run.intent:
            _audit_stage(turn, run, "unknown: the agent ended before it knew")
            marks = {**marks, _maybe(_mark(run)): turn.at}
        resumed = msgspec.structs.replace(run, intent="", effect="", held="", held_by="", again_at=None, marks=marks)
        accounts.say(turn, resumed, "resumed")
        _enter(turn, resumed, run.stage, looked=False)


def try_again(turn: Turn) -> None:
    """Goes on with the held ones whose time has come."""
    for run in list(turn.ledger.runs.values()):
        if run.again_at is not None and run.again_at <= turn.at:
            _enter(turn, msgspec.structs.replace(run, again_at=None), run.stage, looked=False)


def watch_all(turn: Turn) -> None:
    """Looks whether those that wait for something in the picture can go on; not more often than once a second."""
    for run in list(turn.ledger.runs.values()):
        if isinstance(_stage(run), WatchStage) and run.again_at is None and turn.world.watches.get(run.id, 0) <= turn.at:
            _watch(turn, run)


def answer(turn: Turn, effect: str, result: Result) -> bool:
    """Takes the answer to an effect; False if the effect was none of a run. What is over by it stands in `turn.over`."""
    run = next((run for run in turn.ledger.runs.values() if run.effect == effect), None)
    if run is None:
        return False
    run = msgspec.structs.replace(run, effect="")
    if run.looking:
        _take_look(turn, run, result)
    else:
        _take_answer(turn, run, result)
    return True


def _enter(turn: Turn, run: Run, stage: str, *, looked: bool) -> None:
    run = msgspec.structs.replace(run, stage=stage, looking=False)
    turn.world.watches.pop(run.id, None)
    match _stage(run):
        case SendStage() as spec if not spec.applies(run.state):
            _follow(turn, run, spec.after(Sent()))
        case SendStage() as spec if looked:
            _send(turn, run, spec)
        case SendStage():
            effect = turn.id()
            turn.put_run(run.id, msgspec.structs.replace(run, looking=True, effect=effect))
            turn.effects.append(Measure(effect, run.ref))
        case WaitStage() as spec:
            effect = turn.id()
            turn.put_run(run.id, msgspec.structs.replace(run, effect=effect))
            turn.effects.append(AwaitExit(effect, run.ref, _due(run, spec)))
        case WatchStage() as spec:
            _begin_to_watch(turn, run, spec)
        case ChooseStage(choose=choose):
            # Kept first: where it is held, it is asked again here.
            turn.put_run(run.id, run)
            scene = scene_of(turn, run)
            _follow(turn, run, choose(scene) if scene.known else Hold("Redis has not been read in full"))
        case GatherStage(when=when):
            effect = turn.id()
            marks = {**run.marks, DEAD: turn.at} if when is When.DEAD and DEAD not in run.marks else run.marks
            turn.put_run(run.id, msgspec.structs.replace(run, effect=effect, marks=marks))
            turn.effects.append(GatherInFlight(effect, run.incident, run.ref, when))
        case PutBackStage():
            _put_back(turn, run)
        case LocksStage() as spec:
            _look_after_locks(turn, run, spec)
        case CollectStage(then=then):
            if (asked := collecting.ask(turn, run)) is not None:
                turn.put_run(run.id, asked)
            else:
                _enter(turn, msgspec.structs.replace(run, effect=""), then, looked=looked)
        case CallStage() as spec:
            _call(turn, run, spec)
        case _ as spec:
            assert_never(spec)


def _begin_to_watch(turn: Turn, run: Run, spec: WatchStage) -> None:
    if run.stage not in run.marks:
        run = begin_counting(turn, msgspec.structs.replace(run, marks={**run.marks, run.stage: turn.at}))
        if words := spec.tells(scene_of(turn, run)):
            run = accounts.noted(turn, run, words)
            accounts.tell(turn, run, f"{run.ref.name} {words}", outcome="waits", reason=words)
    if not spec.dead:
        effect = turn.id()
        run = msgspec.structs.replace(run, effect=effect)
        turn.effects.append(AwaitExit(effect, run.ref, _until(run, spec)))
    turn.put_run(run.id, run)
    turn.world.watches[run.id] = turn.at


def _watch(turn: Turn, run: Run) -> None:
    spec = _stage(run)
    assert isinstance(spec, WatchStage)  # only these watch
    counted = count_beats(turn, run)
    if counted is not run:
        turn.put_run(run.id, counted)
    scene = scene_of(turn, counted)
    if scene.known and (then := spec.sees(scene)) is not None:
        _leave(turn, counted, then)
    elif turn.at >= _until(run, spec):
        _leave(turn, counted, spec.after(StillRunning()))
    else:
        turn.world.watches[run.id] = min(turn.at + SOON, _until(run, spec))


def _leave(turn: Turn, run: Run, then: Then) -> None:
    """From a stage that watched; whatever answers its effect from now on is not heard any more."""
    run = msgspec.structs.replace(run, effect="")
    turn.audit("outcome", **accounts.names(run), stage=run.stage, outcome=then.stage if isinstance(then, Go) else "over")
    _follow(turn, run, then)


def _send(turn: Turn, run: Run, spec: SendStage) -> None:
    effect = turn.id()
    run = msgspec.structs.replace(run, effect=effect, intent=effect, held="", held_by="", looking=False)
    turn.put_run(run.id, run)
    turn.audit("intent", **accounts.names(run), stage=spec.signal.value, mode=Mode.ACT.value, decision=Decision.ALLOW.value)
    turn.effects.append(SendSignal(effect, run.ref, spec.signal))


def _put_back(turn: Turn, run: Run) -> None:
    if run.flight.plan is None:
        run = planned(turn, run)
    turn.put_run(run.id, run)
    if _may_go_on(turn, run):
        effect = turn.id()
        turn.put_run(run.id, msgspec.structs.replace(run, effect=effect, intent=effect, held="", held_by=""))
        placements = run.flight.plan or ()
        for one in placements:
            turn.audit("intent", **accounts.names(run), stage=run.stage, mode=Mode.ACT.value, decision=Decision.ALLOW.value,
                       reason=one.why, detail={"jid": one.jid, "class": one.job_class, "place": one.kind.value})  # fmt: skip
        turn.effects.append(PutBack(effect, run.incident, run.rule, run.ref, placements))


def _look_after_locks(turn: Turn, run: Run, spec: LocksStage) -> None:
    jids = orphans.to_release(run) if spec.release else orphans.to_look_for(run.flight)
    judgement = judge(_view(turn, run, Signal.KILL, None), Mode.ACT)
    if not jids:
        _follow(turn, run, Go(spec.then))
    elif spec.release and Source.REDIS not in turn.world.complete and not turn.ledger.lost:
        _hold(turn, run, "Redis has not been read in full", guard="")
    elif spec.release and (turn.rules.mode.rank < Mode.ASK.rank or judgement.decision is not Decision.ALLOW):
        reason = judgement.verdict.reason or f"the mode has been lowered to {turn.rules.mode}"
        _take_locks(turn, run, spec, Refused(reason))
    else:
        orphans.ask(turn, run, jids, release=spec.release)


def _take_locks(turn: Turn, run: Run, spec: LocksStage, result: Result) -> None:
    found = orphans.told(result)
    _audit_stage(turn, run, orphans.word(found, release=spec.release))
    locks = orphans.with_released(run.flight.locks, found) if spec.release else found
    flight = msgspec.structs.replace(run.flight, locks=locks)
    _follow(turn, msgspec.structs.replace(run, intent="", flight=flight), Go(spec.then))


def _call(turn: Turn, run: Run, spec: CallStage) -> None:
    turn.put_run(run.id, run)
    if _may_go_on(turn, run):
        effect = turn.id()
        turn.put_run(run.id, msgspec.structs.replace(run, effect=effect, intent=effect, held="", held_by=""))
        turn.audit("intent", **accounts.names(run), stage=run.stage, mode=Mode.ACT.value, decision=Decision.ALLOW.value,
                   detail={"unit": run.ref.unit, "verb": spec.verb.value})  # fmt: skip
        turn.effects.append(CallUnit(effect, run.ref.unit, spec.verb, turn.at + spec.limit(run.arguments)))


def _may_go_on(turn: Turn, run: Run) -> bool:
    """What the guards say to a stage that sends nothing to the process, which is dead; a denial holds it."""
    judgement = judge(_view(turn, run, Signal.KILL, None), Mode.ACT)
    if reason := _unwanted(turn, run):
        _hold(turn, run, reason, guard="")
    elif judgement.decision is not Decision.ALLOW:
        _hold(turn, run, judgement.verdict.reason, guard=judgement.verdict.guard)
    else:
        return True
    return False


def _take_look(turn: Turn, run: Run, result: Result) -> None:
    spec = _stage(run)
    assert isinstance(spec, SendStage)  # only these look
    match result:
        case Look() as look if not look.alive:
            _follow(turn, run, spec.after(Exited()))
        case Look() as look:
            run = msgspec.structs.replace(run, state=look.state)
            if reason := _unwanted(turn, run):
                _hold(turn, run, reason, guard="")
                return
            judgement = judge(_view(turn, run, spec.signal, look), Mode.ACT)
            if judgement.decision is not Decision.ALLOW:
                _hold(turn, run, judgement.verdict.reason, guard=judgement.verdict.guard)
            elif reason := spec.against(scene_of(turn, run)):
                _hold(turn, run, reason, guard="last_look")
            else:
                _send(turn, run, spec)
        case Refused(reason=reason):
            _hold(turn, run, reason, guard="last_look")
        case _:
            _hold(turn, run, "the look was answered with something else", guard="last_look")


def _take_answer(turn: Turn, run: Run, result: Result) -> None:
    match _stage(run):
        case LocksStage() as spec:
            _take_locks(turn, run, spec, result)
        case CollectStage(then=then):
            _enter(turn, collecting.hear(turn, run, result), then, looked=False)
        case CallStage(verb=verb, after=after):
            answer = result if isinstance(result, CallAnswer) else Refused("the stage was answered with something else")
            _audit_stage(turn, run, accounts.word(answer))
            run = accounts.noted(turn, msgspec.structs.replace(run, intent=""), f"{verb} of {run.ref.unit}: {accounts.word(answer)}")
            _follow(turn, run, after(answer))
        case other:
            if not isinstance(result, Answer) or not isinstance(result, _EXPECTED[type(other)]):
                result = Refused("the stage was answered with something else")
            _go_on(turn, run, other, result)


def _go_on(turn: Turn, run: Run, spec: Awaiting, result: Answer) -> None:
    match spec:
        case SendStage():
            _audit_stage(turn, run, accounts.word(result))
            run = msgspec.structs.replace(run, intent="")
            if isinstance(result, Sent):
                run = msgspec.structs.replace(run, marks={**run.marks, _mark(run): turn.at})
                run = accounts.noted(turn, run, f"SIG{spec.signal} sent")
                accounts.tell(turn, run, f"SIG{spec.signal} sent to {run.ref.name} (pid {run.ref.pid})", outcome="sent")
            _follow(turn, run, spec.after(result))
        case WaitStage() if isinstance(result, Exited) or turn.at >= _due(run, spec):
            over: Answer = result if isinstance(result, Exited) else StillRunning()
            turn.audit("outcome", **accounts.names(run), stage=run.stage, outcome=accounts.word(over))
            _follow(turn, run, spec.after(over))
        case WatchStage() if isinstance(result, Exited) or turn.at >= _until(run, spec):
            ended: Answer = result if isinstance(result, Exited) else StillRunning()
            _leave(turn, run, spec.after(ended))
        case WaitStage():
            # Whatever cut the wait short, the next stage must not come early.
            turn.put_run(run.id, msgspec.structs.replace(run, again_at=min(turn.at + SOON, _due(run, spec))))
        case WatchStage():
            turn.put_run(run.id, msgspec.structs.replace(run, again_at=min(turn.at + SOON, _until(run, spec))))
        case GatherStage(when=when):
            _audit_stage(turn, run, accounts.word(result))
            then = spec.after(result)
            if isinstance(result, InFlight):
                run = accounts.noted(turn, with_found(turn, run, result, when), accounts.word(result))
            elif isinstance(result, Refused) and _is_starting(turn):
                then = Hold(result.reason)
            elif isinstance(then, Go):
                run = accounts.tell_not_kept(turn, run, accounts.word(result))
            _follow(turn, run, then)
        case PutBackStage():
            _audit_stage(turn, run, accounts.word(result))
            run = msgspec.structs.replace(run, intent="")
            if isinstance(result, PutBackDone):
                run = msgspec.structs.replace(run, flight=msgspec.structs.replace(run.flight, placed=result.placed))
            _follow(turn, run, spec.after(result))
        case ChooseStage():
            pass  # nothing is awaited there
        case _:
            assert_never(spec)


def _follow(turn: Turn, run: Run, then: Then) -> None:
    match then:
        case Go(stage=stage):
            _enter(turn, run, stage, looked=False)
        case Hold(reason=reason, guard=guard):
            _hold(turn, run, reason, guard=guard)
        case End(outcome="abandoned", account=account) if _committed(run):
            # The signal may have gone out before the agent was cut off.
            _hold(turn, run, account, guard="")
        case End(outcome=outcome, account=account):
            _end(turn, run, outcome, account)
        case _:
            assert_never(then)


def _hold(turn: Turn, run: Run, reason: str, *, guard: str) -> None:
    starting = _is_starting(turn)
    if not starting and not _committed(run):
        _end(turn, run, "abandoned", reason)
        return
    again_at = turn.at + (SOON if starting else AGAIN)
    held = msgspec.structs.replace(
        run, held=run.held if starting else reason, held_by=run.held_by if starting else guard, again_at=again_at, looking=False
    )  # fmt: skip
    turn.put_run(run.id, held)
    # Said once for each guard: a reason that counts seconds would wake people every five of them.
    if not starting and (not run.held or run.held_by != guard):
        accounts.say(turn, held, "held", guard=guard, reason=reason)
        spec = _stage(run)
        kills = isinstance(spec, SendStage) and spec.signal is Signal.KILL
        by_hand = f"; by hand, on {run.ref.host}: kill -KILL {run.ref.pid}" if kills else ""
        text = f"{run.ref.name} is left half-way at stage {run.stage}: {reason}{by_hand}"
        accounts.tell(turn, held, text, outcome="held", guard=guard, reason=reason, severity=Severity.CRITICAL)


def _is_starting(turn: Turn) -> bool:
    """Nothing stands in the way but that Redis has not been read in full since the start of the agent."""
    return Source.REDIS not in turn.world.complete and not turn.ledger.lost


def _end(turn: Turn, run: Run, outcome: str, account: str) -> None:
    if told := report(run, at=turn.at, served_at=served_at(turn, run)):
        account = f"{account}; {told}"
    if locks := orphans.account(run.flight):
        account = f"{account}; {locks}"
    if run.flight != NO_FLIGHT:
        turn.effects.append(DropFlight(run.incident))
    run = accounts.noted(turn, run, account)
    turn.put_run(run.id, None)
    turn.world.watches.pop(run.id, None)
    turn.over.append(Over(run, outcome, account))
    if run.action in OF_THE_DEAD:
        # Nothing was done to whatever bears that name by now.
        return
    cooldown = Cooldown(turn.at, run.rule, run.action, run.incident)
    turn.set(cooldowns={**turn.ledger.cooldowns, run.ref.name: cooldown})
    if outcome != "abandoned":
        turn.set(spent=with_one(turn.ledger.spent, run.ref.name, Spent(turn.at, run.rule, run.incident)))


def _audit_stage(turn: Turn, run: Run, outcome: str) -> None:
    spec = _stage(run)
    stage = spec.signal.value if isinstance(spec, SendStage) else run.stage
    turn.audit("outcome", **accounts.names(run), stage=stage, outcome=outcome)


def _unwanted(turn: Turn, run: Run) -> str:
    """Why nobody wants it to go on; empty where somebody does."""
    order = order_of(turn.ledger, run.rule)
    if order is not None and turn.rules is NO_RULES:
        return "the rules are not in force yet"
    if order is not None:
        return f"withdrawn by {order.withdrawn}" if order.withdrawn and not _committed(run) else ""
    if turn.rules.mode.rank < Mode.ASK.rank:
        # Whoever lowers the mode in the middle of it wants no further signal.
        return f"the mode has been lowered to {turn.rules.mode}"
    return "" if _committed(run) or run.rule in turn.rule else "its rule is no longer there"


def _view(turn: Turn, run: Run, signal: Signal, look: Look | None) -> View:
    rule, order = turn.rule.get(run.rule), order_of(turn.ledger, run.rule)
    committed = _committed(run)
    playbook = turn.ledger.playbooks.get(run.incident)
    # Only its first step depends on the condition, and only until something has been done.
    begins = not committed and playbook is not None and playbook.step == 0 and rule is not None
    return View(
        at=turn.at, subject=run.id, incident=run.incident, rule=run.rule, target=run.ref.name, process=run.ref.identity, ref=run.ref, unreachable="",
        sources=sources_of(rule) if begins and rule else (Source.REDIS,), settings=_settings(turn, run), signal=signal,
        holds=holds(turn, rule, playbook.alerts) if begins and rule and playbook else True, look=look, committed=committed,
        ledger=turn.ledger, held=turn.held(), sick=turn.sick(), cooldowns=turn.ledger.cooldowns, world=turn.world,
        wall=turn.wall, spent=turn.ledger.spent, interrupts=not is_over(turn, run), kept=run.flight.jobs,
        overruled=None if order is None else order.overruled,
    )  # fmt: skip


def _settings(turn: Turn, run: Run) -> Mapping[str, Any]:
    if (rule := turn.rule.get(run.rule)) is not None:
        return rule.guards
    return turn.rules.by_hand if order_of(turn.ledger, run.rule) is not None else {"veto": veto_of(turn, run)}


def _stage(run: Run) -> Stage:
    return PROCEDURES[run.action].stages[run.stage]


def _mark(run: Run) -> str:
    spec = _stage(run)
    return spec.mark or run.stage if isinstance(spec, SendStage) else run.stage


def _due(run: Run, spec: WaitStage) -> int:
    # A signal whose outcome was lost counts from its repetition, which is later: never early.
    return run.marks[spec.since] + spec.limit(run.arguments)


def _until(run: Run, spec: WatchStage) -> int:
    return run.marks[run.stage] + spec.limit(run.arguments)


def _committed(run: Run) -> bool:
    points = (DEAD, *PROCEDURES[run.action].no_return)
    return any(point in run.marks or _maybe(point) in run.marks for point in points)


def is_beyond_return(run: Run) -> bool:
    """It can't be taken back any more, or perhaps not: the signal may be on its way."""
    return _committed(run) or (bool(run.intent) and _mark(run) in PROCEDURES[run.action].no_return)


def _maybe(stage: str) -> str:
    return f"{stage}?"


_EXPECTED: Final[dict[type[Awaiting], tuple[type[Answer], ...]]] = {
    SendStage: (Sent, Exited, Refused),
    WaitStage: (Exited, StillRunning, Refused),
    WatchStage: (Exited, StillRunning, Refused),
    ChooseStage: (),
    GatherStage: (InFlight, Refused),
    PutBackStage: (PutBackDone, Refused),
}
"""Stage → with what it can be answered; anything else is a fault of ours, and stops it."""
