"""
Orders: what a person wants done to one process, once, by hand.

The counterpart of `requests`, which rules make. The guards are asked all the same, and all that they say is written down: a person can overrule those that weigh
(cooldown, coverage), not those without which it would be done blindly, twice, or to another. What is only a matter of seconds is waited for; everything
else is refused at once, for somebody is there to read why. From the first stage on it is an incident like every other.
"""

from typing import Any, Final

import msgspec

from watchdog.engine import accounts, locking, runs
from watchdog.engine.guards.combine import Judgement, judge
from watchdog.engine.guards.view import View
from watchdog.engine.incidents import Playbook, Run
from watchdog.engine.ledger import Request
from watchdog.engine.order import Order
from watchdog.engine.order_check import wrong_with
from watchdog.engine.ordered import order_of, rule_of
from watchdog.engine.procedures import PROCEDURES
from watchdog.engine.reaching import Target, find_target
from watchdog.engine.rules import NO_RULES
from watchdog.engine.sparing import can_be_interrupted
from watchdog.engine.standing import is_beyond_return
from watchdog.engine.succession import successor_of
from watchdog.engine.turn import Over, Turn
from watchdog.model.effects import Measure
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.records import IncidentRow
from watchdog.model.results import FleetLockAnswer, Look, Refused, Result
from watchdog.model.told import OperatorAsked, OperatorWithdrew
from watchdog.model.verdicts import Answer, Decision, Mode, Verdict

PATIENCE: Final = 60_000
"""An order that could not be begun within so many milliseconds of its time is refused: whoever gave it looks elsewhere by now."""
AGAIN: Final = 1_000
"""How often the guards are asked again while something is waited for."""
REMEMBERED: Final = 600_000
"""For how long an order that is over is known, so that it is not taken for a new one when it is handed over once more."""
PASSING: Final = ("blind", "settling")
"""Guards whose denial is mostly over in seconds: right after a start nothing has been read yet."""
MOST_JOBS: Final = 100


def hear(turn: Turn, told: OperatorAsked | OperatorWithdrew) -> None:
    """A person orders, or withdraws an order."""
    match told:
        case OperatorAsked():
            _take(turn, told)
        case OperatorWithdrew():
            _withdraw(turn, told)


def _take(turn: Turn, asked: OperatorAsked) -> None:
    """A new order; one that is known is left as it is."""
    if asked.id in turn.ledger.orders:
        return
    for key, old in list(turn.ledger.orders.items()):
        if old.outcome and turn.wall - old.asked_wall > REMEMBERED:
            turn.put_order(key, None)
    order = Order(
        id=asked.id, by=asked.by, reason=asked.reason, asked_wall=asked.asked, action=asked.action, process=asked.process, arguments=asked.arguments,
        overruled=asked.overruled, only_looks=asked.only_looks,
    )  # fmt: skip
    turn.put_order(order.id, order)
    detail: dict[str, str | int | bool] = {"by": order.by, "only_looks": order.only_looks, "overruled": " ".join(order.overruled)}
    detail |= {name: str(said) if isinstance(said, float) else said for name, said in order.arguments.items()}
    turn.audit("order", **_names(turn, order), outcome="taken", reason=order.reason, detail=detail)
    if wrong := wrong_with(asked):
        _refuse(turn, order, wrong)
    elif turn.wall - asked.asked > PATIENCE:
        _refuse(turn, order, f"it was given {(turn.wall - asked.asked) // 1000} s ago, and nobody took it then")


def _withdraw(turn: Turn, told: OperatorWithdrew) -> None:
    """It is not wanted any more: nothing is begun, and what has begun ends before its first signal that can't be taken back."""
    order = turn.ledger.orders.get(told.id)
    if order is None or order.outcome or order.withdrawn:
        return
    run = next((run for run in turn.ledger.runs.values() if run.incident == order.incident), None)
    if run is not None and is_beyond_return(run):
        turn.audit("order", **_names(turn, order), outcome="too late", reason="it can't be taken back any more, and is carried to its end")
        return
    order = msgspec.structs.replace(order, withdrawn=told.by)
    turn.put_order(order.id, order)
    turn.audit("order", **_names(turn, order), outcome="withdrawn", reason=told.by)
    if not order.incident:
        _close(turn, order, "abandoned", f"withdrawn by {told.by}")


def resume(turn: Turn) -> None:
    """After a start of the agent: nobody answers any more what its predecessor asked for."""
    for order in list(turn.ledger.orders.values()):
        if order.effect:
            turn.put_order(order.id, msgspec.structs.replace(order, effect=""))


