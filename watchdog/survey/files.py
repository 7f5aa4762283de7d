"""Files that other people wrote, read with a limit and without ever waiting: a pipe, a device or a loop of links is refused in a sentence."""

import os
import stat
from pathlib import Path
from typing import Final

from watchdog.config.disk import why

LARGEST: Final = 262_144
"""Bytes of a file of settings; Mastodon's has five thousand."""


class UnreadableError(Exception):
    """A file can't be read; the text is the end of a sentence."""


def under(root: Path, path: str) -> Path:
    """Where that whole path lies, if `root` is the top."""
    return root / path.lstrip("/")


def text_of(path: Path, most: int = LARGEST) -> str:
    """The text of a regular file. Raises `FileNotFoundError` where there is none, `UnreadableError` for anything else."""
    try:
        # Without O_NONBLOCK a pipe would have us wait for whoever writes into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise UnreadableError(f"can't be read: {_why(error)}") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnreadableError("is no regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(most + 1)
    except OSError as error:
        raise UnreadableError(f"can't be read: {_why(error)}") from None
    finally:
        os.close(descriptor)
    if len(data) > most:
        raise UnreadableError(f"is larger than {most // 1024} kB, so it is not what it should be")
    if b"\0" in data:
        raise UnreadableError(f"line {_line(data, data.index(0))}: it holds bytes that are no text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"line {_line(data, error.start)}: it is not UTF-8") from None


def _line(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1


def _why(error: OSError | ValueError) -> str:
    return why(error) if isinstance(error, OSError) else "its name is not possible"
