"""
A plain log file as a `LogSource`: what a unit's StandardOutput=append: or a shell's `>>` writes.

Read backwards in blocks, into the file before it (`NAME.1`) where the newest does not reach back far enough; both ways of rotating are survived: by a new
name, and by copying and cutting off, after which a writer that does not append leaves NULs. A cursor is device, inode and offset of the end of a line. Nothing
in a file vouches for its writer or the time: `LogLine` has neither.
"""

import asyncio
import os
import re
import time
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Final, Self

import msgspec

from watchdog.host.log_source import BOUNDS, LONGEST_LINE, Bounds, LogUnreadableError, Take, decoded
from watchdog.model.log_lines import Extent, LinesLost, LogEntry, LogLine, ReadEnd

BLOCK: Final = 65_536
POLLED: Final = 0.2
"""Seconds between two looks for more: nothing else tells that a file on any file system grew."""
_CURSOR: Final = re.compile(r"(\d{1,20}):(\d{1,20}):(\d{1,20})")
_CUT: Final = "the log file was cut off or replaced, and what stood in it before could not be read"


class _Place(msgspec.Struct, frozen=True):
    """The end of a line in a file."""

    device: int
    inode: int
    offset: int

    def __str__(self) -> str:
        return f"{self.device}:{self.inode}:{self.offset}"


class LogFile:
    """The file with that path, and the one before it."""

    drops = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._before = path.with_name(f"{path.name}.1")

    async def backwards(self, take: Take, *, bounds: Bounds = BOUNDS) -> Extent:
        """The newest first. `take` is called in another thread."""
        return await asyncio.to_thread(self._backwards, take, bounds)

    async def forwards(self, take: Take, *, cursor: str, bounds: Bounds = BOUNDS) -> Extent:
        """What came after that line; `take` is called in another thread."""
        return await asyncio.to_thread(self._forwards, take, cursor, bounds)

    async def follow(self, *, cursor: str = "") -> AsyncGenerator[LogEntry, None]:
        """What is written after that line or from now on, over rotations."""
        if not cursor:
            cursor = await asyncio.to_thread(self._end)
        heard: list[LogEntry] = []

        def hear(entry: LogEntry) -> bool:
            heard.append(entry)
            return False

        while True:
            extent = await asyncio.to_thread(self._forwards, hear, cursor, BOUNDS)
            waits = extent.end is ReadEnd.BEGINNING or extent.cursor == cursor
            cursor = extent.cursor or cursor
            for entry in heard:
                yield entry
            heard.clear()
            if waits:
                await asyncio.sleep(POLLED)

    def _end(self) -> str:
        with self._open(self.path) as file:
            facts = os.fstat(file.fileno())
            return str(_Place(facts.st_dev, facts.st_ino, facts.st_size))

    def _backwards(self, take: Take, bounds: Bounds) -> Extent:
        reading = _Reading(take, bounds)
        seen: set[tuple[int, int]] = set()
        for path in (self.path, self._before):
            if path is self._before and not path.exists():
                break
            with self._open(path) as file:
                facts = os.fstat(file.fileno())
                if (facts.st_dev, facts.st_ino) in seen:
                    # It was given its other name meanwhile.
                    continue
                seen.add((facts.st_dev, facts.st_ino))
                for raw, end in _lines_backwards(file.fileno(), facts.st_size, reading):
                    if reading.take(raw, _Place(facts.st_dev, facts.st_ino, end)):
                        return reading.extent()
        return reading.extent()

    def _forwards(self, take: Take, cursor: str, bounds: Bounds) -> Extent:
        reading = _Reading(take, bounds)
        reading.goes_forwards = True
        found = _CURSOR.fullmatch(cursor)
        place = _Place(*map(int, found.groups())) if found else None
        try:
            files = [self._open(self.path)]
        except LogUnreadableError:
            if place is None or self.path.exists():
                raise
            # It was renamed, and the writer has not begun the new one yet.
            return reading.extent(cursor)
        try:
            here = os.fstat(files[0].fileno())
            offset = 0
            if place is not None and (place.device, place.inode) == (here.st_dev, here.st_ino):
                offset = place.offset
            elif place is not None and self._before.exists():
                files.insert(0, self._open(self._before))
                before = os.fstat(files[0].fileno())
                offset = place.offset if (place.device, place.inode) == (before.st_dev, before.st_ino) else -1
            elif place is not None:
                offset = -1
            if offset < 0 or offset > os.fstat(files[0].fileno()).st_size:
                # Of what was before nothing is known any more: read on from the beginning of the present one.
                reading.hand_on(LinesLost(0, 0, "", _CUT))
                offset = 0
                for file in files[:-1]:
                    file.close()
                del files[:-1]
            for file in files:
                facts = os.fstat(file.fileno())
                reading.cursor = str(_Place(facts.st_dev, facts.st_ino, offset))
                for raw, end in _lines_forwards(file.fileno(), offset, reading):
                    if reading.take(raw, _Place(facts.st_dev, facts.st_ino, end)):
                        return reading.extent()
                offset = 0
            return reading.extent()
        finally:
            for file in files:
                file.close()

    def _open(self, path: Path) -> "_File":
        try:
            return _File(path)
        except PermissionError as error:
            raise LogUnreadableError(f"this user may not read {path} (hint: give the agent's user the right to read it)") from error
        except OSError as error:
            raise LogUnreadableError(f"{path} can't be read: {error.strerror} (hint: `log: files:` in the config names it)") from error


