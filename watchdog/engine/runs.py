"""
The machine that walks through a procedure's stages, one event at a time.

Every stage that changes the world goes: look, guards, intent (committed), effect, outcome. Cut off
anywhere, it goes on from what the ledger says: a stage whose outcome is not known begins again with its
look, so that TERM may repeat to the same living process, and KILL comes neither early nor to another; what was put back is not put back twice.
"""

from typing import Final, assert_never

import msgspec

from watchdog.engine import accounts, asking, collecting, ending, locking, orphans
from watchdog.engine.guards.combine import judge
from watchdog.engine.incidents import NO_FLIGHT, Flight, Playbook, Run
from watchdog.engine.ledger import Request
from watchdog.engine.left_half_way import state_of, ways_out
from watchdog.engine.procedures import PROCEDURES
from watchdog.engine.procedures.stages import (
    EXPECTED,
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
    Then,
    WaitStage,
    WatchStage,
)
from watchdog.engine.reckoning import planned
from watchdog.engine.scaling import going
from watchdog.engine.sightings import begin_counting, count_beats, scene_of, with_found
from watchdog.engine.standing import due, is_committed, is_starting, mark_of, maybe, stage_of, until, unwanted, view_of
from watchdog.engine.turn import Turn
from watchdog.engine.whats_next import after_signal
from watchdog.model.guards import VETO
from watchdog.model.notices import Severity
from watchdog.model.results import Exited, FleetLockAnswer, InFlight, Look, PutBackDone, Refused, Result, Sent, StillRunning
from watchdog.model.targets import ProcessRef, Signal
from watchdog.model.verdicts import Decision, Mode

AGAIN: Final = 5_000
"""Milliseconds after which a held stage is tried again."""
SOON: Final = 1_000
"""The same while a source has not been read in full since the start; and how often it is looked for what a stage waits for."""


def start(turn: Turn, playbook: Playbook, request: Request, *, ref: ProcessRef, look: Look, flight: Flight = NO_FLIGHT) -> None:
    """Carries out the first stage of a step; all guards have just allowed it on this look. `flight` is what is known of its jobs before they are asked for."""
    run = Run(
        id=turn.id(), incident=playbook.id, rule=playbook.rule, action=request.action, arguments=request.arguments, ref=ref,
        entity=playbook.entity, thread=playbook.thread, severity=playbook.severity, notify=playbook.notify,
        stage=PROCEDURES[request.action].first, looking=False, opened_wall=playbook.opened_wall, opened_at=playbook.opened_at, state=look.state, account=playbook.account, flight=flight,
        veto=tuple(turn.rule[playbook.rule].guards["veto"]) if playbook.rule in turn.rule else VETO, invocation=going.invocation_of(turn.world, ref.unit),
    )  # fmt: skip
    locking.hand_over(turn, request.id, run.id)
    accounts.say(turn, run, "next step" if request.playbook else "opened")
    _enter(turn, run, run.stage, looked=True)


def resume(turn: Turn) -> None:
    """After a start of the agent: goes on with every open incident, before anything else."""
    for run in list(turn.ledger.runs.values()):
        marks = run.marks
        if run.intent:
            _audit_stage(turn, run, "unknown: the agent ended before it knew")
            marks = {**marks, maybe(mark_of(run)): turn.at}
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
        if isinstance(stage_of(run), WatchStage) and run.again_at is None and turn.world.watches.get(run.id, 0) <= turn.at:
            _watch(turn, run)


def answer(turn: Turn, effect: str, result: Result) -> bool:
    """Takes the answer to an effect; False if the effect was none of a run. What is over by it stands in `turn.over`."""
    run = next((run for run in turn.ledger.runs.values() if run.effect == effect), None)
    if run is None:
        return False
    run = msgspec.structs.replace(run, effect="")
    if isinstance(result, FleetLockAnswer):
        if reason := locking.hear(turn, run.id, result):
            _hold(turn, run, reason, guard="in_flight")
        else:
            _enter(turn, run, run.stage, looked=False)
    elif run.looking:
        _take_look(turn, run, result)
    else:
        _take_answer(turn, run, result)
    return True


