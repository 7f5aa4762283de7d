"""
What rules have said in a time: who fired when, what was decided about it, what was done or would have been. Plain data, with UTC milliseconds.

The counterpart of the audit log, whose rows it is made of (`accountant.py`): no more than what a person would go through them for.
"""

import msgspec


class Firing(msgspec.Struct, frozen=True, gc=False):
    """An alert from when it fired to when it was resolved, None where it was not; `deploying` says that somebody deployed as it fired, None where that is not known."""

    rule: str
    entity: str
    fired: int
    resolved: int | None = None
    deploying: bool | None = None


class Decision(msgspec.Struct, frozen=True, gc=False):
    """An answer of the guards with the mode applied: `decision` is `ALLOW`, `DRY_RUN`, `ASK` or `DENY`, `guard` the one that gave it, empty where none had anything against it."""

    rule: str
    target: str
    action: str
    at: int
    decision: str
    guard: str
    reason: str

    @property
    def verdict(self) -> str:
        """The same whatever the mode: `do`, or who is against it."""
        return "do" if self.decision in ("ALLOW", "DRY_RUN") else f"{self.decision} {self.guard}".strip()


class Recovery(msgspec.Struct, frozen=True, gc=False):
    """An incident: `outcome` is the last that was said of it, `would` in dry-run."""

    id: str
    rule: str
    target: str
    action: str
    opened: int
    outcome: str


class OfRule(msgspec.Struct, frozen=True):
    """One rule in numbers. `denied` and `asked` count answers by guard, `deploying` the firings while somebody deployed."""

    firings: int = 0
    deploying: int = 0
    recoveries: int = 0
    denied: dict[str, int] = {}
    asked: dict[str, int] = {}


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """
    All of it, oldest first; `left_out` counts what is not listed because there is so much of it, but is in the numbers of its rule. `before` are those that fired already when the time began, as
    `rule|entity`.
    """

    firings: tuple[Firing, ...] = ()
    decisions: tuple[Decision, ...] = ()
    recoveries: tuple[Recovery, ...] = ()
    rules: dict[str, OfRule] = {}
    before: frozenset[str] = frozenset()
    left_out: int = 0
