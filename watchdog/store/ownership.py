"""
Whose the files of a state folder are: after root has worked in one that is somebody else's, its owner must be able to go on.

SQLite looks after the files of its log by itself; the lock, traces, orders and a database that was made anew it does not.
"""

import os
from pathlib import Path
from typing import Final

_PARTS: Final = (".", "trace", "orders")


def give_to_owner(state: Path) -> None:
    """What root has left in the folder is given to the owner of the folder; does nothing for anybody but root. Raises `OSError`."""
    if os.geteuid() != 0:
        return
    owner = state.stat()
    if owner.st_uid == 0:
        return
    for part in _PARTS:
        folder = state / part
        if folder.is_dir() and not folder.is_symlink():
            for path in (folder, *folder.iterdir()):
                if path.lstat().st_uid == 0:
                    os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
