"""
From audit rows, one after the other, to an account of them.

The same for rows that were replayed and for those of the database. It holds no more than `MOST` of each sort, however long the time is; what is not listed is counted.
"""

from collections.abc import Collection
from typing import Final

import msgspec

from watchdog.engine.ordered import is_order
from watchdog.model.records import AuditRow
from watchdog.replay.account import Account, Decision, Firing, OfRule, Recovery

MOST: Final = 10_000
"""Firings, decisions and recoveries that are listed, of each."""
_ENDS: Final = ("ended", "verified", "unverified", "failed", "abandoned", "closed")


class Accountant:
    """
    Hears rows of the time from `since` to `until` (UTC milliseconds) and passes over the others. `rules` are those that are counted from the start, though they may say nothing.

    What a person has ordered by hand is no rule's doing, and passed over.
    """

    def __init__(self, rules: Collection[str] = (), *, since: int = 0, until: int | None = None) -> None:
        self._since = since
        self._until = until
        self._firings: list[Firing] = []
        self._open: dict[str, int | None] = {}
        self._decisions: list[Decision] = []
        self._recoveries: dict[str, Recovery] = {}
        self._rules: dict[str, OfRule] = {name: OfRule() for name in rules}
        self._before: frozenset[str] = frozenset()
        self._left_out = 0

    def began_with(self, firing: Collection[str]) -> None:
        """These fired already, as `rule|entity`."""
        self._before = frozenset(firing)

    def hear(self, row: AuditRow, *, deploying: bool | None = None) -> None:
        """The next row; `deploying` says whether its rule takes this moment for that of a deployment, None where that is not known."""
        if not row.rule or is_order(row.rule):
            return
        match row.kind, row.outcome:
            case "alert", "firing":
                self._fire(row, deploying=deploying)
            case "alert", "resolved":
                self._resolve(row)
            case "decision", "":
                self._decide(row)
            case ("would", "left out") if row.incident and row.stage != "ask":
                self._recover(row, "would")
            case ("incident", outcome) if row.incident:
                self._recover(row, outcome if outcome in _ENDS else "open")
            case _:
                pass

    def account(self) -> Account:
        """What was heard so far."""
        return Account(
            firings=tuple(self._firings),
            decisions=tuple(self._decisions),
            recoveries=tuple(self._recoveries.values()),
            rules=dict(self._rules),
            before=self._before,
            left_out=self._left_out,
        )

    def _counts(self, wall: int) -> bool:
        return wall >= self._since and (self._until is None or wall <= self._until)

    def _count(self, rule: str, **more: int) -> None:
        of = self._rules.get(rule, OfRule())
        self._rules[rule] = msgspec.structs.replace(of, **{name: getattr(of, name) + number for name, number in more.items()})

    def _fire(self, row: AuditRow, *, deploying: bool | None) -> None:
        key = f"{row.rule}|{row.entity}"
        if not self._counts(row.wall):
            if row.wall < self._since:
                self._before |= {key}
            return
        self._count(row.rule, firings=1, deploying=int(bool(deploying)))
        self._open[key] = None
        if self._fits(self._firings):
            self._open[key] = len(self._firings)
            self._firings.append(Firing(row.rule, row.entity, row.wall, deploying=deploying))

    def _resolve(self, row: AuditRow) -> None:
        key = f"{row.rule}|{row.entity}"
        place = self._open.pop(key, None)
        if place is not None:
            self._firings[place] = msgspec.structs.replace(self._firings[place], resolved=row.wall)
        elif row.wall < self._since:
            self._before -= {key}

    def _decide(self, row: AuditRow) -> None:
        if not self._counts(row.wall):
            return
        of = self._rules.get(row.rule, OfRule())
        if row.decision in ("DENY", "ASK"):
            name = "denied" if row.decision == "DENY" else "asked"
            counts: dict[str, int] = getattr(of, name)
            of = msgspec.structs.replace(of, **{name: {**counts, row.guard: counts.get(row.guard, 0) + 1}})
        self._rules[row.rule] = of
        if self._fits(self._decisions):
            self._decisions.append(Decision(row.rule, row.target, row.action, row.wall, row.decision, row.guard, row.reason))

    def _recover(self, row: AuditRow, outcome: str) -> None:
        known = self._recoveries.get(row.incident)
        if known is not None:
            if known.outcome != outcome:
                self._recoveries[row.incident] = msgspec.structs.replace(known, outcome=outcome)
        elif self._counts(row.wall) and row.outcome in ("opened", "left out"):
            self._count(row.rule, recoveries=1)
            if self._fits(self._recoveries):
                self._recoveries[row.incident] = Recovery(row.incident, row.rule, row.target, row.action, row.wall, outcome)

    def _fits(self, listed: Collection[object]) -> bool:
        if len(listed) < MOST:
            return True
        self._left_out += 1
        return False
