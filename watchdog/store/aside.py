"""The damaged databases that were set aside: nobody deletes them but people, so they are told how much room they take."""

from pathlib import Path
from typing import Final

from watchdog.store.opening import ASIDE, DATABASE

MUCH: Final = 1 << 30
"""Bytes from which on people are told at each start."""


def room_of(folder: Path) -> tuple[int, int]:
    """How many there are, and how many bytes they take together with their logs; one that goes meanwhile counts for nothing."""
    count = size = 0
    for path in folder.glob(f"{DATABASE}{ASIDE}*"):
        try:
            size += path.stat().st_size
        except FileNotFoundError:
            continue
        count += not path.name.endswith(("-wal", "-shm"))
    return count, size


def words_on_room(folder: Path) -> str:
    """What to say where they take much; empty where they don't."""
    count, size = room_of(folder)
    if size < MUCH:
        return ""
    return f"{count} damaged database{'s' if count != 1 else ''} set aside in {folder} take{'s' if count == 1 else ''} {size / (1 << 30):.1f} GB; nobody but you removes them"
