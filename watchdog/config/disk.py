"""
Files as texts: read with a limit, and what is wrong with them said at the place where they are named.

The only module of this package, with `secrets`, that opens a file.
"""

from pathlib import Path
from typing import Final

from watchdog.errors import Span
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.source import LARGEST

_WORST_ENCODED: Final = 4
_READABLE_BY_ALL: Final = 0o004


def read_text(
    path: Path, place: Span, findings: Findings, *, missing: str = "paths are relative to the file that they are written in"
) -> str | None:
    """The text of a file, bytes that are not UTF-8 as `rulefile` expects them; None if it can't be read, which is noted at `place`; `missing` is the hint where it is not there."""
    try:
        data = bytes_of(path, LARGEST * _WORST_ENCODED + 1)
    except OSError as error:
        findings.add(
            "E113",
            place,
            f"the file {quoted(str(path))} can't be read: {why(error)}",
            hint=missing if isinstance(error, FileNotFoundError) else remedy(error),
        )
        return None
    return data.decode("utf-8", "surrogateescape")


def bytes_of(path: Path, most: int) -> bytes:
    """Up to `most` bytes of a regular file; anything else, a pipe above all, is refused before it can keep us waiting."""
    if path.exists() and not path.is_file():
        raise IsADirectoryError(0, "it is no regular file")
    with path.open("rb") as file:
        return file.read(most)


def is_readable_by_all(path: Path) -> bool:
    """Whether every user of the machine can read it; not where that can't be told."""
    try:
        return bool(path.stat().st_mode & _READABLE_BY_ALL)
    except (OSError, ValueError):
        return False


def why(error: OSError) -> str:
    """What the system says, as the end of a sentence."""
    return error.strerror.lower() if error.strerror else type(error).__name__


def remedy(error: OSError) -> str:
    """What to do about it, as a hint."""
    match error:
        case FileNotFoundError():
            return "paths are relative to the file that they are written in"
        case PermissionError():
            return "the user that the agent runs as must be able to read it"
        case _:
            return "name a file that can be read"
