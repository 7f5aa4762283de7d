"""
What a follower said, as a picture that does not depend on when, where and by whom: the same for every Sidekiq and every Redis.

Times, sizes and names of this one run are looked at (a time must lie within the run, a pid must be that of the process) and put into words;
what is wrong stands in the picture as it came, so that no picture with it is ever the expected one.
"""

import re
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from tests.service.matrix.parts import Sidekiq
from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind

Picture = dict[str, dict[str, Any]]
"""Entity in words → its readings."""

SHOWN: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.PROCESS: (
        "host",
        "pid",
        "tag",
        "version",
        "queues",
        "threads",
        "busy",
        "quiet",
        "listed",
        "rss",
        "rtt",
        "booted_at",
        "confirmed_at",
    ),
    Kind.JOB: ("jid", "job_class", "queue", "process", "host", "thread", "retries", "started_at"),
    Kind.QUEUE: ("name", "size", "latency"),
    Kind.SIDEKIQ: ("processed", "failed", "retries", "scheduled", "dead", "enqueued"),
    Kind.REDIS: ("role",),
}
"""The readings that stand in a picture."""
_SLACK: Final = 2_000


class Normaliser:
    """Puts the changes of one run into words; `began` and `now` are engine time."""

    def __init__(self, processes: Iterable[Sidekiq], *, began: int, now: Callable[[], int]) -> None:
        self._processes = {process.identity: process for process in processes}
        self._began = began
        self._now = now

    def picture(self, changes: Iterable[Delta | Gone]) -> Picture:
        """All entities as they stand after these changes."""
        entities: dict[tuple[Kind, str], dict[str, Any]] = {}
        for change in changes:
            key = (change.kind, change.id)
            if isinstance(change, Gone):
                entities.pop(key, None)
            else:
                entities[key] = entities.get(key, {}) | change.fields
        return {
            self._name(kind, entity, slots): self._words(kind, entity, slots) for (kind, entity), slots in entities.items() if kind in SHOWN
        }

    def lives(self, changes: Iterable[Delta | Gone]) -> dict[str, list[str]]:
        """For each run of a job what was said of it in turn: once that it began and at most once that it is over."""
        lives: dict[str, list[str]] = {}
        names: dict[str, str] = {}
        for change in changes:
            if change.kind != Kind.JOB:
                continue
            if isinstance(change, Delta):
                names.setdefault(change.id, self._name(change.kind, change.id, change.fields))
            lives.setdefault(names[change.id], []).append("over" if isinstance(change, Gone) else "began")
        return lives

    def beats(self, changes: Iterable[Delta | Gone], identity: str) -> list[int]:
        """When the process was seen to beat, in engine time."""
        return [
            change.fields["confirmed_at"]
            for change in changes
            if isinstance(change, Delta) and change.id == identity and "confirmed_at" in change.fields
        ]

    def _tag(self, identity: str) -> str:
        return self._processes[identity].tag if identity in self._processes else f"a stranger: {identity}"

    def _name(self, kind: Kind, entity: str, slots: Mapping[str, Any]) -> str:
        match kind:
            case Kind.PROCESS:
                return f"process {self._tag(entity)}"
            case Kind.JOB:
                return f"job {slots['job_class']} of {slots['queue']} in {self._tag(slots['process'])}"
            case Kind.QUEUE:
                return f"queue {entity}"
            case _:
                return entity

    def _words(self, kind: Kind, entity: str, slots: Mapping[str, Any]) -> dict[str, Any]:
        # A process that has left keeps the `busy` of its last beat, which may or may not have come after its jobs were pushed back.
        left = kind == Kind.PROCESS and not slots.get("listed")
        return {slot: self._word(entity, slot, slots.get(slot), slots) for slot in SHOWN[kind] if not (left and slot == "busy")}

    def _word(self, entity: str, slot: str, value: Any, slots: Mapping[str, Any]) -> Any:
        process = self._processes.get(entity)
        run = self._now() - self._began + _SLACK
        match slot:
            case "host" if value == socket.gethostname():
                return "this one"
            case "pid" if process and value == process.pid:
                return "its own"
            case "version" if value is None:
                return "not told"
            case "version" if process and value == process.version:
                return "its own"
            case "process":
                return self._tag(value)
            case "jid" if re.fullmatch("[0-9a-f]{24}", str(value)):
                return "24 hex digits"
            case "thread" if re.fullmatch("[0-9a-z]+", str(value)):
                return "a name"
            case "rss" if 2**20 < (value or 0) < 2**40:
                return "a size"
            case "rtt" if value is not None and 0 <= value < run:
                return "a duration"
            case "latency" if value and slots["size"] and value < run:
                return "a duration"
            case "booted_at" | "confirmed_at" | "started_at" if value is not None and self._began - _SLACK <= value <= self._now():
                return "a moment"
            case _:
                return value
