"""
What is counted as it happens, because nobody could count it afterwards: turns, how long they took, and what was committed by them.

The loop of turns calls it after each commit, so it must cost nearly nothing: a turn that decides nothing adds three numbers. It begins anew with the agent.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

import msgspec

from watchdog.model.effects import Audit, DropFlight, Effect, KeepIncident
from watchdog.model.events import Event
from watchdog.model.flight import Balance
from watchdog.model.records import INCIDENT_OUTCOMES, RECORD_KINDS, AuditRow
from watchdog.web.metrics.label import MOST, OTHER

TURN_BOUNDS: Final = (0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""Seconds up to which turns are counted together."""
COMMIT_BOUNDS: Final = (0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
"""The same of commits."""
_OUTCOMES: Final = ("refused", "failed", "unknown")
"""How the outcome of a stage can begin; every other one is `done`."""

_FROM_THE_START: Final = (
    *(("watchdog_incidents_total", outcome) for outcome in INCIDENT_OUTCOMES if outcome not in ("open", "held")),
    *(("watchdog_rescued_jobs_total", became) for became in Balance.__struct_fields__),
    *(("watchdog_operator_commands_total", outcome) for outcome in ("heeded", "refused")),
    *(("watchdog_audit_rows_total", kind) for kind in RECORD_KINDS),
)
"""What is 0 before the first one: of a count that begins with 1 nobody sees that it has grown."""


class Spread:
    """How often something took how long: `counts` by the first of the `bounds` that it did not exceed, the last for what exceeded all."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds: Final = bounds
        self.counts: Final = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Once more."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds


class Sums:
    """Counts by metric and labels. A metric has so many label sets at most: what comes beyond them is counted under `other` for good, so that no count ever falls."""

    def __init__(self, most: int = MOST) -> None:
        self._most: Final = most
        self.by_name: Final[dict[str, dict[tuple[str, ...], float]]] = {}

    def add(self, name: str, *labels: str, by: float = 1) -> None:
        """So many more."""
        counts = self.by_name.setdefault(name, {})
        if labels not in counts and len(counts) >= self._most:
            labels = (OTHER,) * len(labels)
        counts[labels] = counts.get(labels, 0) + by


class LifeCounts:
    """Of one life of the agent."""

    def __init__(self) -> None:
        self.turns: Final = Spread(TURN_BOUNDS)
        self.commits: Final = Spread(COMMIT_BOUNDS)
        self.undone = 0
        self.events: Final[dict[type[msgspec.Struct], int]] = {}
        self.sums: Final = Sums()
        for name, label in _FROM_THE_START:
            self.sums.add(name, label, by=0)

    def turn(self, event: Event, effects: Iterable[Effect], seconds: float) -> None:
        """A turn was committed; the engine took that long for it."""
        kind = type(event.body)
        self.events[kind] = self.events.get(kind, 0) + 1
        self.turns.add(seconds)
        for effect in effects:
            match effect:
                case Audit(row=row):
                    self._row(row)
                case KeepIncident(incident=incident) if incident.closed is not None:
                    self.sums.add("watchdog_incidents_total", incident.outcome)
                case DropFlight(became=balance) if balance is not None:
                    for became in balance.__struct_fields__:
                        self.sums.add("watchdog_rescued_jobs_total", became, by=getattr(balance, became))
                case _:
                    pass

    def _row(self, row: AuditRow) -> None:
        self.sums.add("watchdog_audit_rows_total", row.kind)
        match row:
            case AuditRow(kind="decision", outcome=""):
                self.sums.add("watchdog_decisions_total", row.decision, row.guard)
            case AuditRow(kind="alert", outcome="firing" | "resolved"):
                self.sums.add("watchdog_alert_changes_total", row.rule, row.outcome)
            case AuditRow(kind="outcome"):
                outcome = next((word for word in _OUTCOMES if row.outcome.startswith(word)), "done")
                self.sums.add("watchdog_stages_total", row.action, row.stage, outcome)
            case AuditRow(kind="operator") if "told" in row.detail:
                self.sums.add("watchdog_operator_commands_total", "refused" if row.outcome == "refused" else "heeded")
            case _:
                pass
