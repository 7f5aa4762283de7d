"""
A small file in the state folder: what a source has learned over days and would have to learn again.

The counterpart of the database, which holds what must never be lost. This may be: it is written as a whole now and then, and either the old or the new one is there.
"""

import os
import threading
from pathlib import Path
from typing import Final

from watchdog.store.failures import StoreError

MOST: Final = 4_000_000
"""Bytes; what is larger was not written here."""


class KeptFile:
    """The file of that name, for its owner alone. Every call waits for the disk."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name
        self._draft = folder / f".{name}.new"
        # A thread can't be cancelled: who is told to end while it writes, and then writes the last words, has two of them at work.
        self._one_at_a_time = threading.Lock()

    def read(self) -> bytes | None:
        """What is in it; None where there is none. Raises `StoreError`."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            with open(descriptor, "rb") as file:  # noqa: PTH123  (a descriptor)
                data = file.read(MOST + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self.path} can't be read: {(error.strerror or '').lower()}") from error
        if len(data) > MOST:
            raise StoreError(f"{self.path} is larger than anything that is kept there")
        return data

    def write(self, data: bytes) -> None:
        """Put this in its place; it is on the disk when this returns. Raises `StoreError`, and then the old one is still there."""
        with self._one_at_a_time:
            self._write(data)

    def _write(self, data: bytes) -> None:
        try:
            self._draft.unlink(missing_ok=True)
            descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with open(descriptor, "wb") as file:  # noqa: PTH123  (a descriptor)
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            self._draft.replace(self.path)
        except OSError as error:
            raise StoreError(f"{self.path} can't be written: {(error.strerror or '').lower()}") from error
