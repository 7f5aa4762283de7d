"""
How far the picture can be relied upon since something shook it: a start, a source that came back, another server, a gap.

The counterpart of the blind guard, which asks whether a source can be read at all. It decides nothing: `guards/settling.py` does.
"""

from typing import Final

import msgspec

SLOWEST: Final = 10_000
"""Milliseconds from one beat to the next of the slowest version (Sidekiq 7 and 8; 5 s before). What beats at all has done so by then."""


class Shaken(msgspec.Struct, frozen=True):
    """`Settling` as plain data."""

    since: int = 0
    why: str = "the agent has just been started"
    awaits: bool = True
    beats: dict[str, int] = {}


class Settling:
    """
    What shook the picture last (`why`, at engine time `since`), and how often each process has beaten after that.

    `awaits` says that a complete snapshot has yet to come; beats before it count for nothing.
    """

    __slots__ = ("_beats", "awaits", "since", "why")

    def __init__(self) -> None:
        self.since = 0
        self.why = "the agent has just been started"
        self.awaits = True
        self._beats: dict[str, int] = {}

    def shake(self, at: int, why: str, *, anew: bool = False) -> None:
        """From now on everything must show itself again; with `anew`, be read in full, too."""
        if not self.awaits or anew:
            self.why = why
        self.since = at
        self.awaits = self.awaits or anew
        self._beats.clear()

    def read_in_full(self, at: int) -> None:
        """A complete snapshot has come: beats count from here on."""
        if not self.awaits:
            self.why = "Redis has been read anew"
        self.awaits = False
        self.since = at
        self._beats.clear()

    def beat(self, process: str, at: int) -> None:
        """A process was found to have beaten at that engine time, which is new."""
        if at > self.since:
            self._beats[process] = self._beats.get(process, 0) + 1

    def plain(self) -> Shaken:
        """As it stands, for `go_on`."""
        return Shaken(self.since, self.why, self.awaits, dict(self._beats))

    def go_on(self, shaken: Shaken) -> None:
        """Go on from there."""
        self.since, self.why, self.awaits, self._beats = shaken.since, shaken.why, shaken.awaits, dict(shaken.beats)

    def forget(self, process: str) -> None:
        """A process is gone."""
        self._beats.pop(process, None)

    def beats(self, process: str) -> int:
        """How often it has beaten."""
        return self._beats.get(process, 0)
