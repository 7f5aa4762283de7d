"""
Which entities have an alert, found without going through the alerts: asked whenever anything of an entity moves.

Worked out from the table of alerts itself, and kept for as long as that is the one in force: a turn that is thrown away takes its table with it.
"""

from collections import Counter
from collections.abc import Mapping

from watchdog.engine.ledger import Alert


class Alerted:
    """How many alerts each entity has, by id: two kinds that share one are taken for the same."""

    __slots__ = ("_counts", "_table")

    def __init__(self) -> None:
        self._table: Mapping[str, Alert] = {}
        self._counts: Counter[str] = Counter()

    def entities(self, table: Mapping[str, Alert]) -> Mapping[str, int]:
        """Those in this table; it is not to be changed but by `put`."""
        if self._table is not table:
            self._table = table
            self._counts = Counter(alert.entity for alert in table.values())
        return self._counts

    def put(self, table: dict[str, Alert], copied_from: Mapping[str, Alert], key: str, alert: Alert | None) -> None:
        """Writes an alert into the table, or removes it; the table is a copy of the other, or that one itself."""
        counts = self._counts if self._table is copied_from else None
        before = table.pop(key, None) if alert is None else table.get(key)
        if alert is not None:
            table[key] = alert
        if counts is None:
            return
        self._table = table
        if alert is not None:
            counts[alert.entity] += 1
        if before is not None:
            counts[before.entity] -= 1
            if not counts[before.entity]:
                del counts[before.entity]
