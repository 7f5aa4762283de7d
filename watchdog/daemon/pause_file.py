"""
The pause that works when everything else is broken: a file called `pause` in the state folder.

Its first line is the reason. While it is there, nothing is done. An empty one is a pause, too, but given a moment: `echo reason > pause` makes the file first, and
writes the reason into it then.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdog.model.events import Body, Paused, Resumed

NAME: Final = "pause"
BY: Final = "the pause file"
LONGEST: Final = 200
"""Characters of a reason."""
ENOUGH: Final = 4096
"""Bytes that are read: somebody may have redirected a log into it."""
SETTLED: Final = 0.3
"""Seconds after which an empty file is empty for good."""
_EMPTY: Final = ""

NONE_GIVEN: Final = "no reason given"


def _later(seconds: float, call: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, call)


class PauseFile:
    """
    Looked at after each turn; says so only when it comes, changes or goes.

    `said` is the reason under which it paused the agent before this start, None if it did not. `later` calls a function after so many seconds.
    """

    def __init__(
        self, folder: Path, emit: Callable[[Body], None], *, said: str | None, later: Callable[[float, Callable[[], None]], object] = _later
    ) -> None:
        self._path = folder / NAME
        self._emit = emit
        self._said = said
        self._later = later
        self._is_awaited = False
        self._is_first = True

    def look(self) -> None:
        """One attempt to open it. Never waits, whatever kind of file it is."""
        reason = self._read()
        first, self._is_first = self._is_first, False
        if reason != _EMPTY:
            self._tell(reason)
        elif first:
            # It was there before the agent: nobody is just writing it.
            self._tell(NONE_GIVEN)
        elif self._said != NONE_GIVEN and not self._is_awaited:
            self._is_awaited = True
            self._later(SETTLED, self._settle)

    def _settle(self) -> None:
        """It was empty a moment ago; what it is now it is."""
        self._is_awaited = False
        reason = self._read()
        self._tell(NONE_GIVEN if reason == _EMPTY else reason)

    def _tell(self, reason: str | None) -> None:
        if reason == self._said:
            return
        if reason is not None:
            self._emit(Paused(BY, reason))
        else:
            self._emit(Resumed(BY))
        self._said = reason

    def _read(self) -> str | None:
        try:
            # A pipe of that name would keep the whole agent waiting for its writer.
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            return _unreadable(error)
        try:
            text = os.read(descriptor, ENOUGH).decode(errors="replace").strip()
        except OSError as error:
            return _unreadable(error)
        finally:
            os.close(descriptor)
        return text.splitlines()[0][:LONGEST].rstrip() if text else _EMPTY


def _unreadable(error: OSError) -> str:
    # It is there and can't be read: whoever put it there wanted a pause.
    return f"no reason could be read ({error.strerror})"