def consider_all(turn: Turn) -> None:
    """Asks the guards for every order that waits, and is due."""
    if turn.world.stopping or turn.rules is NO_RULES:
        return
    for order in list(turn.ledger.orders.values()):
        if waits(order) and turn.world.again.get(order.id, 0) <= turn.at:
            _consider(turn, order)


def waits(order: Order) -> bool:
    """Neither over nor carried out nor looked at."""
    return not (order.outcome or order.incident or order.effect)


def answer(turn: Turn, effect: str, result: Result) -> bool:
    """Takes the answer to a look; False if the effect was none of an order."""
    order = next((one for one in turn.ledger.orders.values() if one.effect == effect), None)
    if order is None:
        return False
    order = msgspec.structs.replace(order, effect="")
    turn.put_order(order.id, order)
    match result:
        case _ if order.outcome:
            pass
        case _ if isinstance(result, FleetLockAnswer):
            # It is considered again in this turn, by what the guards know now.
            locking.hear(turn, order.id, result)
        case Look() as look:
            _decide(turn, order, look)
        case Refused(reason=reason):
            _deny(turn, order, Verdict("last_look", Answer.DENY, f"it could not be looked at: {reason}"), ())
        case _:
            _deny(turn, order, Verdict("last_look", Answer.DENY, "the look was answered with something else"), ())
    return True


def step_over(turn: Turn, over: Over) -> None:
    """What carried out an order is over, and so is the order."""
    order = order_of(turn.ledger, over.run.rule)
    if order is not None and isinstance(over.run, Run):
        row = successor_of(turn, over.run)
        _close(turn, order, over.outcome, over.account, target=over.run.ref.name, detail={"successor": "" if row is None else row.id})


def _consider(turn: Turn, order: Order) -> None:
    target = find_target(turn.world, order.process)
    judgement = judge(_view(turn, order, target, None), Mode.ACT)
    verdict = judgement.verdict
    if judgement.decision is Decision.ALLOW and target.ref is not None:
        effect = turn.id()
        turn.put_order(order.id, msgspec.structs.replace(order, effect=effect))
        turn.effects.append(Measure(effect, target.ref))
    elif (verdict.guard in PASSING or (verdict.guard == "last_look" and target.ref is None)) and turn.wall - order.asked_wall < PATIENCE:
        # Its process, too, is found among those of this host within seconds, or never.
        turn.world.again[order.id] = turn.at + AGAIN
    else:
        _deny(turn, order, verdict, judgement.all)


def _decide(turn: Turn, order: Order, look: Look) -> None:
    target = find_target(turn.world, order.process)
    judgement = judge(_view(turn, order, target, look), Mode.ACT)
    if judgement.decision is not Decision.ALLOW or target.ref is None:
        _deny(turn, order, judgement.verdict, judgement.all)
        return
    if not order.only_looks and (
        effect := locking.ask_first(turn, order.id, action=order.action, target=target.name, rule=rule_of(order.id))
    ):
        turn.put_order(order.id, msgspec.structs.replace(order, effect=effect))
        return
    decided = Decision.DRY_RUN if order.only_looks else Decision.ALLOW
    _say(turn, order, decided, judgement.verdict, judgement.all)
    if order.only_looks:
        _leave_out(turn, order, target, judgement)
        return
    playbook = Playbook(
        id=turn.id(), rule=rule_of(order.id), kind=Kind.PROCESS, entity=order.process, seen={}, seen_at=turn.at, beat_at=None, target=target.name,
        action=order.action, alerts=(), thread=rule_of(order.id), severity=Severity.INFO, notify=turn.everybody(), opened_wall=turn.wall, opened_at=turn.at, since_at=turn.at,
    )  # fmt: skip
    turn.put_playbook(playbook.id, playbook)
    turn.put_order(order.id, msgspec.structs.replace(order, incident=playbook.id))
    request = Request(
        id=turn.id(), rule=playbook.rule, action=order.action, arguments=order.arguments, process=order.process, target=target.name, alerts=(),
        created_at=turn.at, created_wall=turn.wall,
    )  # fmt: skip
    turn.notify(
        playbook.notify, thread=playbook.thread, kind=NoticeKind.DECIDED, severity=Severity.INFO, rule=playbook.rule, entity=order.process,
        title=f"{order.by} has ordered {order.action} on {target.name}: {order.reason}", target=target.name, action=order.action,
        decision=Decision.ALLOW.value, reason=order.reason, by=order.by, page=turn.page(playbook.id),
    )  # fmt: skip
    locking.hand_over(turn, order.id, request.id)
    runs.start(turn, playbook, request, ref=target.ref, look=look)


