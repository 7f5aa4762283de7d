"""
Writing the trace: the event loop hands events over and never waits; one thread packs and writes them.

The counterpart of `reading.py`. What was handed over is with the kernel a second later, so that an agent that is killed loses no more; it is not
synced, a power failure may take the last half minute. Whatever goes wrong ends the recording and nothing else: it is said once, what is
missing is counted, and the next file begins with a checkpoint, so that nobody ever goes on from events of which some are not there.
"""

import asyncio
import errno
import logging
import os
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from watchdog.model.events import Event, encode
from watchdog.store.trace.frames import CHECKPOINT, FOLLOWING, FRESH, frame
from watchdog.store.trace.limits import Amount, Limits, prune
from watchdog.store.trace.segment import FOLDER, LONGEST_TITLE, Header, Mark, Missing, NoSegmentError, files, name_of, read_title, title

LOG: Final = logging.getLogger("watchdog")
FLUSH: Final = 1.0
"""Seconds for which events are gathered before they are written."""
BATCH: Final = 256 * 1024
"""Bytes that are written without waiting for more."""
MOST_WAITING: Final = 16 * 2**20
"""Bytes that may wait for a slow disk; with more, the recording ends."""
FRESH_EVERY: Final = 60_000
"""Milliseconds of events that are packed together: so much is lost with a damaged place, and so much is read for the last half minute."""
OLDEST_FILE: Final = 3_600_000
"""Milliseconds after which a new file is begun."""
LARGEST_FILE: Final = 32 * 2**20
"""Bytes after which one is begun, or an eighth of what all may have."""
AGAIN: Final = 60_000
"""Milliseconds after which it is tried again."""
RESERVE: Final = 32 * 2**20
"""Bytes that are left free on the disk: the database needs them more, because without it nothing may be done."""
LEVEL: Final = 6
ENDING: Final = 2.0
"""Seconds for which the end waits for the last events."""


Checkpoint = bytes | Callable[[], bytes]
"""The bytes, or what makes them; it is called once, on the thread."""
_Work = tuple[Header, Checkpoint] | tuple[tuple[int, int] | None, bytes]
"""A file to begin with its checkpoint, an event with its number and time, or nothing more to be written."""


class Recording(msgspec.Struct, frozen=True):
    """How it goes: `failing` is why nothing is recorded, `gaps` how often that was so since the start, `missed` how many events were not recorded."""

    on: bool
    segments: int = 0
    size: int = 0
    since: int | None = None
    failing: str = ""
    gaps: int = 0
    missed: int = 0


