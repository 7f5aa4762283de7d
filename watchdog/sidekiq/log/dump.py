"""The latest thread dump of a process, put together from the newest line to the oldest. Pure."""

from typing import Final

from watchdog.model.results import DumpedThread
from watchdog.sidekiq.log.events import DumpBegan, Frames

DEEPEST: Final = 30
"""Lines of one backtrace that are kept: the innermost, which say where the thread hangs."""
MOST_THREADS: Final = 100
LONGEST: Final = 200
"""Characters of a frame; the end says more than the beginning."""
APART: Final = 10_000
"""Milliseconds between two threads of one dump at most."""


class Dump:
    """What has been put together so far. Lines of a backtrace come in before the thread that they belong to."""

    def __init__(self) -> None:
        self._at = 0
        self._threads: dict[str, DumpedThread] = {}
        self._frames: list[str] = []
        self._whole: tuple[str, ...] | None = None

    def take(self, event: DumpBegan | Frames) -> None:
        """An event that was written before all those taken so far."""
        if isinstance(event, Frames):
            if self._whole is not None:
                self._drop()
            self._frames.extend(reversed(event.frames))
            del self._frames[: -4 * DEEPEST]
            if event.first:
                self._whole = tuple(frame[-LONGEST:] for frame in reversed(self._frames[-DEEPEST:]))
                self._frames.clear()
            return
        if self._threads and self._at - event.at > APART:
            self._drop()
            return
        self._at = event.at
        if event.tid not in self._threads and len(self._threads) < MOST_THREADS:
            self._threads[event.tid] = DumpedThread(event.tid, event.name, self._whole or ())
        self._drop()

    @property
    def at(self) -> int:
        """When it began (UTC milliseconds); 0 if none was found."""
        return self._at

    @property
    def threads(self) -> tuple[DumpedThread, ...]:
        """Its threads in the order in which they were written."""
        return tuple(reversed(self._threads.values()))

    def _drop(self) -> None:
        """What is in hand belongs to no thread of a dump: the backtrace of an error."""
        self._frames.clear()
        self._whole = None
