"""
Processes that the kernel has said to be dead.

The last beat of one stands in Redis for a minute: late readings must not bring it back. One that only left Redis is not buried: after a minute without a beat it may well
beat again.
"""

from typing import Final

from watchdog.model.events import Delta
from watchdog.model.kinds import Kind

_MOST: Final = 4096
# Python 3.11 looks a member of an enumeration up in Python: too slow for every change of every beat.
_JOB: Final = Kind.JOB
_PROCESS: Final = Kind.PROCESS


class Graves(dict[str, None]):
    """By identity, oldest first; the oldest ones are given up."""

    def bury(self, process: str) -> None:
        """It is dead for certain."""
        self[process] = None
        if len(self) > _MOST:
            del self[next(iter(self))]

    def are_late_for(self, delta: Delta) -> bool:
        """Whether this is a reading of a process that lies here, or of a job in it."""
        process = delta.fields.get("process") if delta.kind is _JOB else delta.id
        if delta.kind is _PROCESS and "left_behind" in delta.fields:
            return False  # told of the dead alone
        return delta.kind in (_JOB, _PROCESS) and isinstance(process, str) and process in self
