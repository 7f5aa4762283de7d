"""
From single tries to readings: pure, and one failure says nothing.

Why two in a row: a server that is restarted, or one slow answer, would otherwise hold up or let loose everything that rests on the check.
"""

from typing import Any, Final

from watchdog.checks.attempt import Room

IN_A_ROW: Final = 2
"""So many tries that say the same turn `ok`; the very first success counts at once."""
_MANY: Final = 2
"""So many connections more or fewer are nothing new, and neither is a tenth."""
_MUCH: Final = 10
"""Milliseconds by which a latency must differ, and by a half, to be told again."""


class Record:
    """What is known of one check by the tries so far."""

    def __init__(self) -> None:
        self.ok: bool | None = None
        self._said: bool | None = None
        self._times = 0
        self._failing_at: int | None = None
        self._problem = ""
        self._latency: int | None = None
        self._free: int | None = None
        self._most: int | None = None
        self._told: dict[str, Any] = {}

    @property
    def is_doubtful(self) -> bool:
        """The last try said something else than what holds: the next one should come soon."""
        return self._said is not None and self._said is not self.ok

    def take(self, failure: str, *, began: int, took: int, room: Room | None = None) -> dict[str, Any]:
        """
        One try that began at `began` (engine time) and took so many milliseconds; gives the slots that have changed.

        `failure` is empty for a success; `room` is what the server told of its room for clients.
        """
        success = not failure
        self._times = self._times + 1 if success is self._said else 1
        self._said = success
        self._problem = failure
        if success:
            if self._latency is None or abs(took - self._latency) > max(_MUCH, self._latency // 2):
                self._latency = took
            free, self._most = room or (None, None)
            if free is None or self._free is None or abs(free - self._free) > max(_MANY, self._free // 10):
                self._free = free
        elif self._times == 1:
            self._failing_at = began if self.ok is not False else self._failing_at
        if self._times >= IN_A_ROW or (success and self.ok is None):
            self.ok = success
        readings = {
            "ok": self.ok,
            "failing_at": self._failing_at if self.ok is False else None,
            "latency": self._latency,
            "free_connections": self._free if self.ok else None,
            "max_connections": self._most if self.ok else None,
            "problem": self._problem,
        }
        changed = {slot: value for slot, value in readings.items() if slot not in self._told or self._told[slot] != value}
        self._told = readings
        return changed
