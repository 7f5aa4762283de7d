"""
A trace as it is played: its files one after the other, its events, and what is missing, each in its place.

The counterpart of `store.trace.reading`, which reads single files. Nothing is held but the file that is being read. Behind a hole in a file nothing is told
before the next file: readings are deltas, and one that is missing would make of all that follow a picture that nobody ever saw.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from watchdog.model.events import RulesLoaded
from watchdog.store.trace.reading import Hole, Record, Segment, segments
from watchdog.store.trace.segment import Header, Mark

_FIRST: Final = 100
"""Events among which rules are loaded after a start."""


class Opened(msgspec.Struct, frozen=True):
    """A file begins; `follows` says that its events come right after the last one that was told."""

    segment: Segment
    follows: bool

    @property
    def header(self) -> Header:
        """What its first line says."""
        return self.segment.header


class Lack(msgspec.Struct, frozen=True):
    """
    Something is not there: `reason` in words, the name of its `file`.

    `since` is when the last event before it was (UTC milliseconds), 0 where there was none; `until` when there was a picture again, None where there never was.
    """

    reason: str
    file: str
    since: int = 0
    until: int | None = None


Part = Opened | Record | Lack


class Place(msgspec.Struct):
    """The place behind the last event that was told, by memory, boot and number, and when that was (UTC milliseconds)."""

    memory: str = ""
    boot_id: str = ""
    seq: int = -1
    wall: int = 0

    def leads_to(self, header: Header) -> bool:
        """Whether the events of that file come right after it."""
        return header.cause != "start" and (self.memory, self.boot_id, self.seq) == (header.memory, header.boot_id, header.seq)


def played(folder: Path, *, since: int | None = None, until: int | None = None) -> Iterator[Part]:
    """
    All parts from the file in which `since` lies up to the last event that is not later than `until` (UTC milliseconds).

    `folder` is a state folder, or one with such files. Raises `StoreError`; damaged files come out as `Lack`.
    """
    return parts_of(segments(folder, since=since, until=until), until=until)


def parts_of(files: Iterable[Segment | Hole], *, until: int | None = None, place: Place | None = None) -> Iterator[Part]:
    """The parts of these files up to that moment (UTC milliseconds), behind that place, which goes along. Raises `StoreError`."""
    place = Place() if place is None else place
    taken = Mark.TAKEN
    for part in files:
        if isinstance(part, Hole):
            yield Lack(part.reason, part.path.name, place.wall)
            place.seq = -1
            continue
        header = part.header
        yield Opened(part, place.leads_to(header))
        place.memory, place.boot_id, place.seq, place.wall = header.memory, header.boot_id, header.seq, header.wall
        for record in part.records():
            if isinstance(record, Hole):
                place.seq = -1
                if record.torn:
                    continue
                yield Lack(record.reason, record.path.name, place.wall)
                break
            event = record.event
            if until is not None and event.wall > until:
                return
            yield record
            place.wall = event.wall
            if record.mark is taken:
                place.seq = event.seq


def begins(folder: Path, *, since: int | None = None, until: int | None = None) -> int:
    """When the file was begun in which `since` lies (UTC milliseconds); 0 where there is none. Raises `StoreError`."""
    return next((part.header.wall for part in segments(folder, since=since, until=until) if isinstance(part, Segment)), 0)


def digests(folder: Path, *, since: int | None = None, until: int | None = None) -> dict[str, int]:
    """
    The digests of the rules that were in force in that time, in their order, each with the time at which it was seen first (UTC milliseconds).

    Read from the first lines of the files; of a file that an agent began with, from the event that says so. Raises `StoreError`.
    """
    found: dict[str, int] = {}
    for part in segments(folder, since=since, until=until):
        if isinstance(part, Segment) and (digest := part.header.digest or _loaded(part)):
            found.setdefault(digest, part.header.wall)
    return found


def _loaded(segment: Segment) -> str:
    for record in islice(segment.records(), _FIRST):
        if isinstance(record, Record) and isinstance(record.event.body, RulesLoaded):
            return record.event.body.digest
    return ""
