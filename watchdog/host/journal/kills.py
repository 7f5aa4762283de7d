"""
Whether the journal tells that a process was killed for want of memory.

The counterpart of `host.starvation`, which reads counters while a process lives: this is for whoever was not there then, or whose counter went with its group. The kernel
names the pid; systemd says it of the unit, where the kernel's lines are not shown, as in a container. Neither can be forged by who is no root. To find nothing proves nothing: many
may not read these lines.
"""

import re
from typing import Final

import msgspec

from watchdog.host.journal.command import Selection
from watchdog.host.journal.journal import Journal
from watchdog.host.log_source import Bounds, LogSource
from watchdog.model.log_lines import LogEntry, LogLine

BOUNDS: Final = Bounds(lines=20_000, size=20_000_000, milliseconds=500)
LATELY: Final = 60_000
"""Milliseconds for which what systemd says of a unit may be said of the process that has just ended; the kernel's line names it."""
_KILLED: Final = re.compile(r"\bKilled process (\d{1,10}) \(")
_SYSTEMD: Final = 1


class Death(msgspec.Struct, frozen=True):
    """A process that has ended: `unit` is empty where it was in none, `boot_id` of the kernel that it ran under, `began` when it was started (UTC milliseconds, 0: not known)."""

    pid: int
    unit: str
    boot_id: str
    began: int


async def tells_of_a_kill(death: Death, *, wall: int, source: LogSource | None = None) -> bool:
    """
    Whether it does; raises `LogUnreadableError`.

    `wall` is what time it is (UTC milliseconds); `source` stands in for the journal of this host.
    """
    if source is None:
        source = Journal(Selection(unit=death.unit, boot_id=death.boot_id, since=death.began, kills=True))
    told = False

    def take(entry: LogEntry) -> bool:
        nonlocal told
        told = isinstance(entry, LogLine) and _is_of(entry, death, wall=wall)
        return told

    await source.backwards(take, bounds=BOUNDS)
    return told


def _is_of(line: LogLine, death: Death, *, wall: int) -> bool:
    if line.at < death.began:
        # Another process may have had this pid.
        return False
    if line.pid == _SYSTEMD:
        return line.at >= wall - LATELY
    found = _KILLED.search(line.text)
    return not line.pid and found is not None and int(found[1]) == death.pid
