"""What the web sees of the loop, and how what people say by it goes in: once, committed before it is answered, and never lost with an answer."""

import asyncio
from typing import Any

import pytest

from tests.unit.daemon.conftest import FULL, FakeStore, Run
from watchdog.clock import Clock
from watchdog.daemon.windows import SILENT, Windows
from watchdog.model.events import Started
from watchdog.model.told import OperatorPaused, OperatorResumed
from watchdog.rulefile.api import ApiSettings
from watchdog.store.failures import StoreError
from watchdog.web.answered import Answered

pytestmark = pytest.mark.looptime


class Answers(FakeStore):
    """Remembers the rows of its audit log, as the real one does."""

    def __init__(self) -> None:
        super().__init__()
        self.pruned = False

    async def answer_to(self, told: str) -> tuple[str, str] | None:
        rows = [row for commit in self.commits for row in commit.audit if row.detail.get("told") == told]
        return (rows[0].outcome, rows[0].reason) if rows and not self.pruned else None


class Keeper:
    """As much of the status keeper as is asked."""

    def __init__(self) -> None:
        self.follower = object()
        self.made = 0
        self.doors: Any = None
        self.streams: Any = None

    def picture(self) -> dict[str, Any]:
        self.made += 1
        return {"made": self.made}


class Loaded:
    """As much of what was loaded."""

    def __init__(self, state: Any) -> None:
        self.state = state
        self.settings = type("Settings", (), {"api": ApiSettings(), "page": None})


@pytest.fixture
def look(run, tmp_path):
    """Windows on a loop of turns that has begun."""

    async def begin() -> tuple[Windows, Run, Keeper]:
        one, keeper = run(Answers()), Keeper()
        await one.turns.settle(Started("0", "boot-1", "web1"))
        windows = Windows(Loaded(tmp_path), one.turns, Clock(), keeper, one.store, host="web1")  # type: ignore[arg-type]
        return windows, one, keeper

    return begin


def pause(windows: Windows, id_: str = "p1") -> OperatorPaused:
    """Said now."""
    now = windows.wall()
    return OperatorPaused(id=id_, by="ada", reason="new disks", asked=now, until=now + 3_600_000, channel="local")


async def test_it_shows_what_was_committed_last(look):
    """State, number and time are those of the loop."""
    windows, one, _ = await look()
    assert (windows.state, windows.seq, windows.host) == (one.turns.state, one.turns.seq, "web1")
    assert windows.rules is one.turns.rules


async def test_a_picture_is_made_for_all_who_ask(look, monkeypatch):
    """However many ask within half a second there is one; after that it is made anew."""
    windows, _, keeper = await look()
    now = [100.0]
    monkeypatch.setattr("watchdog.daemon.windows.time.monotonic", lambda: now[0])
    assert [windows.picture()["made"] for _ in range(5)] == [1] * 5
    now[0] += 0.6
    assert windows.picture()["made"] == 2
    assert keeper.made == 2


async def test_what_is_said_is_answered_once_it_is_committed(look):
    """Not before: whoever has an answer can rely on it."""
    windows, one, _ = await look()
    one.store.gate.clear()
    saying = asyncio.create_task(windows.tell(pause(windows)))
    await one.store.asked.wait()
    assert not saying.done()
    one.store.gate.set()
    answered = await saying
    assert (answered.outcome, answered.refused) == ("paused", False)
    assert len(windows.state.ledger.pauses) == 1


async def test_what_is_said_twice_is_heard_once(look):
    """The second answer is the first one, out of the audit log; also where the first is still on its way."""
    windows, one, _ = await look()
    first, second = await asyncio.gather(windows.tell(pause(windows)), windows.tell(pause(windows)))
    assert first == second == await windows.tell(pause(windows))
    assert sum(row.kind == "operator" for commit in one.store.commits for row in commit.audit) == 1
    one.store.pruned = True
    with pytest.raises(StoreError, match="it was heard before"):
        await windows.tell(pause(windows))


async def test_a_refusal(look):
    """It comes with its reason."""
    windows, _, _ = await look()
    answered = await windows.tell(OperatorResumed(id="r1", by="ada", reason="x", asked=windows.wall()))
    assert answered == Answered("refused", "no such pause was given by command")
    assert answered.refused


async def test_whoever_does_not_wait_is_heard_all_the_same(look):
    """A disk that is full keeps the answer away, and the caller goes; once it can be written it holds."""
    windows, one, _ = await look()
    one.store.failure = FULL
    saying = asyncio.create_task(windows.tell(pause(windows)))
    while not one.store.refused:
        await asyncio.sleep(0.1)
    saying.cancel()
    await asyncio.wait([saying])
    assert windows.state.ledger.pauses == {}
    one.store.failure = None
    await one.turns.settle(OperatorResumed(id="r1", by="ben", reason="x", asked=windows.wall(), rule="nothing"))
    assert [pause.by for pause in windows.state.ledger.pauses.values()] == ["ada"]


async def test_a_disk_that_is_full_is_shown_at_once(look):
    """By whoever looks now: what is kept in the store says nothing of a store that can't be written. What stands on top is drawn anew, then and when it is over."""
    windows, one, _ = await look()
    hub = one.turns.hub
    before = hub.versions()["overview"]
    one.store.failure = FULL
    one.turns.offer(OperatorResumed(id="r0", by="ben", reason="x", asked=windows.wall()))
    while not windows.failing:
        await asyncio.sleep(0.1)
    assert "full" in windows.failing
    during = hub.versions()["overview"]
    assert during > before
    one.store.failure = None
    while windows.failing:
        await asyncio.sleep(0.1)
    await asyncio.sleep(2)
    assert hub.versions()["overview"] > during


async def test_a_disk_that_hangs_is_shown(look):
    """It says nothing, so nothing fails: but what stands there is old, and nothing is done."""
    windows, one, _ = await look()
    assert windows.failing == ""
    one.store.gate.clear()
    saying = asyncio.create_task(windows.tell(pause(windows)))
    await one.store.asked.wait()
    await asyncio.sleep(SILENT / 1000 + 1)
    assert windows.failing == "no turn has come to its end for 21s; does the disk answer?"
    one.store.gate.set()
    await saying
    assert windows.failing == ""
