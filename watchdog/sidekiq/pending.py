"""
Entries whose next try is near, in the order of their scores: what has to be taken off the count when it leaves.

Sidekiq's pollers always take the lowest score, so whatever lies below the lowest score that is left has gone, whether it was run, deleted or
killed. Packed, because behind stuck pollers a million may wait: 24 bytes each.
"""

from array import array
from collections.abc import Iterator
from typing import Final

from watchdog.sidekiq.failed import Group

_COMPACT: Final = 4_096


class Pending:
    """Scores in ascending order, each with what the entry belongs to."""

    def __init__(self) -> None:
        self._scores = array("d")
        self._groups: list[Group] = []
        self._domains: list[str | None] = []
        self._start = 0

    def __len__(self) -> int:
        return len(self._scores) - self._start

    def add(self, score: float, group: Group, domain: str | None) -> None:
        """One more, no lower than those before."""
        self._scores.append(score)
        self._groups.append(group)
        self._domains.append(domain)

    def extend(self, after: "Pending") -> None:
        """All of another that begins where this one ends."""
        for entry in after.leave(float("inf")):
            self.add(*entry)

    def leave(self, lowest: float) -> Iterator[tuple[float, Group, str | None]]:
        """Take out those that lie below the lowest score that is left."""
        while self._start < len(self._scores) and self._scores[self._start] < lowest:
            at = self._start
            self._start += 1
            yield self._scores[at], self._groups[at], self._domains[at]
        if self._start > _COMPACT and self._start * 2 > len(self._scores):
            del self._scores[: self._start], self._groups[: self._start], self._domains[: self._start]
            self._start = 0
