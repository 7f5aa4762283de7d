"""Dispatches as the deliverer hands them to a receiver, made by hand."""

from typing import Any

from watchdog.model.cards import Card, Entry, Standing
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.receiver import Dispatch

BEGAN = 1_700_000_000_000
"""UTC milliseconds at which every alert here began."""


def entry(thread: str = "7", **fields: Any) -> Entry:
    """An alert that fires, unless something else is said."""
    usual = {
        "standing": Standing.FIRING,
        "severity": Severity.CRITICAL,
        "title": "web1/sidekiq-2 holds 3 jobs",
        "first": BEGAN + 1_000,
        "last": BEGAN + 1_000,
        "since": BEGAN,
        "rule": "stuck-job",
        "entity": "web1:4321:abc",
        "host": "web1",
    }
    return Entry(thread=thread, **{**usual, **fields})


def over(thread: str = "7", *, at: int = BEGAN + 60_000, **fields: Any) -> Entry:
    """The same, resolved."""
    return entry(thread, standing=Standing.RESOLVED, over=at, last=at, **fields)


def turn(thread: str = "7", kind: NoticeKind = NoticeKind.FIRING, **fields: Any) -> Notice:
    """One turn of its story."""
    usual = {
        "id": f"m_{thread}",
        "severity": Severity.CRITICAL,
        "at": BEGAN + 1_000,
        "title": "web1/sidekiq-2 holds 3 jobs",
        "rule": "stuck-job",
    }
    return Notice(thread=thread, kind=kind, **{**usual, **fields})


def dispatch(
    *entries: Entry, notices: tuple[Notice, ...] | None = None, posted: dict[str, str] | None = None, id_: str = "d1", **card: Any
) -> Dispatch:
    """A group with these alerts, each of which has had one turn unless it is said which there were."""
    told = tuple(turn(one.thread) for one in entries) if notices is None else notices
    return Dispatch(id=id_, group="g1", card=Card(group="g1", entries=entries, **card), notices=told, posted=posted or {})


class Memory(dict[str, str]):
    """What is remembered of a group; `keep` is what a receiver is given for it."""

    async def keep(self, lines: Any) -> None:
        for name, value in lines.items():
            if value:
                self[name] = value
            else:
                self.pop(name, None)
