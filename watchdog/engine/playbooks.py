"""
What a rule does about one firing, from its first step to the proof that it helped: an incident.

The counterpart of `runs`, which carries out one step. Between two steps the guards are asked anew, from the first one on. A playbook outlives
the alert that began it: the job is gone with its process, and what has been begun is brought to its end.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from watchdog.engine import arming, trust
from watchdog.engine import proof as proofs
from watchdog.engine.alerts import Truth
from watchdog.engine.incidents import Branch, Edit, Playbook, Run
from watchdog.engine.ledger import Request
from watchdog.engine.recall import as_it_was
from watchdog.engine.report import balance
from watchdog.engine.rules import NO_RULES, Rule, Step
from watchdog.engine.succession import ended_by_us
from watchdog.engine.targeting import target_of
from watchdog.engine.turn import Over, Turn
from watchdog.engine.whats_next import after_end, after_step
from watchdog.model.actions import acts_on
from watchdog.model.delivery import cuts_off
from watchdog.model.kinds import Kind, Source
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.records import IncidentRow
from watchdog.model.targets import TargetKind
from watchdog.model.verdicts import Mode

PATIENCE: Final = 3_600_000
"""A next step that is not allowed for so many milliseconds is given up: what it was to mend is no longer what anybody remembers."""
UNPROVEN: Final = "nothing is verified: its rule has no 'verify'"
"""What the end of an incident says whose rule asks for no proof."""
LOOK_AGAIN: Final = 1_000
"""Milliseconds between two looks at a proof, for what changes without an event."""


def begin(turn: Turn, rule: Rule, request: Request, alerts: tuple[str, ...]) -> Playbook:
    """Opens the incident whose first step has just been allowed."""
    first = turn.ledger.alerts[alerts[0]]
    playbook = Playbook(
        id=turn.id(), rule=rule.name, kind=first.kind, entity=first.entity, seen=first.seen, seen_at=first.since_at, beat_at=first.beat_at,
        target=request.target, action=request.action, alerts=alerts, thread=first.id, severity=rule.severity, notify=turn.audience(rule, first.id),
        opened_wall=turn.wall, opened_at=turn.at, since_at=turn.at,
    )  # fmt: skip
    turn.put_playbook(playbook.id, playbook)
    return playbook


def steps_of(rule: Rule, branch: Branch) -> tuple[Step, ...]:
    """The steps of that list."""
    return rule.steps if branch is Branch.THEN else rule.or_else


def next_step(turn: Turn, request: Request) -> Request | None:
    """The request for a next step, as it stands now; None if it is not to be any more, and then the playbook has gone on without it."""
    playbook = turn.ledger.playbooks.get(request.playbook)
    if playbook is None:
        return None
    rule = turn.rule.get(playbook.rule)
    if rule is None or playbook.step >= len(steps_of(rule, playbook.branch)):
        _close(turn, playbook, "abandoned", "its rule no longer asks for what was left to do")
        return None
    mode = arming.mode_of(turn, rule)
    if mode.rank < Mode.ASK.rank:
        _close(turn, playbook, "abandoned", f"the mode has been lowered to {mode}")
        return None
    if turn.at - playbook.since_at >= PATIENCE:
        why = request.reason or "nobody said so"
        _close(turn, playbook, "failed", f"{request.action} was not allowed within {PATIENCE // 60_000} min: {why}", counts=False)
        return None
    if acts_on(request.action) is TargetKind.PROCESS and _is_gone(turn, request.process):
        _go_on(turn, playbook, rule, "its process is no longer there: nothing was left to do")
        return None
    step = steps_of(rule, playbook.branch)[playbook.step]
    aimed = msgspec.structs.replace(request, action=step.action, arguments=step.arguments)
    if aimed != request:
        turn.put_request(aimed.id, aimed)
    return aimed


def step_over(turn: Turn, over: Over) -> None:
    """A step is over: on with the next one, with `or_else`, with the proof, or to the end."""
    run = over.run
    playbook = turn.ledger.playbooks[run.incident]
    playbook = msgspec.structs.replace(playbook, action=run.action, account=run.account, jobs=(*playbook.jobs, *_jobs(over)))
    if isinstance(run, Run) and run.ref.unit:
        playbook = msgspec.structs.replace(playbook, unit=run.ref.unit, ended=playbook.ended or ended_by_us(run))
    rule = turn.rule.get(playbook.rule)
    nothing_done = playbook.branch is Branch.THEN and playbook.step == 0
    match over.outcome:
        case "abandoned" if not nothing_done and rule is not None:
            turn.audit("incident", **_names(playbook), stage=run.stage, outcome="step abandoned", reason=over.account)
            _ask_for(turn, playbook, rule)
        case "failed" if playbook.branch is Branch.THEN and rule is not None and rule.or_else:
            _say(turn, playbook, run.stage, "step failed", over.account, severity=Severity.CRITICAL)
            _ask_for(turn, msgspec.structs.replace(playbook, branch=Branch.OR_ELSE, step=0, since_at=turn.at), rule)
        case "ended" if rule is not None:
            _go_on(turn, playbook, rule, over.account, stage=run.stage)
        case outcome:
            _close(turn, playbook, outcome, over.account, stage=run.stage)


def ask_anew(turn: Turn) -> None:
    """Those whose next step nobody asks for: they were put away, and their requests with them (`adopting`)."""
    ledger = turn.ledger
    under_way = {run.incident for run in ledger.runs.values()} | {edit.incident for edit in ledger.edits.values()}
    under_way |= {deed.incident for deed in ledger.deeds.values()}
    asked_for = under_way | {request.playbook for request in ledger.requests.values()}
    for playbook in list(ledger.playbooks.values()):
        if playbook.proof is not None or playbook.id in asked_for:
            continue
        rule = turn.rule.get(playbook.rule)
        if rule is None or playbook.step >= len(steps_of(rule, playbook.branch)):
            _close(turn, playbook, "abandoned", "its rule no longer asks for what was left to do")
        else:
            _ask_for(turn, msgspec.structs.replace(playbook, since_at=turn.at), rule)


def prove_all(turn: Turn) -> None:
    """Looks at every open proof; not before it is known which rules are in force."""
    if turn.rules is NO_RULES:
        return
    for playbook in list(turn.ledger.playbooks.values()):
        if playbook.proof is not None:
            _prove(turn, playbook)


def close_by_hand(turn: Turn, playbook: Playbook, account: str) -> None:
    """A person sees to what is left: no further step, and no further proof."""
    _close(turn, playbook, "closed", account, stage="" if playbook.proof is None else "verify")


def freeze_proofs(turn: Turn, at: int) -> None:
    """The agent was away since `at`: that time counts for nothing."""
    for playbook in list(turn.ledger.playbooks.values()):
        if playbook.proof is not None:
            halted = proofs.advance_proof(playbook.proof, Truth.UNKNOWN, at=at, within=0)
            turn.put_playbook(playbook.id, msgspec.structs.replace(playbook, proof=halted.proof))


def _go_on(turn: Turn, playbook: Playbook, rule: Rule, account: str, *, stage: str = "") -> None:
    """A step has reached what it was for."""
    last = playbook
    playbook = msgspec.structs.replace(playbook, reports=(*playbook.reports, f"{playbook.action}: {account}"))
    if playbook.step + 1 < len(steps_of(rule, playbook.branch)):
        _say(turn, playbook, stage, "step ended", account, coming=after_step(rule, is_last=False))
        _ask_for(turn, msgspec.structs.replace(playbook, step=playbook.step + 1, since_at=turn.at), rule)
    elif rule.verify is not None:
        _say(turn, playbook, stage, "step ended", account, coming=after_step(rule, is_last=True))
        proving = msgspec.structs.replace(playbook, proof=proofs.begin(turn.at))
        turn.put_playbook(playbook.id, proving)
        turn.audit("incident", **_names(proving), stage="verify", outcome="verifying", reason=rule.verify.when.text)
    else:
        _close(turn, last, "ended", account, stage=stage, told="; ".join((account, *last.reports, UNPROVEN)))


def _ask_for(turn: Turn, playbook: Playbook, rule: Rule) -> None:
    """The guards are to be asked for the playbook's next step."""
    turn.put_playbook(playbook.id, playbook)
    step = steps_of(rule, playbook.branch)[playbook.step]
    target = target_of(turn, step, as_it_was(turn.world, playbook, turn.at), unit=playbook.unit)
    name = target.name if target.lasts else playbook.target
    request = Request(
        id=turn.id(), rule=rule.name, action=step.action, arguments=step.arguments, process=target.process, target=name,
        alerts=playbook.alerts, created_at=turn.at, created_wall=turn.wall, playbook=playbook.id, jobs=target.jobs,
        unreachable="" if acts_on(step.action) is TargetKind.PROCESS else target.unreachable, entity=playbook.entity, thing=target.thing,
    )  # fmt: skip
    turn.put_request(request.id, request)


