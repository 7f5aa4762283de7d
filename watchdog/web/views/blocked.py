"""What somebody wants done and a guard stands in the way of: the reason, and until when."""

from typing import Final

import msgspec

from watchdog.engine.incidents import Deed, Edit
from watchdog.engine.ledger import Ledger, Request
from watchdog.engine.state import State
from watchdog.model.verdicts import Decision
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Slice
from watchdog.web.views.cutting import cut
from watchdog.web.views.readings import left

_NOT_GRANTED: Final = (Decision.DENY, Decision.ASK)


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    """
    One request that was not granted, or a step that stands half-way (`incident` is then what it belongs to).

    `until_ms` is when the answer can change by itself, None where only an event changes it; `repeated` how often it was given since it was first; `since_wall` is when somebody first wanted it.
    """

    id: str
    rule: str
    target: str
    entity: str
    action: str
    decision: str
    guard: str
    reason: str
    until_ms: int | None
    repeated: int
    since_wall: int
    incident: str = ""


async def blocked(inside: Inside, *, rule: str = "", guard: str = "", after: str = "", limit: int = USUAL) -> Slice[Blocked]:
    """What waits for longest first; only that of this rule and by this guard where these are given."""
    state, now = inside.state, inside.at()
    found = [
        one
        for one in (*_requests(state, now), *_held(state.ledger, now))
        if (not rule or one.rule == rule) and (not guard or one.guard == guard)
    ]
    shown, following = cut(found, [one.since_wall for one in found], lambda one: one.id, after=after, limit=limit)
    return Slice(tuple(shown), len(found), following)


def blocked_count(state: State) -> int:
    """How many there are."""
    ledger = state.ledger
    asked = sum(one.decision in _NOT_GRANTED for one in ledger.requests.values())
    return asked + sum(bool(run.held) for run in ledger.runs.values()) + sum(bool(one.held) for one in _steps(ledger))


def _requests(state: State, now: int) -> list[Blocked]:
    return [_request(state, one, now) for one in state.ledger.requests.values() if one.decision in _NOT_GRANTED]


def _request(state: State, one: Request, now: int) -> Blocked:
    world = state.world
    return Blocked(
        id=one.id,
        rule=one.rule,
        target=one.target,
        entity=one.entity,
        action=one.action,
        decision="" if one.decision is None else one.decision.value,
        guard=one.guard,
        # What it says now may have other numbers in it than what was written down.
        reason=world.reasons.get(one.id, one.reason),
        until_ms=left(one.until, now),
        repeated=world.denials.get(one.id, 0),
        since_wall=one.created_wall,
        incident=one.playbook,
    )


def _held(ledger: Ledger, now: int) -> list[Blocked]:
    runs = [
        Blocked(
            id=run.id, rule=run.rule, target=run.ref.name, entity=run.entity, action=run.action, decision=Decision.DENY.value, guard=run.held_by, reason=run.held,
            until_ms=left(run.again_at, now), repeated=0, since_wall=run.opened_wall, incident=run.incident,
        )
        for run in ledger.runs.values() if run.held
    ]  # fmt: skip
    others = [
        Blocked(
            id=one.id, rule=one.rule, target=ledger.playbooks[one.incident].target if one.incident in ledger.playbooks else "", entity=one.entity, action=one.action,
            decision=Decision.DENY.value, guard="", reason=one.held, until_ms=left(one.again_at, now), repeated=0, since_wall=one.opened_wall, incident=one.incident,
        )
        for one in _steps(ledger) if one.held
    ]  # fmt: skip
    return [*runs, *others]


def _steps(ledger: Ledger) -> list[Edit | Deed]:
    return [*ledger.edits.values(), *ledger.deeds.values()]
