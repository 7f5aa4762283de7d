"""A state folder, a store in it, and a wall clock that is moved by hand."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from watchdog.clock import Clock
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.store.store import Store


class WallClock(Clock):
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000

    def wall(self) -> int:
        return self.now


@pytest.fixture
def clock() -> WallClock:
    """The clock of the store under test."""
    return WallClock()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder that does not exist yet."""
    return tmp_path / "state"


@pytest.fixture
async def store(state: Path, clock: WallClock) -> AsyncIterator[Store]:
    """An open store in that folder."""
    opened = await Store.open(state, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
def notice() -> Callable[..., Notice]:
    """Make a notice, by default one of its own thread."""

    def make(id_: str, thread: str = "", *, kind: NoticeKind = NoticeKind.FIRING, group: str = "") -> Notice:
        return Notice(id_, thread or id_, kind, Severity.CRITICAL, 1_700_000_000_000, f"title of {id_}", group=group)

    return make


@pytest.fixture
def tamper(state: Path) -> Callable[..., None]:
    """Change the database behind the agent's back."""

    def change(*statements: str) -> None:
        connection = sqlite3.connect(state / "watchdog.db", isolation_level=None)
        try:
            for statement in statements:
                connection.execute(statement)
        finally:
            connection.close()

    return change
