"""
Reading a trace: for the command line and for the next start, whether an agent writes it at this moment or not.

The counterpart of `recorder.py`. It never writes and takes no lock. What is missing or damaged comes out as `Hole` in its place, so that
nobody takes what was not recorded for something that did not happen; everything that can be read is read.

    for segment in segments(state, since=wall):
        header, checkpoint = segment.header, segment.checkpoint()
        for record in segment.records():
            match record:
                case Record(mark=Mark.TAKEN, event=event): …
                case Hole(): …
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from watchdog.model.events import Event, Stopping, decode
from watchdog.store.failures import StoreError
from watchdog.store.trace.frames import CHECKPOINT, FRESH, Frame, Rubble, frames
from watchdog.store.trace.segment import FOLDER, LONGEST_TITLE, Header, Mark, NoSegmentError, files, read_title

_SEQ: Final = b'{"seq":'
_MARKS: Final = {ord(mark): mark for mark in Mark}


class Record(msgspec.Struct, frozen=True, gc=False):
    """One event, and how it was taken."""

    mark: Mark
    event: Event


class Hole(msgspec.Struct, frozen=True):
    """
    Something is not there: `reason` in words; `path` and `offset` name the place.

    `torn`: a file's end was cut off, by a crash, or because it is being written. What comes after a hole does not follow from what was before.
    """

    reason: str
    path: Path
    offset: int = 0
    torn: bool = False


class Segment:
    """One file; its header has been read, everything else is read when it is asked for."""

    def __init__(self, path: Path, number: int, header: Header) -> None:
        self.path: Final = path
        self.number: Final = number
        self.header: Final = header

    def checkpoint(self) -> bytes | None:
        """The state of the engine before the first event (`engine.checkpoint.rebuild`); None where it can't be read."""
        for part in self._frames():
            return _inflated(part.payload) if isinstance(part, Frame) and part.kind == CHECKPOINT else None
        return None

    def records(self, *, after: int = 0) -> Iterator[Record | Hole]:
        """Its events in their order, those with a number up to `after` left out, and holes in their places."""
        parts = list(self._frames())
        unpacker: Unpacker | None = None
        for part in parts[_begin(parts, after) :]:
            if isinstance(part, Rubble):
                reason = "its end was cut off" if part.at_end else f"{part.end - part.start} bytes are damaged"
                yield Hole(reason, self.path, part.start, torn=part.at_end)
                unpacker = None
                continue
            if part.kind == CHECKPOINT:
                continue
            if part.kind == FRESH:
                unpacker = Unpacker()
            if unpacker is None:
                yield Hole("events rest on what was damaged before them", self.path, part.offset)
                continue
            lines = unpacker.lines(part.payload)
            for line in lines:
                if after and _number(line) <= after:
                    continue
                yield _record(line, self.path, part.offset)
            if unpacker.broken:
                yield Hole("events can't be unpacked", self.path, part.offset)
                unpacker = None

    def _frames(self) -> Iterator[Frame | Rubble]:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            # Its time was over since it was listed.
            return
        except OSError as error:
            raise StoreError(f"{self.path} can't be read: {error.strerror}") from error
        yield from frames(data, data.find(b"\n") + 1)


