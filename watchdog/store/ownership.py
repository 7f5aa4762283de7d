"""
Whose the files of a state folder are, and those of a folder in it: after root has worked in one that is somebody else's, its owner must be able to go on.

SQLite looks after the files of its log by itself; the lock, traces, orders and a database that was made anew it does not.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_PARTS: Final = (".", "trace", "orders")


def give_to_owner(state: Path) -> None:
    """What root has left in the folder is given to the owner of the folder; does nothing for anybody but root. Raises `OSError`."""
    _give((state / part for part in _PARTS), state)


def give_as_above(folder: Path) -> None:
    """The same for a folder with what is in it, if there is such a one: it goes to the owner of the folder that it lies in. Raises `OSError`."""
    if folder.is_dir():
        _give((folder,), folder.parent)


def _give(folders: Iterable[Path], above: Path) -> None:
    if os.geteuid() != 0:
        return
    owner = above.stat()
    if owner.st_uid == 0:
        return
    for folder in folders:
        if folder.is_dir() and not folder.is_symlink():
            for path in (folder, *folder.iterdir()):
                if path.lstat().st_uid == 0:
                    os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
