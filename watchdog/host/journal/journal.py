"""
The lines of one process or unit in systemd's journal, as a `LogSource`.

journald leaves out lines of a unit beyond a limit (10,000 in 30 s by default, more where the disk has room) and says so when the next line of that unit is let
through: hence `drops`, and `LinesLost` among the lines. A cursor survives rotation; where its entry was deleted, that is a hole too.
"""

import asyncio
from collections.abc import AsyncGenerator
from functools import lru_cache
from typing import Final

from watchdog.host.journal import command
from watchdog.host.journal.child import hindrance, open_child
from watchdog.host.journal.command import Selection
from watchdog.host.journal.export import ExportDecoder, Fields
from watchdog.host.log_source import BOUNDS, Bounds, LogUnreadableError, Take, decoded
from watchdog.model.log_lines import Extent, LinesLost, LogEntry, LogLine, ReadEnd

_WANTED: Final = tuple(name.encode() for name in ("__CURSOR", "__REALTIME_TIMESTAMP", *command.WANTED))
_DROPPED: Final = command.DROPPED.encode()
_GONE: Final = "the journal no longer has the line that was read last"
_FROM: Final = b" messages from "


class Journal:
    """What this selection wrote."""

    drops = True

    def __init__(self, selection: Selection) -> None:
        self.selection = selection

    async def backwards(self, take: Take, *, bounds: Bounds = BOUNDS) -> Extent:
        """The newest first; raises `LogUnreadableError` where this user may not read the journal."""
        extent = await self._read(command.backwards(self.selection), take, bounds)
        if not extent.lines:
            await self._explain_nothing()
        return extent

    async def forwards(self, take: Take, *, cursor: str, bounds: Bounds = BOUNDS) -> Extent:
        """What came after that line; `LinesLost` first where that line is gone."""
        return await self._read(command.forwards(self.selection, cursor), _Resumed(cursor, take), bounds)

    async def follow(self, *, cursor: str = "") -> AsyncGenerator[LogEntry, None]:
        """From that line or from now on, for as long as somebody listens."""
        heard: list[LogEntry] = []

        def hear(entry: LogEntry) -> bool:
            heard.append(entry)
            return False

        take: Take = _Resumed(cursor, hear) if cursor else hear
        decoder = ExportDecoder(_WANTED)
        async with open_child(command.follow(self.selection, cursor)) as child:
            while piece := await child.piece():
                for fields in decoder.feed(piece):
                    if (entry := _entry(fields)) is not None:
                        take(entry)
                for entry in heard:
                    yield entry
                heard.clear()
        raise LogUnreadableError("journalctl ended although it was to follow the journal")

    async def _read(self, argv: list[str], take: Take, bounds: Bounds) -> Extent:
        reading = _Reading(take, bounds)
        began = asyncio.get_running_loop().time()
        end = ReadEnd.BEGINNING
        async with open_child(argv) as child:
            try:
                async with asyncio.timeout(bounds.milliseconds / 1000):
                    while piece := await child.piece():
                        if (reached := reading.take(piece)) is not None:
                            end = reached
                            break
                        # A piece is a few milliseconds of work: who else waits for the loop gets it, and the clock is looked at.
                        await asyncio.sleep(0)
            except TimeoutError:
                end = ReadEnd.OUT_OF_TIME
        took = round((asyncio.get_running_loop().time() - began) * 1000)
        return Extent(end, reading.lines, reading.decoder.size, took, reading.newest)

    async def _explain_nothing(self) -> None:
        async with open_child(command.permission(self.selection)) as child:
            while await child.piece():
                pass
            if reason := hindrance(await child.complaints()):
                raise LogUnreadableError(reason)


class _Reading:
    """Takes pieces until it has enough."""

    def __init__(self, take: Take, bounds: Bounds) -> None:
        self.decoder = ExportDecoder(_WANTED)
        self.lines = 0
        self.newest = ""
        self._take = take
        self._bounds = bounds

    def take(self, piece: bytes) -> ReadEnd | None:
        """Why nothing more is wanted, or None."""
        for fields in self.decoder.feed(piece):
            entry = _entry(fields)
            if entry is None:
                continue
            self.lines += 1
            self.newest = self.newest or entry.cursor
            if self._take(entry):
                return ReadEnd.ANSWERED
            if self.lines >= self._bounds.lines:
                return ReadEnd.TOO_MANY_LINES
        return ReadEnd.TOO_MANY_BYTES if self.decoder.size >= self._bounds.size else None


class _Resumed:
    """Hands on what comes after a line; says so first where that line is no longer there."""

    def __init__(self, cursor: str, take: Take) -> None:
        self._cursor = cursor
        self._take = take
        self._is_first = True

    def __call__(self, entry: LogEntry) -> bool:
        if self._is_first:
            self._is_first = False
            if _place(entry.cursor) == _place(self._cursor):
                return False
            if self._take(LinesLost(entry.at, 0, "", _GONE, entry.cursor)):
                return True
        return self._take(entry)


def _place(cursor: str) -> tuple[str, ...]:
    """What tells one entry from another in a cursor: the number of the sequence and the place in it (`s` and `i`)."""
    return tuple(part for part in cursor.split(";") if part.startswith(("s=", "i=")))


def _entry(fields: Fields) -> LogEntry | None:
    cursor = fields.get(b"__CURSOR", b"").decode("ascii", "replace")
    at = _number(fields.get(b"__REALTIME_TIMESTAMP", b"")) // 1000
    message = fields.get(b"MESSAGE")
    # Everybody may write a MESSAGE_ID; `driver` is journald itself.
    if fields.get(b"MESSAGE_ID") == _DROPPED and fields.get(b"_TRANSPORT") == b"driver":
        unit = decoded((message or b"").partition(_FROM)[2])
        return LinesLost(at, _number(fields.get(b"N_DROPPED", b"")), unit, "journald suppressed lines: there were too many", cursor)
    if message is None:
        return None
    return LogLine(decoded(message), at, _number(fields.get(b"_PID", b"")), _unit(fields.get(b"_SYSTEMD_UNIT", b"")), cursor)


@lru_cache(maxsize=16)
def _unit(raw: bytes) -> str:
    """Each line of a process has the same."""
    return decoded(raw)


def _number(raw: bytes) -> int:
    return int(raw) if raw.isdigit() else 0
