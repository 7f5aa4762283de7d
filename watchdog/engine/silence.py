"""
Which processes have fallen silent: the one change that no reading makes, only time.

The counterpart of `changes`, which finds all others. Whoever asks must see to it that Redis could be read all the while: silence of
a source says nothing about its subjects.
"""

from collections.abc import Iterable, Iterator

from watchdog.engine.deadlines import Deadlines
from watchdog.model.changes import SILENCE


class Silences:
    """When each process will be missed, and who is; times are engine milliseconds."""

    __slots__ = ("_due", "_heard", "_silent")

    def __init__(self) -> None:
        self._heard: dict[str, int] = {}
        self._due: Deadlines[str] = Deadlines()
        self._silent: set[str] = set()

    def heard(self, process: str, at: int) -> int | None:
        """Its last beat was at `at`; how long it had been silent before, if it had fallen silent and this ends it."""
        before = self._heard.get(process)
        if before is not None and at <= before:
            return None
        self._heard[process] = at
        self._due.set(process, at + SILENCE)
        if process not in self._silent or before is None:
            return None
        self._silent.discard(process)
        return at - before

    def fallen(self, now: int) -> Iterator[tuple[str, int]]:
        """Who has fallen silent by `now`, with the time for which it has been; each once."""
        for process in self._due.pop_due(now):
            self._silent.add(process)
            yield process, now - self._heard[process]

    @property
    def silent(self) -> list[str]:
        """Who has fallen silent and not beaten since."""
        return sorted(self._silent)

    def go_on(self, silent: Iterable[str]) -> None:
        """These have fallen silent before, and are not missed once more."""
        for process in silent:
            self._due.set(process, None)
            self._silent.add(process)

    def next(self) -> int | None:
        """When the next one will be missed."""
        return self._due.next()

    def forget(self, process: str) -> None:
        """It is gone: nobody misses it."""
        self._heard.pop(process, None)
        self._due.set(process, None)
        self._silent.discard(process)
