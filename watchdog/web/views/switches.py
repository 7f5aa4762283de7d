"""What people have said that holds for a time: pauses, silences, what somebody has seen, which rules are armed; and what the agent holds back by itself."""

import msgspec

from watchdog.engine.arming_view import armed_rules
from watchdog.engine.switches import COMMAND
from watchdog.picture.picture import Armed, Demoted
from watchdog.web.inside import Inside
from watchdog.web.views.readings import left


class PauseSeen(msgspec.Struct, frozen=True, kw_only=True):
    """
    Nothing may be done; with `rule` or `target` (patterns) not by those rules, not to those targets. `source` is `command`, `fleet`, or empty for the file `pause`; `until_ms` None for no end.

    `resumable` says that `resume` lifts it: what a file or the fleet says is lifted there.
    """

    by: str
    reason: str
    source: str
    rule: str
    target: str
    until_ms: int | None
    until_wall: int | None
    resumable: bool


class SilenceSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts that nobody is told of; `matches` is what it is for, as it is written."""

    id: str
    by: str
    reason: str
    matches: str
    until_ms: int
    until_wall: int


class AckSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody has seen what that rule says of that target: it is not said again until then."""

    by: str
    reason: str
    rule: str
    target: str
    until_ms: int
    until_wall: int


class Switches(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `paused` says that nothing at all may be done; `doubt` are the reasons why nothing is done before somebody has adopted what the agent remembers."""

    paused: bool
    pauses: tuple[PauseSeen, ...]
    silences: tuple[SilenceSeen, ...]
    acks: tuple[AckSeen, ...]
    armed: tuple[Armed, ...]
    demoted: tuple[Demoted, ...]
    doubt: tuple[str, ...] = ()


async def switches(inside: Inside) -> Switches:
    """As they stand now."""
    ledger, now = inside.state.ledger, inside.at()
    return Switches(
        paused=any(not (one.rule or one.target) for one in ledger.pauses.values()),
        pauses=tuple(
            PauseSeen(
                by=one.by, reason=one.reason, source=one.source, rule=one.rule, target=one.target, until_ms=left(one.until_at, now), until_wall=one.until_wall,
                resumable=one.source == COMMAND,
            )
            for one in ledger.pauses.values()
        ),
        silences=await silences(inside),
        acks=tuple(
            AckSeen(by=one.by, reason=one.reason, rule=one.rule, target=one.target, until_ms=max(0, one.until_at - now), until_wall=one.until_wall)
            for one in ledger.acks.values()
        ),
        armed=tuple(msgspec.convert(one, Armed) for one in armed_rules(ledger)),
        demoted=tuple(
            Demoted(rule, now - one.demotion.since_at, one.demotion.reason) for rule, one in sorted(ledger.success.items()) if one.demotion is not None
        ),
        doubt=() if ledger.doubt is None else ledger.doubt.reasons,
    )  # fmt: skip


async def silences(inside: Inside) -> tuple[SilenceSeen, ...]:
    """Those in force."""
    now = inside.at()
    return tuple(
        SilenceSeen(
            id=one.id, by=one.by, reason=one.reason, matches=one.matches, until_ms=max(0, one.until_at - now), until_wall=one.until_wall
        )
        for one in inside.state.ledger.silences.values()
    )
