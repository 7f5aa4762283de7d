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
"""Milliseconds between two versions of most sections: people wait for them, and they seldom change."""
PACE: Final = {
    Section.MATRIX: 2_000, Section.PROCESSES: 2_000, Section.QUEUES: 2_000, Section.UNITS: 2_000, Section.BLOCKED: 2_000, Section.OVERVIEW: 1_000,
}  # fmt: skip
"""Of those that change with every beat of Sidekiq: each version has everybody who looks fetch them anew, and one that is drawn for all of them."""


class Sections:
    """
    The version of each: a number that only grows in the life of an agent, at once or at its pace after a change. Times are engine milliseconds.

    Whoever asks for the versions and then draws a section has drawn at least that version of it.
    """

    def __init__(self) -> None:
        self._versions = dict.fromkeys(Section, 0)
        self._changed: set[Section] = set()
        self._untold: set[Section] = set()
        self._grown_at: dict[Section, int] = {}

    def mark(self, sections: Iterable[Section]) -> None:
        """These have changed."""
        self._changed.update(sections)

    def versions(self, now: int) -> dict[str, int]:
        """Section → version, as of now."""
        grown = {section for section in self._changed if self._wait(section, now) <= 0}
        for section in grown:
            self._versions[section] += 1
            self._grown_at[section] = now
        self._changed -= grown
        self._untold |= grown
        return {section.value: version for section, version in self._versions.items()}

    def news(self, now: int) -> dict[str, int]:
        """Those whose version has grown since this was asked last, with it."""
        versions = self.versions(now)
        told, self._untold = self._untold, set()
        return {section.value: versions[section.value] for section in Section if section in told}

    def due_in(self, now: int) -> int | None:
        """In how many milliseconds there will be news, if nothing else changes; None for never."""
        if self._untold:
            return 0
        return min((max(0, self._wait(section, now)) for section in self._changed), default=None)

    def _wait(self, section: Section, now: int) -> int:
        grown_at = self._grown_at.get(section)
        return 0 if grown_at is None else grown_at + PACE.get(section, AT_ONCE) - now