class Recorder:
    """
    The trace of one state folder.

    Usage: whenever `wants` names a cause, `begin` a file with a checkpoint of that very moment; `add` every event. `at` is always engine time.
    """

    def __init__(self, state: Path, limits: Limits, *, wall: Callable[[], int]) -> None:
        self._folder: Final = state / FOLDER
        self._limits = limits
        self._wall: Final = wall
        self._lock: Final = threading.Condition()
        # Shared with the thread, under the lock.
        self._queue: list[_Work] = []
        self._waiting = 0
        self._busy = False
        self._hurry = False
        self._ending = False
        self._failure = ""
        self._lost = 0
        # The loop's own.
        self._thread: threading.Thread | None = None
        self._begun_at: int | None = None
        self._ordered = 0
        self._again_at = 0
        self._missing: Missing | None = None
        self._told: Missing | None = None
        self._gaps = 0
        self._missed = 0
        # The thread's own; others only look.
        self._file = -1
        self._path: Path | None = None
        self._size = 0
        self._number = 0
        self._begun = 0
        self._packer: zlib._Compress | None = None
        self._fresh_since = 0
        self._said = ""
        self._amount = Amount()
        self._since: int | None = None

    # The loop's side

    def wants(self, at: int) -> str:
        """Why a new file should be begun now; empty if none should."""
        self._heed_failure(at)
        if not self._limits.keep:
            return ""
        if self._begun_at is None:
            if at < self._again_at or self._waiting > MOST_WAITING // 2:
                return ""
            return "recorded again" if self._missing is not None else "start"
        if at - self._begun_at >= OLDEST_FILE:
            return "age"
        return "size" if self._begun == self._ordered and self._size >= self._largest() else ""

    def begin(self, header: Header, checkpoint: Checkpoint) -> None:
        """
        From now on events go into a new file; the checkpoint is the state before the next event.

        Where it can't be written down (`UnicodeEncodeError`, `OverflowError`, `msgspec.MsgspecError`) nothing is recorded until it is tried again.
        """
        self._told, self._missing = self._missing, None
        if self._told is not None:
            header = msgspec.structs.replace(header, missing=self._told)
        self._begun_at = header.at
        self._ordered += 1
        self._order((header, checkpoint))

    def add(self, mark: Mark, event: Event) -> None:
        """One event; where it can't be kept it is counted."""
        self._heed_failure(event.at)
        if self._begun_at is None:
            if self._limits.keep:
                self._miss(1)
            return
        try:
            line = mark.encode() + encode(event) + b"\n"
        except (UnicodeEncodeError, OverflowError, TypeError) as error:
            self.stop(event.at, f"an event can't be written down ({type(error).__name__})")
            self._miss(1)
            return
        with self._lock:
            fits = self._waiting + len(line) <= MOST_WAITING
            if fits:
                self._put(((event.seq, event.at), line), len(line))
        if fits:
            return
        self.stop(event.at, "the disk is slower than they come")
        self._miss(1)

    def stop(self, at: int, reason: str) -> None:
        """Nothing is recorded from now on, until it is tried again: something can't be written down."""
        LOG.error("events are not recorded: %s", reason)
        self._stop(at, reason)

    @property
    def is_open(self) -> bool:
        """Whether events that are added are recorded, as far as is known."""
        return self._begun_at is not None

    def limit(self, limits: Limits) -> None:
        """Other limits are in force; with none to be kept, what there is goes."""
        self._limits = limits
        if not limits.keep:
            self._begun_at = self._missing = None
            self._order((None, b""))

    def how(self) -> Recording:
        """How it goes."""
        # A file that is to be begun is none yet: until it is, what kept the last one from being goes on.
        missing = self._missing or (self._told if self._begun != self._ordered else None)
        failing = self._failure or (missing.reason if missing is not None else "")
        size = self._amount.size + (self._size if self._path is not None else 0)
        return Recording(bool(self._limits.keep), self._amount.segments, size, self._since, failing, self._gaps, self._missed)

    def settle(self, seconds: float = ENDING) -> bool:
        """Waits until everything that was added is written; False if that took too long."""
        with self._lock:
            self._hurry = True
            self._lock.notify_all()
            settled = self._lock.wait_for(lambda: not self._busy and not self._queue, seconds)
            self._hurry = False
        return settled

    async def close(self) -> None:
        """Writes what was added and ends the thread; waits no longer than `ENDING`."""
        self._begun_at = None
        with self._lock:
            self._ending = True
            self._lock.notify_all()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, ENDING)

    def _order(self, what: _Work) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._live, name="trace", daemon=True)
            self._thread.start()
        with self._lock:
            self._failure = ""
            self._put(what, 0)

    def _put(self, what: _Work, size: int) -> None:
        before = self._waiting
        self._queue.append(what)
        self._waiting = before + size
        if len(self._queue) == 1 or before < BATCH <= self._waiting:
            self._lock.notify_all()

    def _heed_failure(self, at: int) -> None:
        if self._failure and self._begun_at is not None:
            with self._lock:
                lost, self._lost = self._lost, 0
            self._stop(at, self._failure)
            self._miss(lost)

    def _stop(self, at: int, reason: str) -> None:
        self._begun_at = None
        self._again_at = at + AGAIN
        if self._begun != self._ordered and self._told is not None:
            # The file that was to say so did not come to be.
            self._missing = self._told
            return
        self._gaps += 1
        self._missing = Missing(reason, self._wall(), 0)

    def _miss(self, events: int) -> None:
        if self._missing is None:
            # Before the very first file: nothing is missing that anybody could go on from.
            return
        self._missed += events
        self._missing = msgspec.structs.replace(self._missing, events=self._missing.events + events)

    def _largest(self) -> int:
        return min(LARGEST_FILE, self._limits.most // 8)

    # The thread's side

    def _live(self) -> None:
        ending = False
        while not ending:
            with self._lock:
                self._lock.wait_for(lambda: self._queue or self._ending)
                self._lock.wait_for(lambda: self._ending or self._hurry or self._waiting >= BATCH, FLUSH)
                work, self._queue = self._queue, []
                self._busy, waited, ending = True, self._waiting, self._ending
            try:
                self._write_all(work)
            except OSError as error:
                self._fail(error.strerror or str(error), work)
            except (UnicodeEncodeError, OverflowError, msgspec.MsgspecError) as error:
                self._fail(f"the state of the engine can't be written down ({type(error).__name__})", work)
            except Exception as error:
                LOG.exception("the trace can't be written because of a fault of this program")
                self._fail(f"a fault of this program: {type(error).__name__}", work)
            with self._lock:
                self._busy = False
                self._waiting -= waited
                self._lock.notify_all()
        self._close()

    def _write_all(self, work: list[_Work]) -> None:
        lines: list[bytes] = []
        first = (0, 0)
        for what, data in work:
            if isinstance(what, tuple):
                assert isinstance(data, bytes)  # only a checkpoint may be made later
                first = first if lines else what
                lines.append(data)
                continue
            self._write_events(*first, lines)
            lines = []
            self._close()
            if what is None:
                self._tidy(None)
            else:
                self._begin_file(what, data if isinstance(data, bytes) else data())
        self._write_events(*first, lines)

    def _write_events(self, seq: int, at: int, lines: list[bytes]) -> None:
        if not lines or self._file < 0:
            return
        kind = FOLLOWING
        if self._packer is None or at - self._fresh_since >= FRESH_EVERY:
            self._packer, self._fresh_since, kind = zlib.compressobj(LEVEL), at, FRESH
        payload = self._packer.compress(b"".join(lines)) + self._packer.flush(zlib.Z_SYNC_FLUSH)
        self._write(frame(kind, seq, payload))

    def _begin_file(self, header: Header, checkpoint: bytes) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        there = files(self._folder)
        self._number = max(self._number, there[-1][0] if there else 0) + 1
        self._tidy(None)
        path = self._folder / name_of(self._number)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._path, self._size, self._packer = path, 0, None
        self._write(title(header) + frame(CHECKPOINT, header.seq, zlib.compress(checkpoint, LEVEL)))
        self._begun = self._ordered
        self._tidy(path)
        if self._said:
            LOG.warning("events are recorded again")
            self._said = ""

    def _tidy(self, path: Path | None) -> None:
        """Removes what is over the limits, with room for one more file."""
        limits = msgspec.structs.replace(self._limits, most=max(0, self._limits.most - self._largest()))
        amount = prune(self._folder, limits, wall=self._wall(), spare=path)
        self._since = _since(self._folder)
        # The size of the one that is written is counted apart.
        self._amount = amount if path is None else msgspec.structs.replace(amount, size=amount.size - self._size)

    def _write(self, data: bytes) -> None:
        room = os.statvfs(self._folder)
        if room.f_bavail * room.f_frsize < RESERVE + len(data):
            raise OSError(errno.ENOSPC, f"less than {RESERVE >> 20} MB would be left on the disk")
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        self._size += len(data)

    def _fail(self, reason: str, work: list[_Work]) -> None:
        if self._said != reason:
            LOG.error("events are no longer recorded: %s; all else goes on", reason)
            self._said = reason
        self._take_back()
        self._close()
        with self._lock:
            # What came meanwhile goes, too: some before it is missing. A file that was to be begun was not.
            behind = [what for what, _ in (*work, *self._queue) if isinstance(what, tuple)]
            self._waiting -= sum(len(data) for _, data in self._queue if isinstance(data, bytes))
            self._queue.clear()
            self._lost += len(behind)
            self._failure = reason

    def _take_back(self) -> None:
        """What was written by halves would look like damage as soon as another file followed."""
        if self._file < 0 or self._path is None:
            return
        try:
            if self._size:
                os.ftruncate(self._file, self._size)
            else:
                self._path.unlink()
        except OSError as error:
            LOG.debug("the end of %s stays cut off: %s", self._path, error)

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._amount = msgspec.structs.replace(self._amount, size=self._amount.size + self._size)
            self._path = None


def _since(folder: Path) -> int | None:
    """When the oldest file was begun."""
    for _, path in files(folder):
        try:
            with path.open("rb") as file:
                return read_title(file.readline(LONGEST_TITLE)).wall
        except (NoSegmentError, FileNotFoundError):
            continue
    return None
