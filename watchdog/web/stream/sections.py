"""The parts of what is shown, and how often each has changed: whoever holds a part with its version knows when it is old."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Section(StrEnum):
    """What can change by itself."""

    OVERVIEW = "overview"
    MATRIX = "matrix"
    ALERTS = "alerts"
    PROCESSES = "processes"
    QUEUES = "queues"
    UNITS = "units"
    INCIDENTS = "incidents"
    APPROVALS = "approvals"
    BLOCKED = "blocked"
    WOULD = "would"
    SWITCHES = "switches"
    AUDIT = "audit"
    RULES = "rules"
    RECEIVERS = "receivers"
    CHARTS = "charts"


AT_ONCE: Final = 0
"""Milliseconds between two news of most sections: people wait for them, and they seldom change."""
PACE: Final = {Section.MATRIX: 2_000, Section.PROCESSES: 2_000, Section.QUEUES: 2_000, Section.UNITS: 2_000, Section.OVERVIEW: 1_000}
"""Of those that change with every beat of Sidekiq: each news has everybody who looks fetch them anew."""


class Sections:
    """The version of each: a number that only grows in the life of an agent, and has grown when somebody asks after a change. Times are engine milliseconds."""

    def __init__(self) -> None:
        self._versions = dict.fromkeys(Section, 0)
        self._changed: set[Section] = set()
        self._untold: set[Section] = set()
        self._told_at: dict[Section, int] = {}

    def mark(self, sections: Iterable[Section]) -> None:
        """These have changed."""
        self._changed.update(sections)

    def versions(self) -> dict[str, int]:
        """Section → version, as of now."""
        for section in self._changed:
            self._versions[section] += 1
        self._untold |= self._changed
        self._changed.clear()
        return {section.value: version for section, version in self._versions.items()}

    def is_due(self, now: int) -> bool:
        """Whether there is news to be told now."""
        return any(self._may_tell(section, now) for section in self._changed | self._untold)

    def due_in(self, now: int) -> int | None:
        """In how many milliseconds there will be, if nothing else changes; None for never."""
        waits = [max(0, self._told_at.get(section, now) + PACE.get(section, AT_ONCE) - now) for section in self._changed | self._untold]
        return min(waits, default=None)

    def news(self, now: int) -> dict[str, int]:
        """Those whose version has grown since that was told last, and whose turn it is, with it."""
        versions = self.versions()
        told = {section for section in self._untold if self._may_tell(section, now)}
        self._untold -= told
        self._told_at.update(dict.fromkeys(told, now))
        return {section.value: versions[section.value] for section in Section if section in told}

    def _may_tell(self, section: Section, now: int) -> bool:
        told_at = self._told_at.get(section)
        return told_at is None or now - told_at >= PACE.get(section, AT_ONCE)
