"""How much of a trace is kept, and the removal of what is too old or too much."""

from pathlib import Path
from typing import Final

import msgspec

from watchdog.store.trace.segment import files

MOST_FILES: Final = 2_000
"""An agent that is restarted each few seconds must not fill the folder with files that are nearly empty."""


class Limits(msgspec.Struct, frozen=True):
    """`keep` is for how many milliseconds, 0 for no trace at all; `most` how many bytes."""

    keep: int
    most: int


class Amount(msgspec.Struct, frozen=True):
    """What there is: files, their bytes, and when the oldest was last written (UTC milliseconds; 0 where there is none)."""

    segments: int = 0
    size: int = 0
    oldest: int = 0


def prune(folder: Path, limits: Limits, *, wall: int, spare: Path | None = None) -> Amount:
    """Removes files, oldest first, until the rest is within the limits; never `spare`, which is being written. Raises `OSError`."""
    there = [(path, *_measured(path)) for _, path in files(folder)]
    size = sum(one[1] for one in there)
    kept = len(there)
    for path, bytes_, written in there:
        too_old = written < wall - limits.keep or not limits.keep
        if path == spare or not (too_old or size > limits.most or kept > MOST_FILES):
            break
        path.unlink(missing_ok=True)
        size -= bytes_
        kept -= 1
    left = there[len(there) - kept :]
    return Amount(kept, size, left[0][2] if left else 0)


def _measured(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_size, found.st_mtime_ns // 1_000_000
