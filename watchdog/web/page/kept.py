"""
What the agent says of itself beside the engine's state: receivers, its own cost, a reload that was refused.

It keeps that in the store each ten seconds. It is read there, on a thread, so that nobody who looks has it made anew.
"""

import asyncio
from pathlib import Path

from watchdog.picture.picture import Picture, UnreadablePictureError, read_picture
from watchdog.store.failures import StoreError
from watchdog.store.reading import read_status


async def kept(folder: Path) -> Picture:
    """The picture that was kept last; an empty one where there is none."""
    return await asyncio.to_thread(_read, folder)


def _read(folder: Path) -> Picture:
    try:
        data = read_status(folder)
        return read_picture(data) if data is not None else Picture()
    except (StoreError, UnreadablePictureError):
        # The page is for just the night in which this happens; what it can't have it leaves out, and `standing` says that the store is closed.
        return Picture()