def _is_blind(turn: Turn, sources: Iterable[Source]) -> bool:
    """One of them can't be read, or has not been since the start: of a picture that is not complete even `count(…) == 0` proves nothing."""
    starting = {Source.REDIS} - turn.world.complete
    return any(source in turn.ledger.lost or source in starting for source in sources)


def _is_gone(turn: Turn, process: str) -> bool:
    known = Source.REDIS in turn.world.complete and not cuts_off(turn.ledger.lost)
    return known and turn.world.find(Kind.PROCESS, process) is None


def _prove(turn: Turn, playbook: Playbook) -> None:
    assert playbook.proof is not None  # only those are looked at
    rule = turn.rule.get(playbook.rule)
    if rule is None or rule.verify is None:
        _close(turn, playbook, "ended", "its rule no longer asks for a proof")
        return
    verify = rule.verify
    holds = (
        None if _is_blind(turn, verify.when.sources) else verify.when.holds(as_it_was(turn.world, playbook, turn.at), turn.at, turn.world)
    )
    truth = Truth.UNKNOWN if holds is None else Truth.TRUE if holds else Truth.FALSE
    progress = proofs.advance_proof(playbook.proof, truth, at=turn.at, within=verify.within)
    if progress.outcome == proofs.VERIFIED:
        _close(turn, playbook, proofs.VERIFIED, f"it helped: {verify.when.text}", stage="verify")
    elif progress.outcome:
        _close(
            turn,
            playbook,
            progress.outcome,
            f"no proof that it helped within {verify.within // 1000} s: {verify.when.text}",
            stage="verify",
        )
    else:
        if progress.proof is not playbook.proof:
            turn.put_playbook(playbook.id, msgspec.structs.replace(playbook, proof=progress.proof))
        again = turn.at + LOOK_AGAIN
        turn.world.proofs[playbook.id] = again if progress.due is None else min(again, progress.due)