def _enter(turn: Turn, run: Run, stage: str, *, looked: bool) -> None:
    run = msgspec.structs.replace(run, stage=stage, looking=False)
    turn.world.watches.pop(run.id, None)
    match stage_of(run):
        case SendStage() as spec if not spec.applies(run.state):
            _follow(turn, run, spec.after(Sent()))
        case SendStage() as spec if looked:
            asking.send(turn, run, spec)
        case SendStage():
            asking.look(turn, run)
        case WaitStage() as spec:
            asking.wait(turn, run, due(run, spec))
        case WatchStage() as spec:
            _begin_to_watch(turn, run, spec)
        case ChooseStage(choose=choose):
            # Kept first: where it is held, it is asked again here.
            turn.put_run(run.id, run)
            scene = scene_of(turn, run)
            _follow(turn, run, choose(scene) if scene.known else Hold("Redis has not been read in full"))
        case GatherStage() as spec:
            asking.gather(turn, run, spec)
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
    if spec.dead:
        turn.put_run(run.id, run)
    else:
        asking.wait(turn, run, until(run, spec))
    turn.world.watches[run.id] = turn.at


def _watch(turn: Turn, run: Run) -> None:
    spec = stage_of(run)
    assert isinstance(spec, WatchStage)  # only these watch
    counted = count_beats(turn, run)
    if counted is not run:
        turn.put_run(run.id, counted)
    scene = scene_of(turn, counted)
    if scene.known and (then := spec.sees(scene)) is not None:
        _leave(turn, counted, then)
    elif turn.at >= until(run, spec):
        _leave(turn, counted, spec.after(StillRunning()))
    else:
        turn.world.watches[run.id] = min(turn.at + SOON, until(run, spec))


def _leave(turn: Turn, run: Run, then: Then) -> None:
    """From a stage that watched; whatever answers its effect from now on is not heard any more."""
    run = msgspec.structs.replace(run, effect="")
    turn.audit("outcome", **accounts.names(run), stage=run.stage, outcome=then.stage if isinstance(then, Go) else "over")
    _follow(turn, run, then)


def _put_back(turn: Turn, run: Run) -> None:
    if run.flight.plan is None:
        run = planned(turn, run)
    turn.put_run(run.id, run)
    if _may_go_on(turn, run):
        asking.put_back(turn, run)


def _look_after_locks(turn: Turn, run: Run, spec: LocksStage) -> None:
    jids = orphans.to_release(run) if spec.release else orphans.to_look_for(run.flight)
    judgement = judge(view_of(turn, run, Signal.KILL, None), Mode.ACT)
    if not jids:
        _follow(turn, run, Go(spec.then))
    elif spec.release and is_starting(turn):
        _hold(turn, run, "Redis has not been read in full", guard="")
    elif spec.release and (turn.rules.mode.rank < Mode.ASK.rank or judgement.decision is not Decision.ALLOW):
        reason = judgement.verdict.reason or f"the mode has been lowered to {turn.rules.mode}"
        _take_locks(turn, run, spec, Refused(reason))
    elif spec.release and locking.lacks(turn, run):
        locking.ask_again(turn, run)
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
        asking.call(turn, run, spec)


def _may_go_on(turn: Turn, run: Run) -> bool:
    """What the guards say to a stage that sends nothing to the process, which is dead; a denial holds it."""
    judgement = judge(view_of(turn, run, Signal.KILL, None), Mode.ACT)
    if reason := unwanted(turn, run):
        _hold(turn, run, reason, guard="")
    elif judgement.decision is not Decision.ALLOW:
        _hold(turn, run, judgement.verdict.reason, guard=judgement.verdict.guard)
    elif locking.lacks(turn, run):
        locking.ask_again(turn, run)
    else:
        return True
    return False


def _take_look(turn: Turn, run: Run, result: Result) -> None:
    spec = stage_of(run)
    assert isinstance(spec, SendStage)  # only these look
    match result:
        case Look() as look if not look.alive:
            _follow(turn, run, spec.after(Exited()))
        case Look() as look:
            run = msgspec.structs.replace(run, state=look.state)
            if reason := unwanted(turn, run):
                _hold(turn, run, reason, guard="")
                return
            judgement = judge(view_of(turn, run, spec.signal, look), Mode.ACT)
            if judgement.decision is not Decision.ALLOW:
                _hold(turn, run, judgement.verdict.reason, guard=judgement.verdict.guard)
            elif reason := spec.against(scene_of(turn, run)):
                _hold(turn, run, reason, guard="last_look")
            elif locking.lacks(turn, run):
                locking.ask_again(turn, run)
            else:
                asking.send(turn, run, spec)
        case Refused(reason=reason):
            _hold(turn, run, reason, guard="last_look")
        case _:
            _hold(turn, run, "the look was answered with something else", guard="last_look")


