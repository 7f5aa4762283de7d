"""
The machine that walks through a procedure's stages, one event at a time.

Every stage that sends a signal goes: look, guards, intent (committed), signal, outcome. Cut off
anywhere, it goes on from what the ledger says: a stage whose outcome is not known begins again with its
look, so that TERM may repeat to the same living process, and KILL comes neither early nor to another.
"""

from typing import Any, Final, assert_never

import msgspec

from watchdog.engine.guards.combine import judge
from watchdog.engine.guards.view import View
from watchdog.engine.ledger import Cooldown, Playbook, Request, Run
from watchdog.engine.procedures import PROCEDURES
from watchdog.engine.procedures.stages import Answer, End, Go, Hold, SendStage, Then, WaitStage
from watchdog.engine.turn import Over, Turn
from watchdog.model.effects import AwaitExit, Measure, SendSignal
from watchdog.model.kinds import Source
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.records import IncidentRow
from watchdog.model.results import Exited, LogRead, Look, Refused, Result, Sent, StillRunning, UnitCalled
from watchdog.model.targets import ProcessRef
from watchdog.model.verdicts import Decision, Mode

AGAIN: Final = 5_000
"""Milliseconds after which a held stage is tried again."""
SOON: Final = 1_000
"""The same while a source has not been read in full since the start."""


def start(turn: Turn, playbook: Playbook, request: Request, *, ref: ProcessRef, look: Look) -> None:
    """Carries out the first stage of a step; all guards have just allowed it on this look."""
    run = Run(
        id=turn.id(), incident=playbook.id, rule=playbook.rule, action=request.action, arguments=request.arguments, ref=ref,
        entity=playbook.entity, thread=playbook.thread, severity=playbook.severity, notify=playbook.notify,
        stage=PROCEDURES[request.action].first, looking=False, opened_wall=playbook.opened_wall, state=look.state, account=playbook.account,
    )  # fmt: skip
    _say(turn, run, "next step" if request.playbook else "opened")
    _enter(turn, run, run.stage, looked=True)


def resume(turn: Turn) -> None:
    """After a start of the agent: goes on with every open incident, before anything else."""
    for run in list(turn.ledger.runs.values()):
        marks = run.marks
        if run.intent:
            _audit_stage(turn, run, "unknown: the agent ended before it knew")
            marks = {**marks, _maybe(run.stage): turn.at}
        resumed = msgspec.structs.replace(run, intent="", effect="", held="", held_by="", again_at=None, marks=marks)
        _say(turn, resumed, "resumed")
        _enter(turn, resumed, run.stage, looked=False)


def try_again(turn: Turn) -> None:
    """Goes on with the held ones whose time has come."""
    for run in list(turn.ledger.runs.values()):
        if run.again_at is not None and run.again_at <= turn.at:
            _enter(turn, msgspec.structs.replace(run, again_at=None), run.stage, looked=False)


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
    spec = PROCEDURES[run.action].stages[stage]
    match spec:
        case SendStage() if not spec.applies(run.state):
            _follow(turn, run, spec.after(Sent()))
        case SendStage() if looked:
            _send(turn, run, spec)
        case SendStage():
            effect = turn.id()
            turn.put_run(run.id, msgspec.structs.replace(run, looking=True, effect=effect))
            turn.effects.append(Measure(effect, run.ref))
        case WaitStage():
            effect = turn.id()
            turn.put_run(run.id, msgspec.structs.replace(run, effect=effect))
            turn.effects.append(AwaitExit(effect, run.ref, _due(run, spec)))
        case _:
            assert_never(spec)


def _send(turn: Turn, run: Run, spec: SendStage) -> None:
    effect = turn.id()
    run = msgspec.structs.replace(run, effect=effect, intent=effect, held="", held_by="", looking=False)
    turn.put_run(run.id, run)
    turn.audit("intent", **_names(run), stage=spec.signal.value, mode=Mode.ACT.value, decision=Decision.ALLOW.value)
    turn.effects.append(SendSignal(effect, run.ref, spec.signal))


def _take_look(turn: Turn, run: Run, result: Result) -> None:
    spec = _stage(run)
    assert isinstance(spec, SendStage)  # only these look
    match result:
        case Look() as look if not look.alive:
            _follow(turn, run, spec.after(Exited()))
        case Look() as look:
            run = msgspec.structs.replace(run, state=look.state)
            judgement = judge(_view(turn, run, spec, look), Mode.ACT)
            if turn.rules.mode.rank < Mode.ASK.rank:
                # Whoever lowers the mode in the middle of it wants no further signal.
                _hold(turn, run, f"the mode has been lowered to {turn.rules.mode}", guard="")
            elif judgement.decision is Decision.ALLOW:
                _send(turn, run, spec)
            else:
                _hold(turn, run, judgement.verdict.reason, guard=judgement.verdict.guard)
        case Refused(reason=reason):
            _hold(turn, run, reason, guard="last_look")
        case Sent() | Exited() | StillRunning() | LogRead() | UnitCalled():
            _hold(turn, run, "the look was answered with something else", guard="last_look")


