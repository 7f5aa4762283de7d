"""
The damaged databases that were set aside: nobody deletes them but people, so they are told how much room they take.

What the audit log of a new database says of the old one is made here, so that one account leads to the other.
"""

import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

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


def account_of(aside: Path) -> str:
    """One that was just set aside: its name, its size, how many there are by now, and where its audit log ended, if that can still be read."""
    count, size = room_of(aside.parent)
    others = f", with {count - 1} of before" if count > 1 else ""
    return f"{aside.name} ({size / (1 << 20):.1f} MB{others}{_last_row_of(aside)})"


def _last_row_of(aside: Path) -> str:
    try:
        connection = sqlite3.connect(f"file:{quote(str(aside))}?mode=ro&immutable=1", uri=True)
        try:
            seq, digest = connection.execute("SELECT audit_seq, audit_hash FROM position").fetchone()
        finally:
            connection.close()
    except (sqlite3.Error, TypeError):
        # It is damaged, after all.
        return ""
    return f"; its audit log ended with row {seq}, hash {digest}"


def words_on_room(folder: Path) -> str:
    """What to say where they take much; empty where they don't."""
    count, size = room_of(folder)
    if size < MUCH:
        return ""
    return f"{count} damaged database{'s' if count != 1 else ''} set aside in {folder} take{'s' if count == 1 else ''} {size / (1 << 30):.1f} GB; nobody but you removes them"
