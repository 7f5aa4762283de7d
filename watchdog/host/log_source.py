"""
What everybody who reads a log of this host gives: lines backwards until a question is answered, and lines from a place on.

The counterpart of `model.log_lines`. `journal.Journal` and `log_file.LogFile` are such sources. Reading never takes longer, or more, than its bounds say,
and never keeps a text: each entry is handed on and forgotten.
"""

from collections.abc import AsyncGenerator, Callable
from typing import Final, Protocol

import msgspec

from watchdog.errors import WatchdogError
from watchdog.model.log_lines import Extent, LogEntry

Take = Callable[[LogEntry], bool]
"""Takes an entry; True once nothing more need be read."""


class LogUnreadableError(WatchdogError):
    """The log can't be read; the text says why, and what to do about it."""


class Bounds(msgspec.Struct, frozen=True):
    """How much is read at most: lines, bytes, and milliseconds."""

    lines: int = 200_000
    size: int = 200_000_000
    milliseconds: int = 2_000


BOUNDS: Final = Bounds()
LONGEST_LINE: Final = 65_536
"""Bytes of a line that are handed on; the rest of it is left out. journald cuts at 48 KiB by itself (LineMax)."""


class LogSource(Protocol):
    """A log in which one process wrote, perhaps among others."""

    drops: bool
    """Whether whoever keeps this log may leave out lines where there are many, and tell only later."""

    async def backwards(self, take: Take, *, bounds: Bounds = BOUNDS) -> Extent:
        """Hand on the entries, the newest first, until `take` has enough or a bound is reached. Raises `LogUnreadableError`."""

    async def forwards(self, take: Take, *, cursor: str, bounds: Bounds = BOUNDS) -> Extent:
        """Hand on what was written after the line with that cursor, and end there where there is no more. Raises `LogUnreadableError`."""

    def follow(self, *, cursor: str = "") -> AsyncGenerator[LogEntry, None]:
        """
        What is written after that line, or from now on; ends only when it is closed. Raises `LogUnreadableError`.

        Where the line of the cursor is no longer there, `LinesLost` comes first.
        """


def decoded(raw: bytes) -> str:
    """The text of a line: what is no UTF-8 is replaced, a line that was too long is cut."""
    return (raw if len(raw) <= LONGEST_LINE else raw[:LONGEST_LINE]).decode("utf-8", "replace")
