"""
What the agent says of itself beside the engine's state: receivers, its own cost, a reload that was refused.

It keeps that in the store each ten seconds. It is read there, on a thread, so that nobody who looks has it made anew.
"""

from pathlib import Path

from watchdog.picture.picture import Picture, UnreadablePictureError, read_picture
from watchdog.store.failures import StoreError
from watchdog.store.reading import read_status
from watchdog.web.aside import aside


async def kept(folder: Path) -> Picture:
    """The picture that was kept last; an empty one where there is none."""
    try:
        return await aside(_read, folder)
    except (StoreError, UnreadablePictureError):
        # The page is for just the night in which this happens; what it can't have it leaves out.
        return Picture()


def _read(folder: Path) -> Picture:
    data = read_status(folder)
    return read_picture(data) if data is not None else Picture()
