"""
What a rule wants of a process that is gone: decided once, in the moment in which that is told.

The counterpart of `requests`, which are put before the guards until they come through. Here nothing is waited for: the row is in no picture any more, and what the process held must be
found out before Redis forgets it. What is found waits, kept, until it may be put back.
"""

from typing import Any, Final

from watchdog.engine import playbooks, runs
from watchdog.engine.arming import mode_of
from watchdog.engine.deciding import headline
from watchdog.engine.guards.combine import Judgement, judge
from watchdog.engine.incidents import Flight
from watchdog.engine.leaving_out import leave_out
from watchdog.engine.ledger import Request
from watchdog.engine.news import Seen
from watchdog.engine.reaching import target_from
from watchdog.engine.reckoning import ending_of
from watchdog.engine.rules import Rule
from watchdog.engine.targeting import request_view
from watchdog.engine.turn import Turn
from watchdog.engine.whats_next import after_decision
from watchdog.model.actions import OF_THE_DEAD
from watchdog.model.events import CRASHED, KILLED
from watchdog.model.flight import Ending
from watchdog.model.notices import NoticeKind
from watchdog.model.results import Look
from watchdog.model.verdicts import Answer, Decision, Mode

_DEAD: Final = Look(alive=False, same=False)
_ENDINGS: Final = {CRASHED: Ending.FOREIGN, KILLED: Ending.OURS}
"""Why it has left → by whose doing it ended, as far as that tells."""


def is_for_the_dead(rule: Rule) -> bool:
    """Whether its first step is for a process that has ended."""
    return bool(rule.steps) and rule.steps[0].action in OF_THE_DEAD


def want(turn: Turn, key: str, rule: Rule, seen: Seen) -> None:
    """The alert of this change has just fired: its first step is begun, or it is said why not."""
    row: Any = seen.row
    mode = mode_of(turn, rule)
    ended_here = seen.change.reason == KILLED and any(run.ref.identity == row.id for run in turn.ledger.runs.values())
    if mode is Mode.OBSERVE or ended_here:
        # Whoever in here is about to end it asks himself what it left behind.
        return
    step, target = rule.steps[0], target_from(row)
    request = Request(
        id=turn.id(), rule=rule.name, action=step.action, arguments=step.arguments, process=row.id, target=target.name, alerts=(key,),
        created_at=turn.at, created_wall=turn.wall,
    )  # fmt: skip
    look = _DEAD if row.alive is False else None
    judgement = judge(request_view(turn, rule, request, signal=None, mode=mode, look=look, departed=target), mode)
    _say(turn, rule, request, judgement, mode)
    if judgement.decision is Decision.ALLOW:
        assert target.ref is not None  # the last look denies without one
        playbook = playbooks.begin(turn, rule, request, (key,))
        known = Ending.MEMORY if row.out_of_memory is True else _ENDINGS.get(seen.change.reason, Ending.UNTOLD)
        flight = Flight(gave_back=row.clean_stop is True, end=ending_of(turn, target.ref, known=known))
        runs.start(turn, playbook, request, ref=target.ref, look=_DEAD, flight=flight)
    elif judgement.decision is Decision.DRY_RUN:
        leave_out(turn, rule, request)


def _say(turn: Turn, rule: Rule, request: Request, judgement: Judgement, mode: Mode) -> None:
    verdict = judgement.verdict
    guard = "" if verdict.answer is Answer.PASS else verdict.guard
    reason = verdict.reason
    if judgement.decision is Decision.ASK and not reason:
        reason = "in mode ask a person decides, and what the process held can't be kept until then"
    turn.audit(
        "decision", rule=request.rule, target=request.target, action=request.action, entity=request.process, mode=mode.value,
        decision=judgement.decision.value, guard=guard, reason=reason,
    )  # fmt: skip
    alert = turn.ledger.alerts[request.alerts[0]]
    turn.notify(
        turn.audience(rule, alert.id), thread=alert.id, kind=NoticeKind.DECIDED, severity=rule.severity, title=headline(request, judgement, mode), rule=rule.name,
        entity=alert.entity, target=request.target, action=request.action, decision=judgement.decision.value, guard=guard, reason=reason,
        next=after_decision(judgement, mode, turn.at),
    )  # fmt: skip
