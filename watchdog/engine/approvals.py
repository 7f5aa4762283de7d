"""
What a person has been asked, and what became of it: frozen parts of the ledger, and what one says of another action.

An approval is for one request of one action on one very process, for the reasons that were given then, and for a single use. Times named `…_at` are engine
milliseconds, as everywhere in the ledger: no jump of the wall clock makes an answer late or early.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

import msgspec

from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.model.notices import Severity
from watchdog.model.targets import JobsRef, ProcessRef, Thing
from watchdog.model.verdicts import Answer, Verdict

USE_WITHIN: Final = 600_000
"""An approval that could not be used within so many milliseconds lapses: whoever gave it had looked at what was there then."""
HOLDS: Final = 86_400_000
"""For how many milliseconds a denial holds, and that nobody has answered, while the finding lasts. What is settled is known for as long."""
_NUMBERS: Final = re.compile(r"\d+")


class Standing(StrEnum):
    """How an approval stands; only the first two can still change the course of things."""

    OPEN = "open"
    APPROVED = "approved"
    USED = "used"
    DENIED = "denied"
    EXPIRED = "expired"
    LAPSED = "lapsed"


LIVE: Final = (Standing.OPEN, Standing.APPROVED)
"""It can still be answered."""
HELD: Final = (Standing.DENIED, Standing.EXPIRED)
"""It is not done, as long as this goes on."""


class Word(msgspec.Struct, frozen=True):
    """One person has said yes: under that name the config knows the person, who came by that channel as `by`."""

    person: str
    by: str
    channel: str
    reason: str


class Ground(msgspec.Struct, frozen=True):
    """Why a person is asked: what that guard said. Where the mode alone asks, there is none."""

    guard: str
    reason: str


class Planned(msgspec.Struct, frozen=True):
    """One step of what would be done."""

    action: str
    arguments: dict[str, int | float | bool | str]


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is asked, of whom, until when, and what was answered.

    `id` is short, to be typed. `request` is the id of the request, `playbook` that of the incident whose next step it is, empty for a first step. `plan` is every step that it is asked for, and
    `stages` the same in words; `condition` and `seen` are what was found. `needed` so many people must say yes (`words`); `settled` says in a sentence how it came to
    its end or to its answer, at `settled_at`, and by `incident` it was used. `silenced` says that nobody was told, because somebody did not want to hear of it. At `raise_at` it is told to others, if nobody has answered.
    """

    id: str
    rule: str
    entity: str
    target: str
    action: str
    request: str
    playbook: str
    process: str
    ref: ProcessRef | None
    jobs: JobsRef | None
    plan: tuple[Planned, ...]
    stages: tuple[str, ...]
    condition: str
    seen: tuple[str, ...]
    grounds: tuple[Ground, ...]
    thread: str
    severity: Severity
    notify: tuple[str, ...]
    needed: int
    asked_at: int
    asked_wall: int
    expires_at: int
    words: tuple[Word, ...] = ()
    standing: Standing = Standing.OPEN
    settled: str = ""
    settled_at: int | None = None
    incident: str = ""
    silenced: bool = False
    thing: Thing | None = None
    raise_at: int | None = None


def is_given(one: Approval) -> bool:
    """Whether it is to be done."""
    return one.standing in (Standing.APPROVED, Standing.USED)


def is_same_process(one: ProcessRef | None, other: ProcessRef | None) -> bool:
    """Whether the kernel and Sidekiq mean one and the same; its unit may have become known meanwhile."""
    if one is None or other is None:
        return one is other
    return (one.identity, one.host, one.pid, one.start_ticks, one.boot_id) == (
        other.identity, other.host, other.pid, other.start_ticks, other.boot_id,
    )  # fmt: skip


def people(words: Iterable[Word]) -> str:
    """Who has said so."""
    return " and ".join(word.person for word in words)


def covers(one: Approval, verdict: Verdict) -> bool:
    """Whether the person knew of this reason; a number in it that has moved on makes it no other one."""
    return any(ground.guard == verdict.guard and _bare(ground.reason) == _bare(verdict.reason) for ground in one.grounds)


def with_consent(one: Approval, verdict: Verdict) -> Verdict:
    """What a verdict is to an approval: a guard that has a person asked, and whose reason was told, is content."""
    if verdict.answer is Answer.ASK and is_given(one) and covers(one, verdict):
        return Verdict(verdict.guard, Answer.PASS, f"approved by {people(one.words)}: {verdict.reason}")
    return verdict


def shown(one: Approval, at: int) -> dict[str, Any]:
    """As plain data, for `status`; durations in milliseconds."""
    return {
        "id": one.id, "rule": one.rule, "entity": one.entity, "target": one.target, "action": one.action, "standing": one.standing.value, "reasons": [ground.reason for ground in one.grounds],
        "condition": one.condition, "seen": list(one.seen), "stages": list(one.stages), "asked_ms": at - one.asked_at, "left_ms": max(0, one.expires_at - at), "needed": one.needed,
        "approved_by": [word.person for word in one.words], "settled": one.settled,
    }  # fmt: skip


def lasting(milliseconds: int) -> str:
    """For people."""
    return display(milliseconds, Type.DURATION)


def _bare(reason: str) -> str:
    return _NUMBERS.sub("#", reason)
