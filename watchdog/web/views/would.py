"""What dry-run has left out, beside what was done."""

import msgspec

from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL


class StageSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One stage: `wall` is when it was carried out, or when act would have come to it; `outcome` what came of it, empty of what was left out and of what is under way."""

    wall: int
    action: str
    target: str
    stage: str
    reason: str
    outcome: str = ""


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, or would have been, about one firing; the stages in their order."""

    incident: str
    rule: str
    entity: str
    target: str
    wall: int
    stages: tuple[StageSeen, ...]


class Denial(msgspec.Struct, frozen=True, kw_only=True):
    """What act would not have done, or not without a person: which guard said so, and why."""

    wall: int
    rule: str
    entity: str
    target: str
    action: str
    decision: str
    guard: str
    reason: str


class Would(msgspec.Struct, frozen=True, kw_only=True):
    """
    Both, the newest first. `since` is from when on (UTC milliseconds), later than what was asked for where the log is longer than what is read of it at once: then `cut` is true.

    `would` is what dry-run left out, `denied` what a guard would have kept act from, `done` what was carried out.
    """

    since: int
    until: int
    would: tuple[Deed, ...]
    denied: tuple[Denial, ...]
    done: tuple[Deed, ...]
    cut: bool = False


async def would(inside: Inside, *, since: int | None = None, rule: str = "", limit: int = USUAL) -> Would:
    """Of the last 24 hours, or since then; at most `limit` of each. Raises `StoreError`."""
    raise NotImplementedError
