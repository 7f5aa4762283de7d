"""What of a trace could be played: from when to when, and what is missing."""

from collections.abc import Iterable
from typing import Final

import msgspec

from watchdog.engine.checkpoint import BrokenCheckpointError, rebuild
from watchdog.engine.ledger import Ledger, Phase
from watchdog.engine.rules import NO_RULES
from watchdog.replay.trace import Lack, Opened
from watchdog.store.trace.reading import Record
from watchdog.store.trace.segment import Header, Mark

MOST_LACKS: Final = 100
"""Holes that are listed; all are counted."""
# Python 3.11 looks a member of an enumeration up in Python: too slow for every event.
_TAKEN: Final = Mark.TAKEN


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """
    What of the time could be played.

    `since` and `until` are the first and the last event (UTC milliseconds), `events` how many there were in between, `ms` for how long somebody saw what happened. `missing` lists the holes, of
    `holes`; `hosts` and `versions` are those of who recorded it. `before` are the alerts that fired already at `since`, as `rule|entity`.
    """

    since: int
    until: int
    events: int
    ms: int
    holes: int
    missing: tuple[Lack, ...]
    hosts: tuple[str, ...]
    versions: tuple[str, ...]
    before: frozenset[str]


class Seen(msgspec.Struct, frozen=True):
    """What was seen of some files: so many events, for so long (milliseconds), the last one at engine time `at`, with the number `seq`, at `wall` (UTC milliseconds)."""

    events: int
    ms: int
    at: int
    seq: int
    wall: int


class Watch:
    """
    Counts what could be played.

    `begins` is the first line of the first file, None where that could not be played. `at` (engine time), `seq` and `file` (its first line) tell where it is; `file` is None behind a hole.
    """

    def __init__(self) -> None:
        self.begins: Header | None = None
        self.file: Header | None = None
        self.seq = 0
        self.events = self.ms = self.holes = 0
        self.first: int | None = None
        self.last = 0
        self.missing: list[Lack] = []
        self.hosts: dict[str, None] = {}
        self.versions: dict[str, None] = {}
        self.before: frozenset[str] = frozenset()
        self.at: int | None = None

    def opened(self, opened: Opened) -> None:
        """A file begins."""
        header = opened.header
        self.hosts[header.host] = self.versions[header.version] = None
        if self.first is None:
            self.first = self.last = header.wall
            self.before = _firing_at(opened)

    def goes_on(self, header: Header) -> None:
        """It can be played."""
        if not self.events and not self.holes:
            self.begins = header
        self.file, self.seq = header, header.seq
        if self.missing and self.missing[-1].until is None:
            self.missing[-1] = msgspec.structs.replace(self.missing[-1], until=header.wall)
        if header.cause == "start":
            # Until its first event nobody looked.
            self.at = None
        elif self.at is None:
            self.at = header.at

    def saw(self, record: Record) -> None:
        """One event was played."""
        event = record.event
        self.events += 1
        if self.at is not None and event.at > self.at:
            self.ms += event.at - self.at
        self.at, self.last = event.at, event.wall
        if record.mark is _TAKEN:
            self.seq = event.seq

    def lacks(self, lack: Lack) -> None:
        """Something is missing."""
        self.holes += 1
        self.at = self.file = None
        if len(self.missing) < MOST_LACKS:
            self.missing.append(lack)

    def passes_over(self, headers: Iterable[Header], seen: Seen) -> None:
        """Files that follow on one another and on what was played need not be: somebody else has seen them."""
        for header in headers:
            self.hosts[header.host] = self.versions[header.version] = None
            self.file = header
        self.events += seen.events
        self.ms += seen.ms
        self.at, self.seq, self.last = seen.at, seen.seq, seen.wall

    def leads_to(self, other: "Watch") -> bool:
        """Whether the first file of the other follows the last event of this one, or what is missing here ends with it."""
        header = other.begins
        return header is not None and (
            self.file is None or (self.file.memory, self.file.boot_id, self.seq) == (header.memory, header.boot_id, header.seq)
        )

    def add(self, other: "Watch") -> None:
        """What came after it, to which this one leads."""
        assert other.begins is not None  # it was asked whether this leads to it
        if self.at is not None:
            self.ms += max(0, other.begins.at - self.at)
        if self.missing and self.missing[-1].until is None:
            self.missing[-1] = msgspec.structs.replace(self.missing[-1], until=other.begins.wall)
        self.events += other.events
        self.ms += other.ms
        self.holes += other.holes
        self.missing += other.missing[: MOST_LACKS - len(self.missing)]
        self.hosts |= other.hosts
        self.versions |= other.versions
        self.last = other.last
        self.at, self.file, self.seq = other.at, other.file, other.seq


def _firing_at(opened: Opened) -> frozenset[str]:
    """What fired as that file was begun; nothing where that can't be read."""
    data = opened.segment.checkpoint()
    try:
        return firing_in(rebuild(data, NO_RULES).ledger) if data is not None else frozenset()
    except BrokenCheckpointError:
        return frozenset()


def firing_in(ledger: Ledger) -> frozenset[str]:
    """The alerts that fire, as `rule|entity`."""
    return frozenset(key for key, alert in ledger.alerts.items() if alert.phase is Phase.FIRING)
