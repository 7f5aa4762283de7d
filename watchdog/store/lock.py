"""
One agent a state folder: a lock on `agent.lock`, which the kernel takes back when its holder ends, however it ends.

It is an open file description lock (fcntl(2), `F_OFD_SETLK`): like flock it belongs to the open file and not to
the process, but it can be asked about without being taken. So `status` can never get in the way of an agent
that is just starting.
"""

import fcntl
import os
import struct
import time
from pathlib import Path
from typing import Final

from watchdog.store.failures import StateInUseError

LOCK_FILE: Final = "agent.lock"
_FLOCK: Final = "hhqqi"  # struct flock: l_type, l_whence, l_start, l_len, l_pid (native alignment; l_pid must be 0 here)
_PID_TRIES: Final = 40
_PID_PAUSE: Final = 0.005


class StateLock:
    """The lock while it is held; whoever takes it writes his pid into the file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, folder: Path) -> "StateLock":
        """Takes the lock or raises `StateInUseError`, at once. The file stays behind for ever: removing it would race."""
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _whole_file(fcntl.F_WRLCK))
        except (BlockingIOError, PermissionError):
            os.close(descriptor)
            raise StateInUseError(folder, is_running(folder) or 0) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Gives the lock back."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def is_running(folder: Path) -> int | None:
    """
    The pid of the agent that holds this folder, as that agent sees itself; None if there is none.

    0 says that one holds it but has not written its pid. Raises `PermissionError` where the folder is closed to us.
    """
    try:
        descriptor = os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        # Between taking the lock and writing the pid its holder has a line to go; we give it that line.
        for _ in range(_PID_TRIES):
            answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _whole_file(fcntl.F_WRLCK))
            if struct.unpack(_FLOCK, answer)[0] == fcntl.F_UNLCK:
                return None
            written = os.pread(descriptor, 32, 0).strip()
            if written.isdigit():
                return int(written)
            time.sleep(_PID_PAUSE)
        return 0
    finally:
        os.close(descriptor)


def _whole_file(kind: int) -> bytes:
    return struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0)
