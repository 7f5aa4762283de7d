"""
The machine that has jobs moved: one stage, with an intent before it and an outcome after.

The counterpart of `runs`, which walks a process through the stages of its end. Nothing here can't be taken back, and each job is moved by itself or not at all, so
nothing hangs half-way: what could not be done within ten minutes is given up, and what was moved by then is where it belongs. Cut off in the middle it is asked for again under
the same order, which moves nothing twice.
"""

from typing import Any, Final

import msgspec

from watchdog.engine.guards.combine import judge
from watchdog.engine.guards.view import View
from watchdog.engine.incidents import Edit, Playbook
from watchdog.engine.ledger import Cooldown, Request
from watchdog.engine.rules import NO_RULES, Step
from watchdog.engine.selecting import AMONG
from watchdog.engine.turn import Over, Turn
from watchdog.engine.whats_next import tried_again
from watchdog.model.delivery import cuts_off
from watchdog.model.effects import ReleaseJobs, TakeJobs
from watchdog.model.kinds import Source
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.records import IncidentRow
from watchdog.model.results import Counted, JobsReleased, JobsTaken, Refused, Result
from watchdog.model.targets import Among, JobsRef, TargetKind
from watchdog.model.verdicts import Decision, Mode

STAGES: Final = {action: "release" if among is Among.QUARANTINE else "take" for action, among in AMONG.items()}
"""Action → what its one stage is called."""
AGAIN: Final = 15_000
"""Milliseconds after which one that could not go on is tried again."""
SOON: Final = 1_000
"""The same after a start, until Redis has been read in full."""
PATIENCE: Final = 600_000
"""Milliseconds for which it is tried."""


def start(turn: Turn, playbook: Playbook, request: Request, counted: Counted) -> None:
    """Moves the jobs; all guards have just allowed it, knowing how many there are."""
    assert request.jobs is not None  # the last look denies without
    edit = Edit(
        id=turn.id(), incident=playbook.id, rule=playbook.rule, action=request.action, jobs=request.jobs, spread=int(request.arguments.get("spread", 0)),
        entity=playbook.entity, thread=playbook.thread, severity=playbook.severity, notify=playbook.notify, opened_wall=playbook.opened_wall, opened_at=playbook.opened_at,
        begun_at=turn.at, stage=STAGES[request.action], account=playbook.account,
    )  # fmt: skip
    edit = _noted(turn, edit, f"{counted.fit} found: {edit.jobs.name}")
    _say(turn, edit, "next step" if request.playbook else "opened")
    _ask(turn, edit, {"found": counted.fit, "cap": edit.jobs.cap})


def would(step: Step, jobs: JobsRef | None, counted: Counted | None) -> str:
    """What dry-run says of a step: how many jobs there are now, where that was counted."""
    verb = "put back" if AMONG[step.action] is Among.QUARANTINE else "taken into quarantine"
    if counted is None or jobs is None:
        return f"jobs would be {verb}, as many as fit then"
    moved = min(counted.fit, jobs.cap)
    left = f", and {counted.fit - moved} left" if counted.fit > moved else ""
    return f"{moved} would be {verb}{left}: {jobs.name}"


def resume(turn: Turn) -> None:
    """After a start of the agent: asks again for every one that is open."""
    for edit in list(turn.ledger.edits.values()):
        if edit.intent:
            turn.audit("outcome", **_names(edit), stage=edit.stage, outcome="unknown: the agent ended before it knew")
        resumed = msgspec.structs.replace(edit, effect="", intent="", held="", again_at=turn.at + SOON)
        turn.put_edit(edit.id, resumed)
        _say(turn, resumed, "resumed")


def try_again(turn: Turn) -> None:
    """Goes on with those whose time has come."""
    for edit in list(turn.ledger.edits.values()):
        if edit.again_at is not None and edit.again_at <= turn.at:
            _go_on(turn, edit)


def answer(turn: Turn, effect: str, result: Result) -> bool:
    """Takes the answer to an effect; False if the effect was none of an edit. What is over by it stands in `turn.over`."""
    edit = next((edit for edit in turn.ledger.edits.values() if edit.effect == effect), None)
    if edit is None:
        return False
    edit = msgspec.structs.replace(edit, effect="", intent="")
    match result:
        case JobsTaken() as taken:
            _outcome(
                turn,
                edit,
                f"{taken.taken} taken",
                {"taken": taken.taken, "gone": taken.gone, "too_deep": taken.too_deep, "left": taken.left},
            )
            nothing = edit.jobs.among is Among.WAITING and not taken.taken
            _end(turn, edit, "failed" if nothing else "ended", _taken(taken))
        case JobsReleased() as released:
            _outcome(
                turn, edit, f"{released.released} released", {"released": released.released, "kept": released.kept, "left": released.left}
            )
            _end(turn, edit, "ended", _released(released))
        case Refused(reason=reason):
            _outcome(turn, edit, f"refused: {reason}", {})
            _hold(turn, edit, reason, guard="")
        case _:
            _outcome(turn, edit, "refused: it was answered with something else", {})
            _hold(turn, edit, "it was answered with something else", guard="")
    return True


