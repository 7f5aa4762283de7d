"""One row of the audit log as it is read for a story: what is not there is empty."""

from typing import Any

import msgspec

from watchdog.lang.harmless import harmless
from watchdog.store.chain import Link

_COLONS = 2
WIDTH = 1_000
"""So many characters a sentence has at most."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """As in `records.AuditRow`; `detail` may be of an earlier or a later version."""

    seq: int
    wall: int = 0
    kind: str
    rule: str = ""
    entity: str = ""
    target: str = ""
    mode: str = ""
    decision: str = ""
    guard: str = ""
    reason: str = ""
    action: str = ""
    stage: str = ""
    outcome: str = ""
    incident: str = ""
    would_at: str | None = None
    detail: dict[str, Any] = {}

    def is_about(self, entity: str, target: str) -> bool:
        """Whether it tells of that entity, of the process in which that is a job, of another job in it, or of that target."""
        process = _process_of(entity)
        return bool(
            self.entity == entity
            or (self.target and self.target == target)
            or (process and process in (self.entity, _process_of(self.entity)))
            or not (self.entity or self.target)
        )

    def has_fired(self, entity: str) -> bool:
        """Whether it tells that the alert of just that entity fires."""
        return self.kind == "alert" and self.outcome == "firing" and self.entity == entity

    def begins(self, entity: str) -> bool:
        """Whether an incident of that entity begins with it: its alert fires, or a person has ordered it."""
        return self.has_fired(entity) or (self.kind == "order" and self.outcome == "taken")

    def is_over(self, entity: str) -> bool:
        """Whether it tells that it fires no more."""
        return self.kind == "alert" and self.outcome == "resolved" and self.entity == entity


def _process_of(entity: str) -> str:
    """The identity of the process (`host:pid:nonce`) in which it is a job; empty where it is none."""
    process, found, _ = entity.partition("/")
    return process if found and process.count(":") >= _COLONS else ""


def said(row: Link) -> Said:
    """From a row of the log. One that is none any more says just that: it must not hide all the others."""
    try:
        return msgspec.structs.replace(msgspec.json.decode(row.body, type=Said, strict=False), seq=row.seq, wall=row.wall)
    except msgspec.DecodeError:
        return Said(
            seq=row.seq,
            wall=row.wall,
            kind="audit",
            rule=row.rule,
            outcome="row is broken",
            reason="sidekiq-watchdog audit --verify says more",
        )


def sentence(text: str, *more: str) -> str:
    """All of it on one line, its parts with a colon between them; empty ones are left out."""
    return harmless(": ".join(part for part in (text, *more) if part), WIDTH)


def plain(detail: dict[str, Any]) -> dict[str, str | int | bool]:
    """What a row says beside it, as values that can be shown."""
    return {harmless(name): _plain(value) for name, value in detail.items() if value not in ("", None)}


def _plain(value: Any) -> str | int | bool:
    match value:
        case bool() | int():
            return value
        case list() | tuple():
            return harmless(", ".join(map(str, value)))
        case _:
            return harmless(str(value))
