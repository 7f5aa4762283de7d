"""
Times in which the agent saw nothing, and what follows for moments that are counted from.

Why: Sidekiq says when a job began, not how long its machine has run since. A virtual machine that was held for eight minutes shows every job
eight minutes older, and nothing was wrong with any of them.
"""

from typing import Any, ClassVar, Final

from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING

_MOST: Final = 100
"""More are not remembered: jobs that began before so many of them are as old as they say."""


class Gaps(dict[int, int]):
    """How long each gap was, by the engine time at which it began."""

    SLOTS: ClassVar[tuple[tuple[Kind, str], ...]] = ((Kind.JOB, "started_at"), (Kind.PROCESS, "confirmed_at"))
    """What is counted from and must not count a gap."""

    def add(self, began: int, ms: int) -> bool:
        """Remember one; False if it is known, or none."""
        if began in self or ms <= 0:
            return False
        self[began] = ms
        if len(self) > _MOST:
            del self[next(iter(self))]
        return True

    def plain(self) -> list[tuple[int, int]]:
        """All of them, to be added again."""
        return list(self.items())

    def counted(self, kind: Kind, slot: str, reading: Any) -> Any:
        """The reading, or for a moment before gaps one that is later by them."""
        if self and reading is not MISSING and (kind, slot) in self.SLOTS:
            reading += sum(ms for began, ms in self.items() if reading <= began)
        return reading