def _go_on(turn: Turn, edit: Edit) -> None:
    """What was begun is brought to its end, if nobody has said that nothing may be done and Redis can be read."""
    if turn.rules is NO_RULES or (Source.REDIS not in turn.world.complete and not cuts_off(turn.ledger.lost)):
        turn.put_edit(edit.id, msgspec.structs.replace(edit, again_at=turn.at + SOON))
        return
    rule = turn.rule.get(edit.rule)
    view = View(
        at=turn.at, subject=edit.id, incident=edit.incident, rule=edit.rule, target=edit.jobs.name, process="", ref=None, unreachable="",
        sources=(Source.REDIS,), settings=rule.guards if rule else {}, signal=None, holds=True, look=None, committed=True, ledger=turn.ledger,
        held={}, sick=frozenset(), cooldowns=turn.ledger.cooldowns, world=turn.world, about=TargetKind.JOBS, jobs=edit.jobs,
    )  # fmt: skip
    judgement = judge(view, Mode.ACT)
    if turn.rules.mode.rank < Mode.ASK.rank:
        _hold(turn, edit, f"the mode has been lowered to {turn.rules.mode}", guard="")
    elif judgement.decision is not Decision.ALLOW:
        _hold(turn, edit, judgement.verdict.reason, guard=judgement.verdict.guard)
    else:
        _ask(turn, edit, {"again": True})


def _ask(turn: Turn, edit: Edit, detail: dict[str, str | int | bool]) -> None:
    effect = turn.id()
    turn.put_edit(edit.id, msgspec.structs.replace(edit, effect=effect, intent=effect, again_at=None))
    turn.audit("intent", **_names(edit), stage=edit.stage, mode=Mode.ACT.value, decision=Decision.ALLOW.value, detail=detail)
    told: dict[str, Any] = {
        "id": effect, "order": edit.id, "incident": edit.incident, "rule": edit.rule, "reason": f"{edit.action} of rule {edit.rule}", "jobs": edit.jobs,
    }  # fmt: skip
    turn.effects.append(ReleaseJobs(**told, spread=edit.spread) if edit.jobs.among is Among.QUARANTINE else TakeJobs(**told))


def _hold(turn: Turn, edit: Edit, reason: str, *, guard: str) -> None:
    if turn.at - edit.begun_at >= PATIENCE:
        _end(turn, edit, "failed", f"given up after {PATIENCE // 60_000} min: {reason}; what was moved by then stays so")
        return
    held = msgspec.structs.replace(edit, held=reason, again_at=turn.at + AGAIN)
    turn.put_edit(edit.id, held)
    # Said once, however often it is tried.
    if not edit.held:
        _say(turn, held, "held", guard=guard, reason=reason)
        turn.notify(
            edit.notify, thread=edit.thread, kind=NoticeKind.STAGE, severity=max(edit.severity, Severity.WARNING, key=list(Severity).index),
            title=f"{edit.action} waits: {reason}", rule=edit.rule, entity=edit.entity, target=edit.jobs.name, action=edit.action, stage=edit.stage,
            decision=Decision.ALLOW.value, outcome="held", guard=guard, reason=reason,
            next=tried_again(AGAIN, PATIENCE), page=turn.page(edit.incident),
        )  # fmt: skip


def _end(turn: Turn, edit: Edit, outcome: str, account: str) -> None:
    edit = _noted(turn, edit, account)
    turn.put_edit(edit.id, None)
    turn.over.append(Over(edit, outcome, account))
    cooldown = Cooldown(turn.at, edit.rule, edit.action, edit.incident)
    turn.set(cooldowns={**turn.ledger.cooldowns, edit.jobs.name: cooldown})


def _taken(taken: JobsTaken) -> str:
    parts = [f"{taken.taken} taken into quarantine"]
    parts += [f"{taken.gone} were gone before"] if taken.gone else []
    parts += [f"{taken.too_deep} stand too deep in a queue that is too long to be searched"] if taken.too_deep else []
    parts += [f"{taken.left} more fit and are left"] if taken.left else []
    return "; ".join(parts)


def _released(released: JobsReleased) -> str:
    parts = [f"{released.released} put back"]
    parts += [f"{released.kept} kept, because Sidekiq has them or another job holds their lock"] if released.kept else []
    parts += [f"{released.left} more fit and are left"] if released.left else []
    return "; ".join(parts)


def _outcome(turn: Turn, edit: Edit, outcome: str, detail: dict[str, str | int | bool]) -> None:
    turn.audit("outcome", **_names(edit), stage=edit.stage, outcome=outcome, detail=detail)


def _say(turn: Turn, edit: Edit, outcome: str, *, guard: str = "", reason: str = "") -> None:
    turn.audit("incident", **_names(edit), stage=edit.stage, outcome=outcome, guard=guard, reason=reason)
    turn.keep_incident(
        IncidentRow(edit.incident, edit.rule, edit.entity, edit.jobs.name, edit.action, edit.opened_wall, None,
                    "held" if outcome == "held" else "open", edit.account)
    )  # fmt: skip


def _noted(turn: Turn, edit: Edit, line: str) -> Edit:
    seconds = (turn.at - edit.opened_at) / 1000
    return msgspec.structs.replace(edit, account=(*edit.account, f"+{seconds:.1f} s: {line}"))


def _names(edit: Edit) -> dict[str, str]:
    return {"rule": edit.rule, "entity": edit.entity, "target": edit.jobs.name, "action": edit.action, "incident": edit.incident}
