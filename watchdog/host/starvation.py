"""
Whether a process that has ended was killed by the kernel for want of memory, as the counters of its control group tell.

Nobody but its parent is told by what signal a process died. So the counters are read while it lives, and once more in the moment in which it is dead.
"""

from pathlib import Path

from watchdog.host.files import read
from watchdog.host.group_memory import kill_counters, kills_in


class Starvation:
    """The counters of one process; `look` at them while it lives."""

    def __init__(self, pid: int, *, proc: Path, cgroups: Path) -> None:
        self._listing = str(proc / str(pid) / "cgroup")
        self._cgroups = cgroups
        self._before: dict[Path, int] = {}

    def look(self) -> None:
        """Remember what they count now, in the group in which it is now; a process without one, or that can't be read, has none."""
        try:
            listing = read(self._listing).decode(errors="replace")
        except OSError:
            return
        counted = ((counter, kills_in(counter)) for counter in kill_counters(listing, self._cgroups))
        self._before = {counter: kills for counter, kills in counted if kills is not None}

    def has_killed(self) -> bool | None:
        """Whether something in its group has been killed since; of the narrowest group that is still there. None where nothing tells."""
        for counter, before in self._before.items():
            if (now := kills_in(counter)) is not None:
                return now > before
        return None
