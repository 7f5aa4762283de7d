"""
What has come of each rule since the last digest, in numbers: frozen parts of the ledger.

The counterpart of `digest`, which counts and tells. They are made of audit rows alone, so that whoever has the audit log can count the same.
"""

import msgspec


class OfRule(msgspec.Struct, frozen=True):
    """
    One rule.

    `fired` are its alerts; `begun` the incidents that were opened, and what became of those: `ended` without a proof being asked for, `verified`, `unverified`, `failed`, `abandoned`. `would` is
    how often dry-run left out what act would have done, and of those that are over: `lasted` longer than act would have needed, or ended by themselves before (`by_itself`, also where a
    guard or a person was still waited for). `denied` and `asked` are answers by guard; under an empty name the mode asked.
    """

    fired: int = 0
    begun: int = 0
    ended: int = 0
    verified: int = 0
    unverified: int = 0
    failed: int = 0
    abandoned: int = 0
    would: int = 0
    lasted: int = 0
    by_itself: int = 0
    denied: dict[str, int] = {}
    asked: dict[str, int] = {}

    @property
    def was_right(self) -> int:
        """How often what the rule did helped, as far as anybody knows, or what it would have done was needed."""
        return self.ended + self.verified + self.lasted

    @property
    def was_wrong(self) -> int:
        """How often it did not help, or was not needed."""
        return self.unverified + self.failed + self.by_itself


class Open(msgspec.Struct, frozen=True):
    """Something that dry-run left out: act would have been done with it at `until_wall`."""

    incident: str
    until_wall: int


class Week(msgspec.Struct, frozen=True):
    """
    Numbers by name of the rule since `since_wall`; `open` by rule and target.

    `due_wall` is when the next digest is due by the clocks, `due_at` the same in engine time, None where nobody wants one; `plan` says when they want it.
    """

    since_wall: int = 0
    due_wall: int | None = None
    due_at: int | None = None
    plan: str = ""
    rules: dict[str, OfRule] = {}
    open: dict[str, Open] = {}
