"""What a person is asked, or has answered a moment ago."""

from typing import Final

import msgspec

from watchdog.engine.approvals import LIVE, Approval, Standing
from watchdog.web.failures import NotThereError
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Slice
from watchdog.web.views.cutting import cut
from watchdog.web.views.readings import left

_LATER: Final = 1e15


class GroundSeen(msgspec.Struct, frozen=True):
    """Why a person is asked: what that guard said. Where the mode alone asks, there is none."""

    guard: str
    reason: str


class ApprovalSeen(msgspec.Struct, frozen=True, kw_only=True):
    """
    One question. `standing` is one of `engine.approvals.Standing`; only `open` and `approved` can still change the course of things. `stages` is what would be done, in words, `condition` and `seen` what was found.

    `needed` so many people must say yes, `approved_by` are those who have; `left_ms` is for how long it can be answered, `settled` how it came to its end.
    """

    id: str
    rule: str
    entity: str
    target: str
    action: str
    standing: str
    severity: str
    grounds: tuple[GroundSeen, ...]
    condition: str
    seen: tuple[str, ...]
    stages: tuple[str, ...]
    asked_wall: int
    left_ms: int
    needed: int
    approved_by: tuple[str, ...]
    settled: str
    incident: str


async def approvals(inside: Inside, *, live_only: bool = True, after: str = "", limit: int = USUAL) -> Slice[ApprovalSeen]:
    """Those that can be answered, the one that expires first first; with `live_only` false those of the last day that are settled, too."""
    found = [one for one in inside.state.ledger.approvals.values() if not live_only or one.standing in LIVE]
    shown, following = cut(found, [_rank(one) for one in found], lambda one: one.id, after=after, limit=limit)
    return Slice(tuple(_seen(one, inside.at()) for one in shown), len(found), following)


async def approval(inside: Inside, id_: str) -> ApprovalSeen:
    """The one with that id. Raises `NotThereError`."""
    one = inside.state.ledger.approvals.get(id_)
    if one is None:
        raise NotThereError("nothing was asked under that id within the last day")
    return _seen(one, inside.at())


def _seen(one: Approval, now: int) -> ApprovalSeen:
    return ApprovalSeen(
        id=one.id,
        rule=one.rule,
        entity=one.entity,
        target=one.target,
        action=one.action,
        standing=one.standing.value,
        severity=one.severity.value,
        grounds=tuple(GroundSeen(ground.guard, ground.reason) for ground in one.grounds),
        condition=one.condition,
        seen=one.seen,
        stages=one.stages,
        asked_wall=one.asked_wall,
        left_ms=left(one.expires_at, now) or 0,
        needed=one.needed,
        approved_by=tuple(word.person for word in one.words),
        settled=one.settled,
        incident=one.incident,
    )


def _rank(one: Approval) -> float:
    # Engine time, and what nobody need answer any more behind all that.
    return one.expires_at if one.standing is Standing.OPEN else one.expires_at + _LATER