class Unpacker:
    """Unpacks parts that follow on one another; `broken` once they don't."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj()
        self.broken = False

    def lines(self, payload: memoryview) -> list[bytes]:
        """The lines of the next part."""
        try:
            data = self._inflate.decompress(payload)
        except zlib.error:
            self.broken = True
            return []
        return data.split(b"\n")[:-1]


def segments(state: Path, *, since: int | None = None, until: int | None = None) -> Iterator[Segment | Hole]:
    """
    The files of the trace of this state folder, oldest first, that can hold events from `since` to `until` (UTC milliseconds).

    `state` may also be a folder in which such files lie themselves, copied from elsewhere.

    A file that is none, or of another format, is a `Hole`; so is what was not recorded between one file and the next. Raises `StoreError`.
    """
    found = [_opened(number, path) for number, path in _listed(state)]
    before: Segment | None = None
    for index, one in enumerate(found):
        if isinstance(one, Hole):
            yield one
        if not isinstance(one, Segment):
            continue
        if until is not None and one.header.wall > until:
            return
        later = next((other for other in found[index + 1 :] if isinstance(other, Segment)), None)
        if since is not None and later is not None and later.header.wall <= since:
            continue
        if (hole := _between(before, one)) is not None:
            yield hole
        yield one
        before = one


def records_after(state: Path, seq: int, *, memory: str, boot_id: str, at: int) -> Iterator[Record]:
    """
    What was recorded right after event `seq` of that memory, which had been taken by engine time `at` of that boot; ends at the first hole.

    For the next start, which can't wait: it looks for the place and reads from there. Numbers alone don't do, since those of events that left
    nothing in the database are given again after a crash. Raises `StoreError`.
    """
    found: list[Segment] = []
    for number, path in reversed(_listed(state)):
        one = _opened(number, path)
        if not isinstance(one, Segment) or (one.header.memory, one.header.boot_id) != (memory, boot_id):
            return
        found.insert(0, one)
        if one.header.at <= at and one.header.seq <= seq:
            break
    else:
        return
    last = seq
    for one in found:
        if one is not found[0] and one.header.seq != last:
            return
        for record in one.records(after=last):
            if isinstance(record, Hole) or record.event.seq != last + 1:
                return
            if record.mark is Mark.TAKEN:
                last += 1
            yield record


def _listed(state: Path) -> list[tuple[int, Path]]:
    try:
        return files(state / FOLDER) or files(state)
    except OSError as error:
        raise StoreError(f"{state / FOLDER} can't be read: {error.strerror}") from error


def _opened(number: int, path: Path) -> Segment | Hole | None:
    """The file of that number; None where it has gone since it was listed."""
    try:
        with path.open("rb") as file:
            return Segment(path, number, read_title(file.readline(LONGEST_TITLE)))
    except NoSegmentError as error:
        return Hole(str(error), path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} can't be read: {error.strerror}") from error


def _between(before: Segment | None, one: Segment) -> Hole | None:
    """What was not recorded between two files."""
    if (missing := one.header.missing) is not None:
        return Hole(f"{missing.events} events were not recorded: {missing.reason}", one.path)
    if before is None or before.header.memory != one.header.memory:
        return None
    last, orderly = _end(before)
    if one.header.cause == "start":
        return None if orderly else Hole("the agent was cut off: what came in its last second was not recorded", one.path)
    return None if last == one.header.seq else Hole(f"{one.header.seq - last} events were not recorded", one.path)


def _begin(parts: list[Frame | Rubble], after: int) -> int:
    """The last part before event `after + 1` that can be read by itself."""
    begin = 0
    for index, part in enumerate(parts):
        if isinstance(part, Frame) and part.seq > after:
            break
        if isinstance(part, Frame) and part.kind == FRESH:
            begin = index
    return begin


def _end(segment: Segment) -> tuple[int, bool]:
    """The number of the last event that was taken in that file, and whether the agent ended with it in an orderly way."""
    parts = [part for part in segment._frames() if isinstance(part, Frame)]  # noqa: SLF001  (ours)
    last, orderly = segment.header.seq, segment.header.cause == "start"
    for record in segment.records(after=parts[-1].seq - 1 if parts else 0):
        if isinstance(record, Record) and record.mark is Mark.TAKEN:
            last, orderly = record.event.seq, isinstance(record.event.body, Stopping)
    return last, orderly


def _record(line: bytes, path: Path, offset: int) -> Record | Hole:
    try:
        return Record(_MARKS[line[0]], decode(line[1:]))
    except (msgspec.MsgspecError, ValueError, LookupError) as error:
        return Hole(f"an event can't be read: {type(error).__name__}", path, offset)


def _number(line: bytes) -> int:
    """The number of the event in a line, without reading all of it; 0 where it can't be seen."""
    if not line.startswith(_SEQ, 1):
        return 0
    digits = line[1 + len(_SEQ) : line.find(b",", 1 + len(_SEQ))]
    return int(digits) if digits.isdigit() else 0


def _inflated(payload: memoryview) -> bytes | None:
    try:
        return zlib.decompress(payload)
    except zlib.error:
        return None