class _File:
    """An open file, read by offset."""

    def __init__(self, path: Path) -> None:
        self._number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)

    def fileno(self) -> int:
        """Its descriptor."""
        return self._number

    def close(self) -> None:
        """Once is enough, twice does no harm."""
        if self._number >= 0:
            os.close(self._number)
            self._number = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Reading:
    """Counts what was read, against its bounds."""

    def __init__(self, take: Take, bounds: Bounds) -> None:
        self.size = 0
        self.goes_forwards = False
        self.cursor = ""
        self._take = take
        self._bounds = bounds
        self._lines = 0
        self._began = time.monotonic()
        self._end: ReadEnd | None = None

    def hand_on(self, entry: LogEntry) -> bool:
        """Whether nothing more is wanted."""
        if self._take(entry):
            self._end = ReadEnd.ANSWERED
        elif self._lines >= self._bounds.lines:
            self._end = ReadEnd.TOO_MANY_LINES
        return self._end is not None

    def take(self, raw: bytes, place: _Place) -> bool:
        """A line without its end."""
        raw = raw.strip(b"\0")
        if self.goes_forwards or not self.cursor:
            self.cursor = str(place)
        if not raw:
            return False
        self._lines += 1
        return self.hand_on(LogLine(decoded(raw), cursor=str(place)))

    def may_go_on(self, size: int) -> bool:
        """Whether another block may be read; `size` is that of the last one."""
        self.size += size
        if self.size >= self._bounds.size:
            self._end = ReadEnd.TOO_MANY_BYTES
        elif self._milliseconds >= self._bounds.milliseconds:
            self._end = ReadEnd.OUT_OF_TIME
        return self._end is None

    def extent(self, cursor: str = "") -> Extent:
        """How far it came."""
        return Extent(self._end or ReadEnd.BEGINNING, self._lines, self.size, self._milliseconds, cursor or self.cursor)

    @property
    def _milliseconds(self) -> int:
        return round((time.monotonic() - self._began) * 1000)


def _lines_backwards(file: int, size: int, reading: _Reading) -> Iterator[tuple[bytes, int]]:
    """The complete lines, the last first, each with the offset of its end. What stands behind the last line break is not complete yet."""
    rest = b""
    """The beginning of the line whose end was read already."""
    end = 0
    """Where that line ends; 0 while no line break was seen."""
    at = size
    while at > 0:
        start = max(0, at - BLOCK)
        block = os.pread(file, at - start, start)
        at = start
        *_, beyond = pieces = block.split(b"\n")
        place = start + len(block)
        if len(pieces) == 1:
            # NULs are what cutting off has left. Of a line that is too long the beginning is kept, which is yet to come.
            rest = (block.lstrip(b"\0") + rest)[: 2 * LONGEST_LINE] if end else b""
        else:
            if end:
                yield beyond + rest, end
            place -= len(beyond)
            for piece in reversed(pieces[1:-1]):
                yield piece, place
                place -= len(piece) + 1
            rest, end = pieces[0], place
        if not reading.may_go_on(len(block)):
            return
    if end:
        yield rest, end


def _lines_forwards(file: int, offset: int, reading: _Reading) -> Iterator[tuple[bytes, int]]:
    """The complete lines from there on, each with the offset of its end."""
    rest = b""
    while block := os.pread(file, BLOCK, offset):
        offset += len(block)
        *whole, beyond = block.split(b"\n")
        place = offset - len(block)
        for piece in whole:
            place += len(piece) + 1
            yield rest + piece, place
            rest = b""
        rest = (rest + beyond).lstrip(b"\0")[: 2 * LONGEST_LINE]
        if not reading.may_go_on(len(block)):
            return