def _take_answer(turn: Turn, run: Run, result: Result) -> None:
    spec = _stage(run)
    if isinstance(result, Look | LogRead | UnitCalled) or (isinstance(spec, SendStage) and isinstance(result, StillRunning)):
        result = Refused("the stage was answered with something else")
    match spec:
        case SendStage():
            _audit_stage(turn, run, _word(result))
            run = msgspec.structs.replace(run, intent="")
            if isinstance(result, Sent):
                run = msgspec.structs.replace(run, marks={**run.marks, run.stage: turn.at})
                run = _account(turn, run, f"SIG{spec.signal} sent")
                _notify(turn, run, NoticeKind.STAGE, f"SIG{spec.signal} sent to {run.ref.name} (pid {run.ref.pid})", outcome="sent")
            _follow(turn, run, spec.after(result))
        case WaitStage() if isinstance(result, Exited) or turn.at >= _due(run, spec):
            over: Answer = result if isinstance(result, Exited) else StillRunning()
            turn.audit("outcome", **_names(run), stage=run.stage, outcome=_word(over))
            _follow(turn, run, spec.after(over))
        case WaitStage():
            # Whatever cut the wait short, the next stage must not come early.
            turn.put_run(run.id, msgspec.structs.replace(run, again_at=min(turn.at + SOON, _due(run, spec))))
        case _:
            assert_never(spec)


def _follow(turn: Turn, run: Run, then: Then) -> None:
    match then:
        case Go(stage=stage):
            _enter(turn, run, stage, looked=False)
        case Hold(reason=reason):
            _hold(turn, run, reason, guard="")
        case End(outcome="abandoned", account=account) if _committed(run):
            # The signal may have gone out before the agent was cut off.
            _hold(turn, run, account, guard="")
        case End(outcome=outcome, account=account):
            _end(turn, run, outcome, account)
        case _:
            assert_never(then)


def _hold(turn: Turn, run: Run, reason: str, *, guard: str) -> None:
    if not _committed(run):
        _end(turn, run, "abandoned", reason)
        return
    starting = Source.REDIS not in turn.world.complete and not turn.ledger.lost
    again_at = turn.at + (SOON if starting else AGAIN)
    held = msgspec.structs.replace(
        run, held=run.held if starting else reason, held_by=run.held_by if starting else guard, again_at=again_at, looking=False
    )  # fmt: skip
    turn.put_run(run.id, held)
    # Said once for each guard: a reason that counts seconds would wake people every five of them.
    if not starting and (not run.held or run.held_by != guard):
        _say(turn, held, "held", guard=guard, reason=reason)
        by_hand = f"by hand, on {run.ref.host}: kill -KILL {run.ref.pid}" if run.stage == "KILL" else ""
        text = f"{run.ref.name} is left half-way at stage {run.stage}: {reason}" + (f"; {by_hand}" if by_hand else "")
        _notify(turn, held, NoticeKind.STAGE, text, outcome="held", guard=guard, reason=reason, severity=Severity.CRITICAL)


def _end(turn: Turn, run: Run, outcome: str, account: str) -> None:
    run = _account(turn, run, account)
    turn.put_run(run.id, None)
    turn.over.append(Over(run, outcome, account))
    cooldown = Cooldown(turn.at, run.rule, run.action, run.incident)
    turn.set(cooldowns={**turn.ledger.cooldowns, run.ref.name: cooldown})


def _say(turn: Turn, run: Run, outcome: str, *, guard: str = "", reason: str = "") -> None:
    turn.audit("incident", **_names(run), stage=run.stage, outcome=outcome, guard=guard, reason=reason)
    turn.keep_incident(
        IncidentRow(run.incident, run.rule, run.entity, run.ref.name, run.action, run.opened_wall, None,
                    "held" if outcome == "held" else "open", run.account)
    )  # fmt: skip


def _notify(turn: Turn, run: Run, kind: NoticeKind, title: str, *, outcome: str, severity: Severity | None = None, **more: Any) -> None:
    turn.notify(
        run.notify, thread=run.thread, kind=kind, severity=severity or run.severity, title=title, rule=run.rule, entity=run.entity,
        target=run.ref.name, action=run.action, stage=run.stage, decision=Decision.ALLOW.value, outcome=outcome, **more,
    )  # fmt: skip


def _audit_stage(turn: Turn, run: Run, outcome: str) -> None:
    spec = _stage(run)
    stage = spec.signal.value if isinstance(spec, SendStage) else run.stage
    turn.audit("outcome", **_names(run), stage=stage, outcome=outcome)


def _account(turn: Turn, run: Run, line: str) -> Run:
    seconds = (turn.wall - run.opened_wall) / 1000
    return msgspec.structs.replace(run, account=(*run.account, f"+{seconds:.1f} s: {line}"))


def _view(turn: Turn, run: Run, spec: SendStage, look: Look) -> View:
    rule = turn.rule.get(run.rule)
    return View(
        at=turn.at, subject=run.id, incident=run.incident, rule=run.rule, target=run.ref.name, process=run.ref.identity, ref=run.ref, unreachable="",
        sources=(Source.REDIS,), settings=rule.guards if rule else {}, signal=spec.signal, holds=True, look=look, committed=True,
        ledger=turn.ledger, held=turn.held(), cooldowns=turn.ledger.cooldowns, world=turn.world,
    )  # fmt: skip


def _names(run: Run) -> dict[str, str]:
    return {"rule": run.rule, "entity": run.entity, "target": run.ref.name, "action": run.action, "incident": run.incident}


def _stage(run: Run) -> SendStage | WaitStage:
    return PROCEDURES[run.action].stages[run.stage]


def _due(run: Run, spec: WaitStage) -> int:
    # A signal whose outcome was lost counts from its repetition, which is later: never early.
    return run.marks[spec.since] + spec.limit(run.arguments)


def _committed(run: Run) -> bool:
    point = PROCEDURES[run.action].no_return
    return point in run.marks or _maybe(point) in run.marks


def _maybe(stage: str) -> str:
    return f"{stage}?"


def _word(answer: Answer) -> str:
    match answer:
        case Sent():
            return "sent"
        case Exited():
            return "exited"
        case StillRunning():
            return "still running"
        case Refused(reason=reason):
            return f"refused: {reason}"
