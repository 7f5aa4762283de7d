"""A store that lives in memory and does as it is told, a loop of turns on it, and a socket such as systemd listens on."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from watchdog.clock import Clock
from watchdog.daemon.turns import Turns
from watchdog.model.effects import Command, Effect
from watchdog.model.events import Event
from watchdog.store.failures import StoreError
from watchdog.store.store import Commit

FULL = StoreError("database or disk is full")


class FakeStore:
    """Commits are kept in `commits`; `failure` is raised while it is set; while `gate` is closed nothing is answered."""

    def __init__(self, *, ledger: bytes | None = None, last_seq: int = 0) -> None:
        self.ledger, self.last_seq, self.name = ledger, last_seq, "memory"
        self.history: bytes | None = None
        self.commits: list[Commit] = []
        self.refused: list[Commit] = []
        self.failure: StoreError | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()

    async def commit(self, commit: Commit) -> None:
        self.asked.set()
        await self.gate.wait()
        if self.failure is not None:
            self.refused.append(commit)
            raise self.failure
        assert commit.seq > self.last_seq, "the store refuses what is not newer"
        self.last_seq = commit.seq
        if commit.ledger is not None:
            self.ledger = commit.ledger
        self.commits.append(commit)


class Run:
    """A loop of turns, and all that came of it."""

    def __init__(self, store: FakeStore, **settings: Any) -> None:
        self.store = store
        self.performed: list[Command] = []
        self.observed: list[tuple[Event, tuple[Effect, ...]]] = []
        self.turned: list[float] = []
        self.turns = Turns(
            store=store, clock=Clock(), perform=self.performed.append, after_turn=self._after_turn,  # type: ignore[arg-type]
            observe=lambda event, effects: self.observed.append((event, effects)), **settings,
        )  # fmt: skip
        self.task: asyncio.Task[None] | None = None

    @property
    def seqs(self) -> list[int]:
        """The numbers of the events that were taken."""
        return [event.seq for event, _ in self.observed]

    def begin(self) -> None:
        """Makes turns from now on."""
        self.task = asyncio.create_task(self.turns.run())

    def _after_turn(self) -> None:
        self.turned.append(asyncio.get_running_loop().time())


@pytest.fixture
async def run() -> AsyncIterator[Callable[..., Run]]:
    """`run(store, …)`: a loop of turns that has begun."""
    runs: list[Run] = []

    def make(store: FakeStore | None = None, **settings: Any) -> Run:
        one = Run(FakeStore() if store is None else store, **settings)
        one.begin()
        runs.append(one)
        return one

    yield make
    for one in runs:
        assert one.task is not None
        one.task.cancel()
        await asyncio.wait({one.task})


class Listener:
    """The other end of the notify socket."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.setblocking(False)

    def told(self) -> list[str]:
        """The messages since the last call: a datagram is there when its sender has returned."""
        messages = []
        try:
            while True:
                messages.append(self._socket.recv(4096).decode())
        except BlockingIOError:
            return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """Somebody who listens as systemd does, and is named in the environment; no watchdog is asked for."""
    listener = Listener(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", listener.address)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    yield listener
    listener.close()
