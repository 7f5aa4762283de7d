"""
Cards out of notices: what has been told of a group, folded into how it stands.

Pure, and one notice at a time: however they are parted into dispatches, the card is the same in the end. It is bounded; of what has no room only a number is left.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from watchdog.model.cards import Card, Entry, Standing
from watchdog.model.notices import ALONE, Notice, NoticeKind, Severity

ROOM: Final = 50
"""So many threads have an entry of their own."""
ASIDE: Final = 1_000
"""So many of those that are only counted are known by name; of what is told of any other one it is guessed whether it was counted."""
DID: Final = 8
"""So many of the last sentences on what was done are kept."""
ASKED: Final = frozenset({"asked", "noted"})
"""Outcomes of a notice about a question that can still be answered."""

_SPECIAL: Final = frozenset({"thread", "severity", "title", "decision", "guard", "reason", "next", "approval"})
_NEWEST: Final = tuple(name for name in Entry.__struct_fields__ if name in Notice.__struct_fields__ and name not in _SPECIAL)
"""What is taken from the newest notice that has it."""
_STORY: Final = frozenset({NoticeKind.DECIDED, NoticeKind.STAGE, NoticeKind.ENDED})
_HELPED: Final = frozenset({"verified", "ended"})
_FAILED: Final = frozenset({"failed", "unverified"})
_RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}


def fold(card: Card, notices: Iterable[Notice]) -> Card:
    """The card with these notices in it, which follow those that it has, oldest first."""
    entries = {entry.thread: entry for entry in card.entries}
    more, more_over, told, aside = card.more, card.more_over, card.told, dict.fromkeys(card.aside)
    for notice in notices:
        told += 1
        before = entries.get(notice.thread)
        is_counted = before is None and (notice.thread in aside or (more > len(aside) and notice.kind not in ALONE | {NoticeKind.FIRING}))
        if is_counted:
            # Of those that nobody knows by name one, surely: what goes on or ends has begun.
            more -= 1
            aside.pop(notice.thread, None)
            if notice.kind is NoticeKind.RESOLVED:
                more_over += 1
                continue
        entries[notice.thread] = _turned(before, notice)
        if len(entries) > ROOM:
            gone = entries.pop(_dispensable(entries))
            if gone.over is not None:
                more_over += 1
            else:
                more += 1
                if len(aside) < ASIDE:
                    aside[gone.thread] = None
    return msgspec.structs.replace(card, entries=tuple(entries.values()), more=more, more_over=more_over, told=told, aside=tuple(aside))


def _title(first: Notice) -> str:
    """What it is about. Who is told because nobody has acknowledged it is told that at the beginning of the sentence: it would soon be no longer true of the whole."""
    return first.title.removeprefix(f"{first.reason}: ") if first.kind is NoticeKind.ESCALATED else first.title


def _turned(before: Entry | None, notice: Notice) -> Entry:
    entry = before or Entry(
        thread=notice.thread, standing=Standing.FIRING, severity=notice.severity, title=_title(notice), first=notice.at, last=notice.at
    )
    new: dict[str, Any] = {name: value for name in _NEWEST if (value := getattr(notice, name))} | {"last": notice.at}
    if notice.kind in _STORY:
        new |= _after_a_step(entry, notice)
    match notice.kind:
        case NoticeKind.FIRING:
            new |= {"title": notice.title, "next": notice.next, "reason": notice.reason}
            if entry.over is not None:
                new |= {"over": None, "standing": Standing.FIRING, "severity": notice.severity, "acknowledged": "", "first": notice.at}
                new |= {"did": (), "decision": "", "guard": "", "jobs": notice.jobs}
        case NoticeKind.RESOLVED:
            new |= {"over": notice.at, "standing": Standing.RESOLVED, "approval": "", "next": notice.next}
        case NoticeKind.ENDED if notice.thread == notice.rule and notice.outcome not in _FAILED:
            # What a person has ordered is about no alert that could end: its own end is all that comes.
            new |= {"over": notice.at, "approval": "", "standing": Standing.VERIFIED if notice.outcome in _HELPED else Standing.RESOLVED}
        case NoticeKind.SOURCE:
            is_back = notice.outcome == "back"
            new |= {"title": notice.title, "reason": notice.reason, "next": notice.next, "over": notice.at if is_back else None}
            new |= {"standing": Standing.RESOLVED if is_back else Standing.FIRING}
        case NoticeKind.ACKNOWLEDGED:
            new |= {"acknowledged": (notice.by or notice.title) if notice.outcome in ("", "acknowledged") else ""}
        case NoticeKind.AGENT | NoticeKind.DIGEST | NoticeKind.TEST:
            new |= {"title": notice.title, "reason": notice.reason, "next": notice.next}
    if "severity" not in new and entry.over is None and _RANKS[notice.severity] > _RANKS[entry.severity]:
        new |= {"severity": notice.severity}
    return msgspec.structs.replace(entry, **new)


def _after_a_step(entry: Entry, notice: Notice) -> dict[str, Any]:
    """What changes by a decision, a stage, an end."""
    new: dict[str, Any] = {"decision": notice.decision, "guard": notice.guard, "reason": notice.reason, "next": notice.next}
    is_asked = notice.approval != "" and notice.outcome in ASKED
    if is_asked:
        new |= {"approval": notice.approval, "standing": Standing.ASKING}
    elif notice.approval and notice.approval == entry.approval:
        new |= {"approval": "", "standing": Standing.FIRING}
        if notice.outcome == "approved":
            # It is begun within moments; until then nobody is asked any more.
            new |= {"standing": Standing.ACTING, "decision": "ALLOW", "guard": "", "reason": ""}
    if not is_asked and notice.decision != "DENY":
        new |= {"did": (*entry.did, notice.title)[-DID:]}
    standing = _standing(notice)
    if standing is not None and (entry.over is None or standing in (Standing.HELD, Standing.FAILED)):
        new |= {"standing": standing}
    elif entry.over is not None:
        # What is over can be asked about or acted upon for a moment more, and stays over.
        new |= {"standing": entry.standing}
    return new


def _standing(notice: Notice) -> Standing | None:
    match notice.kind:
        case NoticeKind.STAGE:
            return Standing.HELD if notice.outcome == "held" else Standing.ACTING
        case NoticeKind.ENDED if notice.outcome in _FAILED:
            return Standing.FAILED
        case NoticeKind.ENDED:
            return Standing.VERIFIED if notice.outcome in _HELPED else Standing.FIRING
        case NoticeKind.DECIDED if notice.decision == "ALLOW":
            return Standing.ACTING
    return None


def _dispensable(entries: dict[str, Entry]) -> str:
    """The oldest that is over; else the newest of those that hurt least and are not asked about."""
    for thread, entry in entries.items():
        if entry.over is not None:
            return thread
    return min(reversed(entries), key=lambda thread: (bool(entries[thread].approval), _RANKS[entries[thread].severity]))
