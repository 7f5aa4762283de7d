"""
Looks at the files of the application for the settings that the config expects.

A file is looked up each few seconds and read only when it has changed. What it holds is compared and forgotten: it reaches no reading, log or message. A file that
can't be read leaves its settings unknown, and the log says why; where none can be read the source is lost.
"""

import asyncio
import logging
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from watchdog.clock import Clock
from watchdog.mastodon.expected import UNKNOWN, SettingsFile
from watchdog.model.events import Body, Observed, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.rulefile.expected import ExpectedSetting
from watchdog.sidekiq.changes import Said

LOG: Final = logging.getLogger(__name__)
EVERY: Final = 15.0
"""Seconds between two looks at when the files were changed."""
SOON: Final = 2.0
"""Seconds until the next look while nobody knows yet where the application lies."""
UNTIL_FOUND: Final = 60_000
"""Milliseconds for which it is waited for the first process to show in which folder the application lies."""
LARGEST: Final = 2**20
"""Bytes of a file that are read; Mastodon's own have a few thousand."""
NO_FOLDER: Final = "where the application lies is not shown to the agent: name it in the config, `app: {folder: …}`"
_Mark = tuple[int, int, int]


class UnreadableError(Exception):
    """A file can't be read; the text says why, and nothing of what is in it."""


class _Known(msgspec.Struct):
    """A file as it was read last: by which mark it is known again, and since when it stands (engine time, None where there is none)."""

    mark: _Mark | None
    content: SettingsFile
    changed_at: int | None


class ExpectedSettings:
    """
    Emits `Observed`, `SourceLost` and `SourceBack` of the source SETTINGS. What is meant can be changed at any time by `mean`.

    `folder` gives that of the application, None while nobody knows it.
    """

    def __init__(
        self, expected: Mapping[str, ExpectedSetting], *, folder: Callable[[], Path | None], clock: Clock, emit: Callable[[Body], None]
    ) -> None:
        self._expected = dict(expected)
        self._folder = folder
        self._clock = clock
        self._emit = emit
        self._changed = asyncio.Event()
        self._said = Said()
        self._known: dict[Path, _Known] = {}
        self._troubles: dict[str, str] = {}
        self._lost = ""
        self._complete = True

    def mean(self, expected: Mapping[str, ExpectedSetting]) -> None:
        """From now on these."""
        self._expected = dict(expected)
        self._changed.set()

    async def run(self) -> None:
        """Look for ever."""
        began = self._clock.at()
        while True:
            self._changed.clear()
            has_looked = await self.look(is_patient=self._clock.at() - began < UNTIL_FOUND)
            try:
                async with asyncio.timeout(EVERY if has_looked else SOON):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def look(self, *, is_patient: bool = False) -> bool:
        """Look once; whether that was done. With `is_patient` it is not while the folder is not known, and nothing is said."""
        folder = self._folder()
        if folder is None and is_patient and any(not one.file.startswith("/") for one in self._expected.values()):
            return False
        files, troubles = await asyncio.to_thread(self._read, folder, self._clock.at(), self._clock.wall())
        for file, why in troubles.items():
            if self._troubles.get(file) != why:
                LOG.warning("the settings in %s are not known: %s", file, why)
        self._troubles = troubles
        if troubles and len(troubles) == len({one.file for one in self._expected.values()}):
            self._lose("; ".join(f"{file}: {why}" for file, why in sorted(troubles.items())[:3]))
        else:
            self._tell(files)
        return True

    def _read(self, folder: Path | None, at: int, wall: int) -> tuple[dict[str, _Known], dict[str, str]]:
        """The files by the names that the config has for them, and why others can't be read."""
        files: dict[str, _Known] = {}
        troubles: dict[str, str] = {}
        for file in {one.file for one in self._expected.values()}:
            if folder is None and not file.startswith("/"):
                troubles[file] = NO_FOLDER
                continue
            try:
                files[file] = self._read_one((folder or Path("/")) / file, at, wall)
            except UnreadableError as error:
                troubles[file] = str(error)
        return files, troubles

    def _read_one(self, path: Path, at: int, wall: int) -> _Known:
        known = self._known.get(path)
        mark = mark_of(path)
        if known is None or known.mark != mark:
            text = None if mark is None else read_text(path)
            changed = None if mark is None else at - max(0, wall - mark[0] // 1_000_000)
            known = self._known[path] = _Known(mark, SettingsFile(path.name, text), changed)
        return known

    def _tell(self, files: Mapping[str, _Known]) -> None:
        changes = self._said.retain(Kind.SETTING, self._expected, "no longer expected") + tuple(
            delta
            for one in self._expected.values()
            for delta in self._said.tell(Kind.SETTING, one.name, _readings(one, files.get(one.file)))
        )
        if changes or self._complete or self._lost:
            self._emit(Observed(Source.SETTINGS, changes, complete=self._complete or bool(self._lost)))
        self._complete = False
        if self._lost:
            self._lost = ""
            self._emit(SourceBack(Source.SETTINGS))

    def _lose(self, why: str) -> None:
        if self._lost != why:
            self._lost = why
            self._emit(SourceLost(Source.SETTINGS, "unreadable", f"no file of settings can be read: {why}"))


def mark_of(path: Path) -> _Mark | None:
    """When it was written last (nanoseconds since 1970), its size and its number on the disk; None where there is none. Raises `UnreadableError`."""
    try:
        found = path.stat()
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise UnreadableError("its folder is not there") from None
        return None
    except OSError as error:
        raise UnreadableError(_why(error)) from None
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_text(path: Path) -> str:
    """What a regular file holds. A pipe keeps nobody waiting, and what is too large is not read. Raises `UnreadableError`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnreadableError("it is no regular file")
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UnreadableError(_why(error)) from None
    if len(data) > LARGEST:
        raise UnreadableError("it is larger than 1 MiB")
    return data.decode("utf-8", "replace")


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "this user may not read it"
    return (error.strerror or type(error).__name__).lower()


def _readings(one: ExpectedSetting, known: _Known | None) -> dict[str, Any]:
    present, as_expected = UNKNOWN if known is None else known.content.judge(one.key, one.wanted)
    return {
        "name": one.name,
        "file": one.file,
        "key": one.key,
        "present": present,
        "as_expected": as_expected,
        "changed_at": None if known is None else known.changed_at,
    }
