"""Dispatches of a group as the deliverer makes them, and its memory of what was posted."""

from collections.abc import Mapping
from typing import Any

from watchdog.model.cards import Card, Entry, Standing
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.receiver import Dispatch

AT = 1_700_000_000_000


class Group:
    """One group that goes on; `posted` is what its receiver remembered of it."""

    def __init__(self, name: str = "incident-7") -> None:
        self.name = name
        self.posted: dict[str, str] = {}
        self._number = 0

    async def remember(self, lines: Mapping[str, str]) -> None:
        """As the deliverer does, durably."""
        self.posted.update(lines)
        for name in [name for name, value in self.posted.items() if not value]:
            del self.posted[name]

    def dispatch(self, *notices: Notice, **entry: Any) -> Dispatch:
        """The next one: of one alert, as these notices leave it."""
        self._number += 1
        fields = {
            "standing": Standing.FIRING,
            "severity": Severity.CRITICAL,
            "title": "3 jobs held on web1/sidekiq",
            "first": AT,
            "last": AT,
            "rule": "stuck-job",
            **entry,
        }
        card = Card(group=self.name, entries=(Entry(thread="a1", **fields),), told=self._number)
        return Dispatch(id=f"d{self._number}-{self.name}", group=self.name, card=card, notices=notices, posted=self.posted)


def notice(title: str, kind: NoticeKind = NoticeKind.STAGE, severity: Severity = Severity.WARNING, **fields: Any) -> Notice:
    """One turn of the story."""
    return Notice(fields.pop("id", "412.0"), "a1", kind, severity, AT, title, **fields)
