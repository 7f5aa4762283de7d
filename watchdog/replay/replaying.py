"""
One reading of a trace for all who play it: rules as they were, rules that are tried, several at once.

The counterpart of `trace.py`, which reads. Events are decoded once and dropped; what is left of a week are the accounts.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from watchdog.engine.checkpoint import BrokenCheckpointError, rebuild
from watchdog.engine.ledger import Ledger, Phase
from watchdog.engine.rules import NO_RULES
from watchdog.engine.state import State
from watchdog.errors import WatchdogError
from watchdog.replay.trace import Lack, Opened, played
from watchdog.store.trace.reading import Record
from watchdog.store.trace.segment import Header

MOST_LACKS: Final = 100
"""Holes that are listed; all are counted."""


class NoTraceError(WatchdogError):
    """There is nothing to be played."""


class Player(Protocol):
    """Who plays: it is told each file and each record, and passes over those that come while it has no state."""

    @property
    def state(self) -> State | None:
        """Of the engine that it plays; None while nothing can be played to it."""

    def open(self, opened: Opened) -> str:
        """Why it can't play that file, or ''."""

    def take(self, record: Record) -> None:
        """One event."""

    def stop(self) -> None:
        """What comes now does not follow what came."""


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """
    What of the time could be played.

    `since` and `until` are the first and the last event (UTC milliseconds), `events` how many there were in between, `ms` for how long somebody saw what happened. `missing` lists the holes, of
    `holes`; `hosts` and `versions` are those of who recorded it. `before` are the alerts that fired already at `since`, as `rule|entity`.
    """

    since: int
    until: int
    events: int
    ms: int
    holes: int
    missing: tuple[Lack, ...]
    hosts: tuple[str, ...]
    versions: tuple[str, ...]
    before: frozenset[str]


class _Watch:
    """Counts what could be played."""

    def __init__(self) -> None:
        self.events = self.ms = self.holes = 0
        self.first: int | None = None
        self.last = 0
        self.missing: list[Lack] = []
        self.hosts: dict[str, None] = {}
        self.versions: dict[str, None] = {}
        self.before: frozenset[str] = frozenset()
        self._at: int | None = None

    def opened(self, opened: Opened) -> None:
        header = opened.header
        self.hosts[header.host] = self.versions[header.version] = None
        if self.first is None:
            self.first = self.last = header.wall
            self.before = _firing_at(opened)

    def goes_on(self, header: Header) -> None:
        if self.missing and self.missing[-1].until is None:
            self.missing[-1] = msgspec.structs.replace(self.missing[-1], until=header.wall)
        if header.cause == "start":
            # Until its first event nobody looked.
            self._at = None
        elif self._at is None:
            self._at = header.at

    def saw(self, record: Record) -> None:
        event = record.event
        self.events += 1
        if self._at is not None and event.at > self._at:
            self.ms += event.at - self._at
        self._at, self.last = event.at, event.wall

    def lacks(self, lack: Lack) -> None:
        self.holes += 1
        self._at = None
        if len(self.missing) < MOST_LACKS:
            self.missing.append(lack)


def play(folder: Path, players: Sequence[Player], *, since: int | None = None, until: int | None = None) -> Covered:
    """
    Plays the trace of that folder to all of them, from the file in which `since` lies; what came before `since` is played as well, so that it is known then.

    A file that one of them can't play is a hole for all. Raises `NoTraceError` where no event can be played, and `StoreError`.
    """
    watch = _Watch()
    goes = False
    for part in played(folder, since=since, until=until):
        if isinstance(part, Record):
            if goes:
                watch.saw(part)
                for player in players:
                    player.take(part)
            continue
        if isinstance(part, Opened):
            watch.opened(part)
            said = [why for player in players if (why := player.open(part))]
            goes = not said
            if goes:
                watch.goes_on(part.header)
                continue
            lack = Lack(said[0], part.segment.path.name, part.header.wall)
        else:
            lack, goes = part, False
        watch.lacks(lack)
        for player in players:
            player.stop()
    for player in players:
        player.stop()
    if not watch.events or watch.first is None or (since is not None and watch.last < since):
        raise NoTraceError(_nothing(folder, watch))
    return Covered(
        since=watch.first, until=watch.last, events=watch.events, ms=watch.ms, holes=watch.holes, missing=tuple(watch.missing), hosts=tuple(watch.hosts),
        versions=tuple(watch.versions), before=watch.before,
    )  # fmt: skip


def _firing_at(opened: Opened) -> frozenset[str]:
    """What fired as that file was begun; nothing where that can't be read."""
    data = opened.segment.checkpoint()
    try:
        return firing_in(rebuild(data, NO_RULES).ledger) if data is not None else frozenset()
    except BrokenCheckpointError:
        return frozenset()


def firing_in(ledger: Ledger) -> frozenset[str]:
    """The alerts that fire, as `rule|entity`."""
    return frozenset(key for key, alert in ledger.alerts.items() if alert.phase is Phase.FIRING)


def _nothing(folder: Path, watch: _Watch) -> str:
    if watch.missing:
        return f"nothing of the trace in {folder} can be played: {watch.missing[0].file}: {watch.missing[0].reason}"
    return f"nothing was recorded in {folder} in that time"
