"""
Which units are meant: those of the config's patterns, and those in which a Sidekiq process of this host runs.

The agent's own units are never among them by pattern, and the one that it runs in never at all.
"""

from collections.abc import Iterable
from typing import Final

from watchdog.model.unit_names import meant, possible

OURS: Final = "sidekiq-watchdog"


class Choice:
    """`own` is the unit that the agent itself runs in, empty where it runs in none; `patterns` may be changed at any time."""

    def __init__(self, patterns: Iterable[str], own: str) -> None:
        self.patterns = tuple(patterns)
        self._own = own
        self._homes: dict[str, str] = {}
        self._former: set[str] = set()

    def house(self, process: str, unit: str) -> bool:
        """A process was found in that unit; True where it is one that was not meant before."""
        before = self.means(unit)
        self._homes[process] = unit
        return not before and self.means(unit)

    def forget(self, process: str) -> str:
        """A process has ended; the unit that it was in, empty where it was in none."""
        unit = self._homes.pop(process, "")
        self._former.add(unit)
        return unit

    def processes_in(self, unit: str) -> int:
        """How many there are."""
        return sum(home == unit for home in self._homes.values())

    def means(self, unit: str) -> bool:
        """Whether that unit is one of them."""
        if not possible(unit) or unit == self._own:
            return False
        return unit in self._homes.values() or (meant(unit, self.patterns) and not unit.startswith(OURS))

    def may_be_called(self, unit: str) -> bool:
        """Whether it may be started or stopped: it is one of them, or was one as long as its process lived. Who ended that must be able to start it again."""
        return self.means(unit) or (unit in self._former and possible(unit) and unit != self._own)

    def wanted(self) -> list[str]:
        """What systemd is asked for: the patterns, and the names that they may not cover."""
        return [*self.patterns, *sorted({unit for unit in self._homes.values() if possible(unit)})]
