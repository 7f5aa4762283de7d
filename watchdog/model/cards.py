"""
What people see of a group of alerts as it stands now: the counterpart of notices, which tell one turn each.

A card is folded from notices (`receivers/folding.py`), one for each group and receiver, and kept beside the outbox; so it survives a restart, and a receiver that was away is shown the present state at once.
"""

from enum import StrEnum

import msgspec

from watchdog.model.notices import Severity


class Standing(StrEnum):
    """How far one alert has come, in the order in which it usually goes."""

    FIRING = "firing"
    ASKING = "asking"
    ACTING = "acting"
    HELD = "held"
    VERIFIED = "verified"
    FAILED = "failed"
    RESOLVED = "resolved"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """
    One thread of a card: an alert with its incident, or what the agent says of itself.

    `first` and `last` are when it was first told of and last changed, `since` when it began, `over` when it was resolved (UTC milliseconds; None while it is not). `did` are the last sentences that say what was done or would be done, oldest first; `guard` and `reason` what stood in
    the way last, empty once something was done. The other fields are those of the newest notice that had them.
    """

    thread: str
    standing: Standing
    severity: Severity
    title: str
    first: int
    last: int
    since: int = 0
    over: int | None = None
    rule: str = ""
    entity: str = ""
    target: str = ""
    host: str = ""
    condition: str = ""
    seen: tuple[str, ...] = ()
    action: str = ""
    decision: str = ""
    guard: str = ""
    reason: str = ""
    plan: tuple[str, ...] = ()
    did: tuple[str, ...] = ()
    next: str = ""
    jobs: str = ""
    approval: str = ""
    acknowledged: str = ""
    runbook: str = ""
    page: str = ""
    labels: dict[str, str] = {}


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """
    A group as it stands. `entries` are by thread, oldest first, and bounded: what has no room is only counted, `more` of those that still fire and `more_over` of those that are over.

    `aside` are the threads of those `more`, as far as there is room to name them; `told` is how many notices are in it; `left_out` how many were thrown away unsent because the outbox was full.
    """

    group: str
    entries: tuple[Entry, ...] = ()
    more: int = 0
    more_over: int = 0
    told: int = 0
    left_out: int = 0
    aside: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing in it goes on any more."""
        return not self.more and all(entry.over is not None for entry in self.entries)

    @property
    def severity(self) -> Severity:
        """The worst of what goes on; of all of it once that is over."""
        open_ = [entry for entry in self.entries if entry.over is None] or list(self.entries)
        ranks = list(Severity)
        return max((entry.severity for entry in open_), key=ranks.index, default=Severity.INFO)