def _take_answer(turn: Turn, run: Run, result: Result) -> None:
    match stage_of(run):
        case LocksStage() as spec:
            _take_locks(turn, run, spec, result)
        case CollectStage(then=then):
            _enter(turn, collecting.hear(turn, run, result), then, looked=False)
        case CallStage(verb=verb, after=after):
            answer = result if isinstance(result, CallAnswer) else Refused("the stage was answered with something else")
            _audit_stage(turn, run, accounts.word(answer))
            run = accounts.noted(turn, going.note_call(turn, run, verb, answer), f"{verb} of {run.ref.unit}: {accounts.word(answer)}")
            _follow(turn, run, after(answer))
        case other:
            if not isinstance(result, Answer) or not isinstance(result, EXPECTED[type(other)]):
                result = Refused("the stage was answered with something else")
            _go_on(turn, run, other, result)


def _go_on(turn: Turn, run: Run, spec: Awaiting, result: Answer) -> None:
    match spec:
        case SendStage():
            _audit_stage(turn, run, accounts.word(result))
            run = msgspec.structs.replace(run, intent="")
            if isinstance(result, Sent):
                run = msgspec.structs.replace(run, marks={**run.marks, mark_of(run): turn.at})
                run = accounts.noted(turn, run, f"SIG{spec.signal} sent")
                accounts.tell(
                    turn,
                    run,
                    f"SIG{spec.signal} sent to {run.ref.name} (pid {run.ref.pid})",
                    outcome="sent",
                    next=after_signal(spec.signal, run.arguments),
                )
            _follow(turn, run, spec.after(result))
        case WaitStage() if isinstance(result, Exited) or turn.at >= due(run, spec):
            over: Answer = result if isinstance(result, Exited) else StillRunning()
            turn.audit("outcome", **accounts.names(run), stage=run.stage, outcome=accounts.word(over))
            _follow(turn, run, spec.after(over))
        case WatchStage() if isinstance(result, Exited) or turn.at >= until(run, spec):
            ended: Answer = result if isinstance(result, Exited) else StillRunning()
            _leave(turn, run, spec.after(ended))
        case WaitStage():
            # Whatever cut the wait short, the next stage must not come early.
            turn.put_run(run.id, msgspec.structs.replace(run, again_at=min(turn.at + SOON, due(run, spec))))
        case WatchStage():
            turn.put_run(run.id, msgspec.structs.replace(run, again_at=min(turn.at + SOON, until(run, spec))))
        case GatherStage(when=when):
            _audit_stage(turn, run, accounts.word(result))
            then = spec.after(result)
            if isinstance(result, InFlight):
                run = accounts.noted(turn, with_found(turn, run, result, when), accounts.word(result))
            elif isinstance(result, Refused) and is_starting(turn):
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
        case End(outcome="abandoned", account=account) if is_committed(run):
            # The signal may have gone out before the agent was cut off.
            _hold(turn, run, account, guard="")
        case End(outcome=outcome, account=account):
            ending.end(turn, run, outcome, account)
        case _:
            assert_never(then)


def _hold(turn: Turn, run: Run, reason: str, *, guard: str) -> None:
    starting = is_starting(turn)
    if not starting and not is_committed(run):
        ending.end(turn, run, "abandoned", reason)
        return
    again_at = turn.at + (SOON if starting else AGAIN)
    held = msgspec.structs.replace(
        run, held=run.held if starting else reason, held_by=run.held_by if starting else guard, again_at=again_at, looking=False
    )  # fmt: skip
    turn.put_run(run.id, held)
    # Said once for each guard: a reason that counts seconds would wake people every five of them.
    if not starting and (not run.held or run.held_by != guard):
        accounts.say(turn, held, "held", guard=guard, reason=reason)
        text = f"{run.ref.name} is left half-way at stage {run.stage}: {reason}; {state_of(held)}; {ways_out(held)}"
        accounts.tell(turn, held, text, outcome="held", guard=guard, reason=reason, severity=Severity.CRITICAL, next=ways_out(held))


def _audit_stage(turn: Turn, run: Run, outcome: str) -> None:
    spec = stage_of(run)
    stage = spec.signal.value if isinstance(spec, SendStage) else run.stage
    turn.audit("outcome", **accounts.names(run), stage=stage, outcome=outcome)
