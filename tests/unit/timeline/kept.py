"""What an agent leaves behind that has lived through a conversation: the same rows, incidents and messages, in a store of their own."""

import asyncio
import sqlite3
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

import pytest

from tests.unit.timeline import stories
from watchdog.clock import Clock
from watchdog.model.effects import Audit, Effect, KeepIncident, Notify
from watchdog.store.outbox import Handed
from watchdog.store.store import Commit, Store

_MADE: dict[str, Path] = {}
TOOK = 200
"""Milliseconds that every delivery took."""


class Then(Clock):
    """Shows the time at which something was said."""

    def __init__(self) -> None:
        self.now = 0

    def wall(self) -> int:
        return self.now


def keep(folder: Path, effects: Iterable[Effect], *, delivered: bool = True) -> Path:
    """Writes down what the engine has asked for, at its times, and gives the folder back; everybody has heard of everything shortly after, or of nothing yet."""
    said = [effect for effect in effects if isinstance(effect, Audit | KeepIncident | Notify)]

    async def agent() -> None:
        clock = Then()
        store = await Store.open(folder, clock=clock)
        try:
            for now, together in groupby(said, key=lambda effect: _time_of(effect, clock)):
                effects_ = tuple(together)
                # To see where they end the next one was looked at, and its time.
                clock.now = now
                await store.commit(_commit(store.last_seq + 1, effects_))
                store.last_seq += 1
        finally:
            await store.close()

    # In a thread of its own: the loop that is made there is not that of pytest's plugins.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(agent())).result()
    if delivered:
        change(folder, f"UPDATE outbox SET outcome = 'delivered', ended = written + {TOOK}")
    return folder


def left_by(name: str, factory: pytest.TempPathFactory) -> Path:
    """The folder of the story with that name, made once; for looking only."""
    if name not in _MADE:
        _MADE[name] = keep(factory.mktemp(name) / "state", getattr(stories, name)().effects)
    return _MADE[name]


def change(folder: Path, *statements: str) -> None:
    """What nobody but time does to a database."""
    connection = sqlite3.connect(folder / "watchdog.db", isolation_level=None)
    try:
        for statement in statements:
            connection.execute(statement)
    finally:
        connection.close()


def _time_of(effect: Effect, clock: Then) -> int:
    match effect:
        case Audit(row=row):
            clock.now = row.wall
        case Notify(notice=notice):
            clock.now = notice.at
    return clock.now


def _commit(seq: int, effects: tuple[Effect, ...]) -> Commit:
    return Commit(
        seq,
        audit=tuple(effect.row for effect in effects if isinstance(effect, Audit)),
        incidents=tuple(effect.incident for effect in effects if isinstance(effect, KeepIncident)),
        notices=tuple(
            Handed(receiver, effect.notice, effect.not_before, effect.takes)
            for effect in effects
            if isinstance(effect, Notify)
            for receiver in effect.receivers
        ),
    )
