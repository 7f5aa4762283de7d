"""
The pause that works when everything else is broken: a file called `pause` in the state folder.

Its first line is the reason. While it is there, nothing is done.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdog.model.events import Body, Paused, Resumed

NAME: Final = "pause"
BY: Final = "the pause file"


class PauseFile:
    """Looked at after each turn; says so only when it comes, changes or goes."""

    def __init__(self, folder: Path, emit: Callable[[Body], None], *, paused: bool) -> None:
        self._path = folder / NAME
        self._emit = emit
        self._said: str | None = "" if paused else None

    def look(self) -> None:
        """One stat of the file system."""
        reason = self._read()
        if reason == self._said:
            return
        if reason is not None:
            self._emit(Paused(BY, reason))
        else:
            self._emit(Resumed(BY))
        self._said = reason

    def _read(self) -> str | None:
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            # It is there and can't be read: whoever put it there wanted a pause.
            return f"no reason could be read ({error.strerror})"
        return text.strip().splitlines()[0][:200] if text.strip() else "no reason given"
