"""The weekly digest of a real agent: what fell due while none ran is told at the start, once, through a real webhook."""

import contextlib

import msgspec
import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.hook import Hook
from watchdog.engine import ledger as ledgers
from watchdog.engine.week import OfRule
from watchdog.store.store import Commit, Store

pytestmark = pytest.mark.needs("redis-server")


async def test_it_is_told_once(redis_server, tmp_path):
    """With what was counted before; another start tells nothing again, and the next one is due on its day."""
    async with Hook() as hook:
        config = write_config(tmp_path, url=redis_server.url, hook=hook.url)
        async with contextlib.aclosing(AgentProcess(config)) as first:
            await first.start()
            assert await first.stop() == 0
        due = await fall_due(tmp_path / "state")
        for _ in range(2):
            async with contextlib.aclosing(AgentProcess(config)) as agent:
                await agent.start()
                told = await hook.wait_for("agent.digest")
                rows = await agent.audit(lambda row: row["kind"] == "agent" and row["outcome"] == "digest")
                assert await agent.stop() == 0

    assert len(rows) == 1
    assert told["data"]["title"].endswith("3 alerts, 0 acted upon, 2 would have been (dry-run), 0 held back")
    assert (
        told["data"]["reason"]
        == "dry-run would have done: stuck-job 2 times (2 ended before)\nnever right: stuck-job (2 ended by themselves before)"
    )
    assert due < await next_due(tmp_path / "state") <= due + 8 * 86_400_000


async def fall_due(state) -> int:
    """As if the agent had counted, and had been away when the digest was due a minute ago; that time."""
    store = await Store.open(state)
    try:
        assert store.ledger is not None
        ledger = ledgers.decode(store.ledger)
        due = ledger.wall - 60_000
        week = msgspec.structs.replace(ledger.week, due_wall=due, due_at=None, rules={"stuck-job": OfRule(fired=3, would=2, by_itself=2)})
        await store.commit(Commit(store.last_seq + 1, ledgers.encode(msgspec.structs.replace(ledger, week=week))))
    finally:
        await store.close()
    return due


async def next_due(state) -> int:
    """When the next one is due."""
    store = await Store.open(state)
    try:
        assert store.ledger is not None
        due = ledgers.decode(store.ledger).week.due_wall
        assert due is not None
        return due
    finally:
        await store.close()
