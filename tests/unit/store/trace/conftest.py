"""A recorder on a state folder, and what can be read of it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from watchdog.model.events import Event, TimeReached
from watchdog.store.trace import recorder as recorders
from watchdog.store.trace.limits import Limits
from watchdog.store.trace.reading import Hole, Record, segments
from watchdog.store.trace.recorder import Recorder
from watchdog.store.trace.segment import FORMAT, Header

MUCH = Limits(keep=1_000_000_000, most=2**30)
WALL = 1_700_000_000_000


def header(seq: int = 0, **more: Any) -> Header:
    """Of a file that begins behind that event."""
    plain = {
        "format": FORMAT, "version": "1", "memory": "m", "host": "web1", "boot_id": "boot-1", "digest": "", "mode": "", "seq": seq,
        "at": seq * 1000, "wall": WALL + seq * 1000, "cause": "start",
    }  # fmt: skip
    return Header(**{**plain, **more})


def event(seq: int, body: Any = None) -> Event:
    """The event of that number, a second after the one before."""
    return Event(seq, seq * 1000, WALL + seq * 1000, body or TimeReached())


def told(state: Path) -> list[str]:
    """All that can be read, in short: numbers of events with their marks, `?` and the reason for a hole, `|` for the begin of a file."""
    said = []
    for one in segments(state):
        if isinstance(one, Hole):
            said.append(f"?{one.reason}")
            continue
        said.append("|")
        said += [
            f"{record.mark}{record.event.seq}" if isinstance(record, Record) else f"?{record.reason}" for record in one.records()
        ]  # fmt: skip
    return said


@pytest.fixture
async def recorder(state: Path) -> AsyncIterator[Callable[..., Recorder]]:
    """`recorder(limits)`: one that writes into the state folder."""
    state.mkdir(mode=0o700)
    made: list[Recorder] = []

    def make(limits: Limits = MUCH, wall: Callable[[], int] = lambda: WALL) -> Recorder:
        one = Recorder(state, limits, wall=wall)
        made.append(one)
        return one

    yield make
    for one in made:
        await one.close()


@pytest.fixture(autouse=True)
def no_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk that tests run on may be nearly full."""
    monkeypatch.setattr(recorders, "RESERVE", 0)
