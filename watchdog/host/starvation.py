"""
Whether a process that has ended was killed by the kernel for want of memory, as the counters of its control group tell.

Nobody but its parent is told by what signal a process died. So the counters are read while it lives, and once more in the moment in which it is dead.
The kernel counts before it kills, and who uses much memory takes a while to die: a look in that while already has its own end in it, and is not what it is compared with.
"""

from pathlib import Path
from typing import Final

from watchdog.host.files import read
from watchdog.host.group_memory import kill_counters, kills_in

DYING: Final = 2_000
"""Milliseconds that lie between a look and the end, so that the end can't be in it."""


class Starvation:
    """The counters of one process; `look` at them while it lives."""

    def __init__(self, pid: int, *, proc: Path, cgroups: Path) -> None:
        self._listing = str(proc / str(pid) / "cgroup")
        self._cgroups = cgroups
        self._looks: list[tuple[int, dict[Path, int]]] = []

    def look(self, at: int) -> None:
        """Remember what they count now (engine time in milliseconds), in the group in which it is now; a process without one, or that can't be read, has none."""
        try:
            listing = read(self._listing).decode(errors="replace")
        except OSError:
            return
        counted = ((counter, kills_in(counter)) for counter in kill_counters(listing, self._cgroups))
        now = {counter: kills for counter, kills in counted if kills is not None}
        if self._looks and self._looks[-1][1].keys() != now.keys():
            self._looks.clear()
        self._looks = [*self._looks[self._base(at) :], (at, now)]

    def has_killed(self, at: int) -> bool | None:
        """Whether something in its group has been killed lately; of the narrowest group that is still there. None where nothing tells."""
        for counter, before in self._looks[self._base(at)][1].items() if self._looks else ():
            if (now := kills_in(counter)) is not None:
                return now > before
        return None

    def _base(self, at: int) -> int:
        """Which look to compare with: the newest that is old enough, else the first."""
        old = [place for place, (looked_at, _) in enumerate(self._looks) if at - looked_at >= DYING]
        return old[-1] if old else 0