def _close(turn: Turn, playbook: Playbook, outcome: str, account: str, *, stage: str = "", told: str = "", counts: bool = True) -> None:
    """
    The incident's end; alerts whose playbook has come to its end want nothing more.

    With `counts` it tells whether the rule helps: what a guard or a person did not allow has not been tried.
    `told` is the whole of it for people: what came of it, and what its steps had to say, if nothing else is given.
    """
    told = told or "; ".join((account, *playbook.reports))
    if not playbook.account or not playbook.account[-1].endswith(account):
        playbook = _accounted(turn, playbook, account)
    turn.put_playbook(playbook.id, None)
    turn.world.proofs.pop(playbook.id, None)
    if outcome in ("ended", "closed", proofs.VERIFIED, proofs.UNVERIFIED):
        for key in playbook.alerts:
            if (alert := turn.ledger.alerts.get(key)) is not None:
                turn.put_alert(key, msgspec.structs.replace(alert, acted=True))
    turn.freed = True
    turn.audit("incident", **_names(playbook), stage=stage, outcome=outcome, reason=told)
    if counts:
        trust.note(turn, playbook, outcome)
    _keep(turn, playbook, outcome, closed=True)
    severity = Severity.CRITICAL if outcome in ("failed", proofs.UNVERIFIED) else playbook.severity
    # Its steps have been told as they ended.
    said = account if playbook.reports else told
    _notify(turn, playbook, NoticeKind.ENDED, stage, outcome, said, severity=severity, coming=after_end(outcome))


def _say(
    turn: Turn, playbook: Playbook, stage: str, outcome: str, account: str, *, severity: Severity | None = None, coming: str = ""
) -> None:
    """One of several steps is over."""
    turn.audit("incident", **_names(playbook), stage=stage, outcome=outcome, reason=account)
    _keep(turn, playbook, "open", closed=False)
    _notify(turn, playbook, NoticeKind.STAGE, stage, outcome, account, severity=severity or playbook.severity, coming=coming)


def _keep(turn: Turn, playbook: Playbook, outcome: str, *, closed: bool) -> None:
    turn.keep_incident(
        IncidentRow(playbook.id, playbook.rule, playbook.entity, playbook.target, playbook.action, playbook.opened_wall,
                    turn.wall if closed else None, outcome, playbook.account)
    )  # fmt: skip


def _notify(
    turn: Turn, playbook: Playbook, kind: NoticeKind, stage: str, outcome: str, account: str, *, severity: Severity, coming: str
) -> None:
    turn.notify(
        playbook.notify, thread=playbook.thread, kind=kind, severity=severity, title=f"{playbook.action} on {playbook.target}: {account}",
        rule=playbook.rule, entity=playbook.entity, target=playbook.target, action=playbook.action, stage=stage, decision="ALLOW",
        outcome=outcome, jobs="; ".join(playbook.jobs), next=coming, page=turn.page(playbook.id),
    )  # fmt: skip


def _jobs(over: Over) -> tuple[str, ...]:
    """What became of the jobs by a step that is over."""
    match over.run:
        case Run(flight=flight):
            said = balance(flight)
        case Edit():
            said = over.account
        case _:
            said = ""
    return (said,) if said else ()


def _accounted(turn: Turn, playbook: Playbook, line: str) -> Playbook:
    seconds = (turn.at - playbook.opened_at) / 1000
    return msgspec.structs.replace(playbook, account=(*playbook.account, f"+{seconds:.1f} s: {line}"))


def _names(playbook: Playbook) -> dict[str, str]:
    return {
        "rule": playbook.rule, "entity": playbook.entity, "target": playbook.target, "action": playbook.action, "incident": playbook.id,
    }  # fmt: skip
