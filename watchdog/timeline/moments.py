"""
What a row of the audit log says, as a moment of the story: one function a kind of row.

The counterpart of whoever writes the rows (`engine/accounts.py`, `engine/judging.py`, `engine/deciding.py`, …). A row of a kind or an outcome that is not known here is told in its own words, never left out.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from watchdog.engine import edits
from watchdog.engine.procedures import PROCEDURES
from watchdog.engine.procedures.stages import CollectStage, GatherStage, LocksStage, PutBackStage
from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.model.targets import Signal
from watchdog.store.moments import wall_of
from watchdog.timeline.said import Said, plain, sentence
from watchdog.timeline.timeline import Moment, MomentKind

_STAGES: Final = tuple((name, stage) for procedure in PROCEDURES.values() for name, stage in procedure.stages.items())
_NAMES: Final = frozenset(name for name, _ in _STAGES)
_OF_JOBS: Final = frozenset(
    [*(name for name, stage in _STAGES if isinstance(stage, GatherStage | PutBackStage | LocksStage)), *edits.STAGES.values()]
)
_OF_EVIDENCE: Final = frozenset(name for name, stage in _STAGES if isinstance(stage, CollectStage))
_CALLED: Final = {
    "copy": "what it holds",
    "record": "what it holds, being quiet",
    "reckon": "what it held at its end",
    "death": "its end",
    "rebirth": "its successor",
    "two beats": "two quiet beats",
    "left": "those that are left",
    "unlock": "give back locks",
}
"""Stages whose names say little to whoever was not there."""
_PLACES: Final = {"queue": "its queue", "retry": "the retry set", "schedule": "the schedule", "quarantine": "quarantine"}
_PROOF: Final = frozenset({"verifying", "verified", "unverified"})


def moments(rows: tuple[Said, ...]) -> Iterator[Moment]:
    """Those of all rows, in their order."""
    for row in rows:
        yield from _KINDS.get(row.kind, _other)(row)


def _moment(row: Said, kind: MomentKind, text: str, *more: str) -> Moment:
    beside = {
        "stage": row.stage,
        "action": row.action,
        "outcome": row.outcome,
        "mode": row.mode,
        "decision": row.decision,
        "guard": row.guard,
    }
    detail = {name: value for name, value in beside.items() if value}
    return Moment(wall=row.wall, kind=kind, text=sentence(text, *more), detail={**plain(row.detail), **plain(detail)}, row=row.seq)


def _alert(row: Said) -> Iterator[Moment]:
    told = str(row.detail.get("told", ""))
    match row.outcome:
        case "firing":
            if seen := str(row.detail.get("seen", "")):
                yield Moment(wall=row.wall, kind=MomentKind.READING, text=sentence(seen), row=row.seq)
            yield _moment(row, MomentKind.RULE, f"{row.rule} fires", row.reason)
        case "resolved":
            yield _moment(row, MomentKind.RULE, f"{row.rule} fires no more", row.reason)
        case "reminded":
            yield _moment(row, MomentKind.DELIVERY, f"said again to {told}", row.reason)
        case "escalated":
            yield _moment(row, MomentKind.DELIVERY, f"told to {told} as well", row.reason)
        case "told":
            yield _moment(row, MomentKind.DELIVERY, f"told to {told} after all", row.reason)
        case _:
            yield _moment(row, MomentKind.RULE, f"{row.rule}: {row.outcome}", row.reason)


def _decision(row: Said) -> Iterator[Moment]:
    what = f"{row.action} on {row.target}"
    if row.outcome:
        yield _moment(row, MomentKind.DECISION, what, row.outcome, row.reason)
        return
    match row.decision:
        case "ALLOW":
            yield _moment(row, MomentKind.DECISION, f"{what}: all guards agree", row.reason)
        case "DRY_RUN":
            yield _moment(row, MomentKind.DECISION, f"{what}: would be done now (dry-run)", row.reason)
        case "DENY":
            yield _moment(row, MomentKind.GUARD, f"{what}: not done, {row.guard} denies", row.reason)
        case "ASK":
            by = f", {row.guard} wants it" if row.guard else ""
            yield _moment(row, MomentKind.GUARD, f"{what}: a person must say yes{by}", row.reason)
        case _:
            yield _moment(row, MomentKind.DECISION, what, row.decision, row.reason)


def _would(row: Said) -> Iterator[Moment]:
    if row.decision == "ASK":
        # That is what the decision says, too.
        return
    if row.stage == "in flight":
        yield _moment(row, MomentKind.JOBS, f"in flight: {row.detail.get('class', '')} {row.detail.get('jid', '')}")
    else:
        yield _moment(row, MomentKind.DECISION, f"act would {_to(row)}{_when(row)}", row.reason)


def _to(row: Said) -> str:
    match row.stage:
        case stage if stage in Signal.__members__:
            return f"send SIG{stage}"
        case "ask":
            return "ask a person"
        case "verify":
            return "look whether it helped"
        case stage:
            return f"{stage.replace('_', ' ')} {row.target}"


def _when(row: Said) -> str:
    later = 0 if row.would_at is None else wall_of(row.would_at) - row.wall
    return f" {display(later, Type.DURATION)} later" if later > 0 else ""


def _intent(row: Said) -> Iterator[Moment]:
    detail = row.detail
    if row.stage in Signal.__members__:
        yield _moment(row, MomentKind.STEP, f"is about to send SIG{row.stage}", row.reason)
    elif "place" in detail:
        yield _moment(
            row,
            MomentKind.JOBS,
            f"is about to bring {detail.get('class', '')} {detail.get('jid', '')} to {_PLACES.get(str(detail['place']), detail['place'])}",
            row.reason,
        )
    elif "jid" in detail:
        yield _moment(row, MomentKind.JOBS, f"is about to {_words(row.stage)}: {detail.get('class', '')} {detail['jid']}", row.reason)
    elif "verb" in detail:
        yield _moment(row, MomentKind.STEP, f"is about to have systemd {detail['verb']} {detail.get('unit', '')}", row.reason)
    else:
        yield _moment(row, _kind_of(row.stage), f"is about to {_words(row.stage)}", row.reason)


def _outcome(row: Said) -> Iterator[Moment]:
    if row.stage in Signal.__members__:
        text = f"SIG{row.stage} {row.outcome}" if row.outcome == "sent" else f"SIG{row.stage}: {row.outcome}"
    elif row.outcome == "over" or row.outcome in _NAMES:
        text = f"{_words(row.stage)}: over" if row.outcome == "over" else f"{_words(row.stage)}: over; next: {_words(row.outcome)}"
    else:
        text = f"{_words(row.stage)}: {row.outcome}"
    yield _moment(row, _kind_of(row.stage), text, row.reason)


def _kind_of(stage: str) -> MomentKind:
    return MomentKind.JOBS if stage in _OF_JOBS else MomentKind.EVIDENCE if stage in _OF_EVIDENCE else MomentKind.STEP


def _incident(row: Said) -> Iterator[Moment]:
    match row.outcome:
        case "opened":
            yield _moment(row, MomentKind.ACCOUNT, f"incident {row.incident} is opened", f"{row.action} on {row.target}")
        case "held" if row.guard:
            yield _moment(row, MomentKind.GUARD, f"held half-way at {_words(row.stage)}, {row.guard} denies", row.reason)
        case "held":
            yield _moment(row, MomentKind.ACCOUNT, f"held half-way at {_words(row.stage)}", row.reason)
        case "verifying":
            yield _moment(row, MomentKind.VERIFICATION, "it is looked whether it helped", row.reason)
        case outcome if outcome in _PROOF:
            yield _moment(row, MomentKind.VERIFICATION, outcome, row.reason)
        case "not carried on":
            yield _moment(row, MomentKind.JOBS, f"{row.detail.get('class', '')} {row.detail.get('jid', '')}: not carried on", row.reason)
        case outcome:
            yield _moment(row, MomentKind.ACCOUNT, outcome, row.reason)


def _approval(row: Said) -> Iterator[Moment]:
    ident = str(row.detail.get("approval", ""))
    if row.outcome == "asked":
        yield _moment(row, MomentKind.PERSON, f"people are asked ({ident})", row.reason)
    else:
        yield _moment(row, MomentKind.PERSON, f"question {ident}", row.outcome, row.reason)


def _operator(row: Said) -> Iterator[Moment]:
    yield _moment(row, MomentKind.PERSON, str(row.detail.get("by", "")), row.outcome, row.reason)


def _order(row: Said) -> Iterator[Moment]:
    yield _moment(row, MomentKind.PERSON, f"order of {row.detail['by']}" if row.detail.get("by") else "order", row.outcome, row.reason)


def _agent(row: Said) -> Iterator[Moment]:
    about = f"{row.entity} is {row.outcome}" if row.kind == "source" else row.outcome
    yield _moment(row, MomentKind.AGENT, about, row.reason)


def _other(row: Said) -> Iterator[Moment]:
    yield _moment(row, MomentKind.AGENT, f"{row.kind} {row.outcome}", row.reason)


def _words(stage: str) -> str:
    return _CALLED.get(stage, stage.replace("_", " ")) or "its beginning"


_KINDS: Final[Mapping[str, Callable[[Said], Iterator[Moment]]]] = {
    "agent": _agent,
    "source": _agent,
    "fleet": _agent,
    "alert": _alert,
    "decision": _decision,
    "would": _would,
    "intent": _intent,
    "outcome": _outcome,
    "order": _order,
    "approval": _approval,
    "operator": _operator,
    "incident": _incident,
}
