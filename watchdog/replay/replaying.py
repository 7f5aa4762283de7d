"""
One reading of a trace for all who play it: rules as they were, rules that are tried, several at once.

The counterpart of `trace.py`, which reads. Events are decoded once and dropped; what is left of a week are the accounts.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from watchdog.engine.state import State
from watchdog.errors import WatchdogError
from watchdog.replay.trace import Lack, Opened, Part, played
from watchdog.replay.watch import Covered, Watch
from watchdog.store.trace.reading import Record


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


def play(folder: Path, players: Sequence[Player], *, since: int | None = None, until: int | None = None) -> Covered:
    """
    Plays the trace of that folder to all of them, from the file in which `since` lies; what came before `since` is played as well, so that it is known then.

    A file that one of them can't play is a hole for all. Raises `NoTraceError` where no event can be played, and `StoreError`.
    """
    watch = follow(played(folder, since=since, until=until), players)
    for player in players:
        player.stop()
    return covered(watch, folder, since=since)


def follow(parts: Iterable[Part], players: Sequence[Player], watch: Watch | None = None) -> Watch:
    """Plays these parts, the first of which begins a file, to all of them, who may go on after them; `watch` has seen what came before. Raises `StoreError`."""
    watch = Watch() if watch is None else watch
    goes = False
    for part in parts:
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
    return watch


def covered(watch: Watch, folder: Path, *, since: int | None) -> Covered:
    """What could be played of that folder. Raises `NoTraceError` where that is nothing."""
    if not watch.events or watch.first is None or (since is not None and watch.last < since):
        raise NoTraceError(_nothing(folder, watch))
    return Covered(
        since=watch.first, until=watch.last, events=watch.events, ms=watch.ms, holes=watch.holes, missing=tuple(watch.missing), hosts=tuple(watch.hosts),
        versions=tuple(watch.versions), before=watch.before,
    )  # fmt: skip


def _nothing(folder: Path, watch: Watch) -> str:
    if watch.missing:
        return f"nothing of the trace in {folder} can be played: {watch.missing[0].file}: {watch.missing[0].reason}"
    return f"nothing was recorded in {folder} in that time"
