"""A question that nobody has answered when half of its time has passed is told to others, by the first level of its route."""

import msgspec

from watchdog.engine.acknowledging import key_of
from watchdog.engine.approvals import Approval, Standing, lasting
from watchdog.engine.routing.table import USUAL, Route
from watchdog.engine.turn import Turn
from watchdog.model.notices import NoticeKind
from watchdog.model.verdicts import Decision


def raise_at(turn: Turn, thread: str, within: int) -> int | None:
    """When a question that is asked now is told to others; None: never."""
    return turn.at + within // 2 if _route_of(turn, thread).escalate else None


def tend(turn: Turn, one: Approval) -> Approval:
    """The question as it stands, told to others in this turn if that is due."""
    if one.raise_at is None or one.raise_at > turn.at or one.standing is not Standing.OPEN:
        return one
    route = _route_of(turn, one.thread)
    told = one.notify
    if route.escalate and not one.silenced and key_of(one.rule, one.target) not in turn.ledger.acks:
        to = route.escalate[0].to
        told = tuple(dict.fromkeys((*one.notify, *to)))
        left = lasting((one.expires_at - turn.at) // 1000 * 1000)
        reason = (
            f"nobody has answered for {lasting((turn.at - one.asked_at) // 1000 * 1000)}; it is not done if nobody says yes within {left}"
        )
        turn.audit(
            "approval", rule=one.rule, entity=one.process or one.entity, target=one.target, action=one.action, incident=one.incident, outcome="escalated",
            reason=reason, detail={"approval": one.id, "told": ", ".join(to)},
        )  # fmt: skip
        turn.notify(
            to, thread=one.thread, kind=NoticeKind.ESCALATED, severity=one.severity, rule=one.rule, entity=one.entity, target=one.target, action=one.action,
            title=f"{one.action} on {one.target}: waits for a person, and {reason}: sidekiq-watchdog approve {one.id} on {turn.ledger.host}",
            decision=Decision.ASK.value, outcome="asked", reason=reason, approval=one.id,
        )  # fmt: skip
    one = msgspec.structs.replace(one, raise_at=None, notify=told)
    turn.put_approval(one.id, one)
    return one


def _route_of(turn: Turn, thread: str) -> Route:
    telling = turn.ledger.routing.tellings.get(thread)
    return USUAL if telling is None else turn.rules.routing.named(telling.route)
