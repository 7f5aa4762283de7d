"""Keeping the engine's histories: what is written when, and what a store that fails means for it."""

import asyncio
from types import SimpleNamespace

import pytest

from tests.scenario.conversation import Conversation, redis, rules
from watchdog.daemon.remembering import HistoryKeeper
from watchdog.engine.state import begin
from watchdog.model.events import Delta
from watchdog.model.kinds import Kind
from watchdog.store.failures import StoreDamagedError, StoreError

WINDOW = "rules:\n  - {rule: full, each: queue, when: 'avg(queue.size, 10m) > 100'}\n"
PLAIN = "rules:\n  - {rule: full, each: queue, when: queue.size > 100}\n"


class Kept:
    """A store that remembers what it was given, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.given: list[bytes] = []

    async def keep_history(self, data: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.given.append(data)


def keeper(store: Kept, text: str = WINDOW, **more: float) -> tuple[HistoryKeeper, Conversation]:
    """A keeper for an engine that has seen one queue."""
    talk = Conversation(rules(text))
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"name": "push", "size": 7, "latency": 0}), complete=True), at=1_000)
    clock = SimpleNamespace(at=lambda: talk.at, wall=lambda: talk.booted_wall + talk.at)
    turns = SimpleNamespace(state=talk.state, seq=talk.seq, failing="", resting=asyncio.Lock())
    return HistoryKeeper(store=store, clock=clock, turns=turns, **more), talk  # type: ignore[arg-type]


async def test_what_is_kept_can_be_taken_up():
    """A successor begins with what was kept, and not with the value alone that it reads now."""
    store = Kept()
    one, talk = keeper(store)
    await one.keep()

    after = Conversation(rules(WINDOW), started=False)
    after.state = begin(talk.state.ledger, history=store.given[0])
    after.at = 1_000
    after.start()

    assert after.state.world.history.size() > 0
    assert [row.outcome for row in after.audit("agent")] == ["started", "rules in force"]


async def test_nothing_is_written_where_no_rule_asks():
    """Rules without windows cost no write."""
    store = Kept()
    await keeper(store, PLAIN)[0].keep()

    assert store.given == []


async def test_it_writes_for_ever():
    """Each time its time has come; ended by being cancelled."""
    store = Kept()
    one, _ = keeper(store, every=0.0)
    store_full = Kept.keep_history

    class EnoughError(Exception):
        """It has been seen often enough."""

    async def until_three(data: bytes) -> None:
        await store_full(store, data)
        if len(store.given) == 3:
            raise EnoughError

    store.keep_history = until_three  # type: ignore[method-assign]
    with pytest.raises(EnoughError):
        await one.run()
    assert len(set(store.given)) == 1


async def test_a_full_disk_is_no_reason_to_end_and_a_damaged_database_is():
    """Histories that can't be written are written the next time; damage must be known, as the next start sets it aside."""
    await keeper(Kept(StoreError("full")))[0].keep()
    with pytest.raises(StoreDamagedError):
        await keeper(Kept(StoreDamagedError("broken")))[0].keep()


@pytest.mark.parametrize("kept", [b"", b"\x00", b"{}", b"\xff" * 100])
def test_histories_that_cannot_be_read_are_said_and_left_out(kept):
    """Damaged histories keep nobody from starting: windows begin anew, and the audit log says so."""
    talk = Conversation(rules(WINDOW), started=False)
    talk.state = begin(history=kept)
    talk.start()

    assert [row.outcome for row in talk.audit("agent")] == ["started", "warning", "rules in force"]
    assert "windows begin anew" in talk.audit("agent")[1].reason
