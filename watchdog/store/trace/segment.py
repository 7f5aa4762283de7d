"""
One file of the trace: a line that says what it is, a checkpoint, then events.

The counterpart of the database's `schema.py`. The first line can be read with `head -1`; it is JSON behind two words. Nothing in a file
depends on the machine that wrote it.
"""

import re
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from watchdog.errors import WatchdogError

FOLDER: Final = "trace"
"""Of the state folder."""
FORMAT: Final = 1
"""Counted up when a file looks otherwise; another number can't be read."""
TITLE: Final = b"sidekiq-watchdog trace "
LONGEST_TITLE: Final = 65_536
"""Bytes of a first line at most."""
_NAME: Final = re.compile(r"(\d{8})\.trace")


class Mark(StrEnum):
    """How the engine took an event: the letter before it."""

    TAKEN = "+"
    """Its turn was committed."""
    UNDONE = "-"
    """Its turn was made and could not be committed: nothing is left of it but what was read."""
    NOTED = "."
    """Its readings were put into the picture without a turn, because nothing could be committed; it has the number of the turn that comes next."""


class Missing(msgspec.Struct, frozen=True):
    """A stretch that was not recorded: why, since when (UTC milliseconds), and how many events are not there."""

    reason: str
    since: int
    events: int


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a file is.

    `version` is the program's, `memory` the name of the database that its numbers belong to. Its events come after event `seq`, which was
    taken at engine time `at` of boot `boot_id` and UTC `wall`. `digest` and `mode` are those of the rules in force at its checkpoint, empty
    where none had been loaded. `cause` says why it was begun; `missing` is what was not recorded before it.
    """

    format: int
    version: str
    memory: str
    host: str
    boot_id: str
    digest: str
    mode: str
    seq: int
    at: int
    wall: int
    cause: str
    missing: Missing | None = None


class NoSegmentError(WatchdogError):
    """A file that is no part of a trace, or of a format that this program does not know."""


def name_of(number: int) -> str:
    """The name of the file of that number."""
    return f"{number:08d}.trace"


def files(folder: Path) -> list[tuple[int, Path]]:
    """Number and path of every file in that folder, oldest first; none where there is no folder."""
    try:
        names = [path.name for path in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = [(int(match[1]), folder / match[0]) for name in names if (match := _NAME.fullmatch(name)) is not None]
    return sorted(found)


def title(header: Header) -> bytes:
    """The first line."""
    return TITLE + msgspec.json.encode(header) + b"\n"


def read_title(line: bytes) -> Header:
    """What the first line says; raises `NoSegmentError`."""
    if not line.startswith(TITLE) or not line.endswith(b"\n"):
        raise NoSegmentError("it does not begin as a trace does")
    try:
        plain: Any = msgspec.json.decode(line[len(TITLE) :])
        number = plain.get("format") if isinstance(plain, dict) else None
        if number != FORMAT:
            raise NoSegmentError(f"its format is {number!r}, and this version knows only {FORMAT}")
        return msgspec.convert(plain, Header)
    except msgspec.MsgspecError:
        raise NoSegmentError("its first line is damaged") from None