def _view(turn: Turn, order: Order, target: Target, look: Look | None) -> View:
    row = turn.world.find(Kind.PROCESS, order.process)
    return View(
        at=turn.at, subject=order.id, incident="", rule=rule_of(order.id), target=target.name, process=order.process, ref=target.ref,
        unreachable=target.unreachable, sources=(Source.HOST, Source.REDIS), settings=turn.rules.by_hand, signal=PROCEDURES[order.action].signal, holds=True,
        look=look, committed=False, ledger=turn.ledger, held=turn.held(), sick=turn.sick(), cooldowns=turn.ledger.cooldowns, world=turn.world, overruled=order.overruled,
        wall=turn.wall, spent=turn.ledger.spent, interrupts=row is None or can_be_interrupted(row, turn.at),
    )  # fmt: skip


def _deny(turn: Turn, order: Order, verdict: Verdict, verdicts: tuple[Verdict, ...]) -> None:
    _say(turn, order, Decision.DENY, verdict, verdicts or (verdict,))
    _refuse(turn, order, verdict.reason, guard=verdict.guard)


def _refuse(turn: Turn, order: Order, reason: str, *, guard: str = "") -> None:
    _close(turn, order, "refused", reason, guard=guard)


def _say(turn: Turn, order: Order, decision: Decision, verdict: Verdict, verdicts: tuple[Verdict, ...]) -> None:
    """All that the guards said, in one row."""
    said = {one.guard: f"{one.answer.name}{': ' if one.reason else ''}{one.reason}" for one in verdicts}
    denied = verdict.answer is not Answer.PASS
    turn.audit(
        "decision", **_names(turn, order), mode=(Mode.DRY_RUN if order.only_looks else Mode.ACT).value, decision=decision.value,
        guard=verdict.guard if denied else "", reason=verdict.reason if denied else "", detail={**said},
    )  # fmt: skip


def _leave_out(turn: Turn, order: Order, target: Target, judgement: Judgement) -> None:
    """What would be done, and what is in flight: class, jid and time of each job, and nothing of what it was told to do."""
    account = []
    for jid, job_class, elapsed in _in_flight(turn, order)[:MOST_JOBS]:
        account.append(f"in flight: {job_class} {jid} for {elapsed / 1000:.1f} s")
        turn.audit("would", **_names(turn, order), mode=Mode.DRY_RUN.value, decision=Decision.DRY_RUN.value, stage="in flight", outcome="left out",
                   detail={"jid": jid, "class": job_class, "elapsed_ms": elapsed})  # fmt: skip
    for stage, delay, condition in PROCEDURES[order.action].plan(order.arguments):
        account.append(accounts.planned(stage, delay, condition))
        turn.audit("would", **_names(turn, order), mode=Mode.DRY_RUN.value, decision=Decision.DRY_RUN.value, stage=stage, reason=condition,
                   outcome="left out", would_at=turn.wall + delay)  # fmt: skip
    rule, incident = rule_of(order.id), turn.id()
    turn.keep_incident(IncidentRow(incident, rule, order.process, target.name, order.action, turn.wall, turn.wall, "would", tuple(account)))
    overruled = ", ".join(one.guard for one in judgement.all if one.reason.startswith("overruled"))
    _close(turn, order, "would", f"nothing was done{f'; overruled would be {overruled}' if overruled else ''}")


def _in_flight(turn: Turn, order: Order) -> list[tuple[str, str, int]]:
    rows: list[Any] = [turn.world.find(Kind.JOB, entity) for entity in turn.world.jobs_of.get(order.process, ())]
    known = [row for row in rows if row is not None and row.jid is not MISSING]
    found = [
        (
            str(row.jid),
            "?" if row.job_class is MISSING else str(row.job_class),
            0 if row.started_at is MISSING else max(0, turn.at - row.started_at),
        )
        for row in known
    ]
    return sorted(found, key=lambda job: (-job[2], job[0]))


def _close(
    turn: Turn,
    order: Order,
    outcome: str,
    reason: str,
    *,
    guard: str = "",
    target: str = "",
    detail: dict[str, str | int | bool] | None = None,
) -> None:
    turn.put_order(order.id, msgspec.structs.replace(order, outcome=outcome))
    turn.world.again.pop(order.id, None)
    names = _names(turn, order) | ({"target": target} if target else {})
    turn.audit("order", **names, outcome=outcome, guard=guard, reason=reason, detail=detail or {})


def _names(turn: Turn, order: Order) -> dict[str, str]:
    target = find_target(turn.world, order.process).name
    return {"rule": rule_of(order.id), "entity": order.process, "target": target, "action": order.action, "incident": order.incident}
