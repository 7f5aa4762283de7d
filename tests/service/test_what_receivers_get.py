"""The arguments of jobs hold private posts: whatever a receiver could be given, whichever it is, holds nothing of them."""

import contextlib
import sqlite3

import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.hook import Hook

pytestmark = pytest.mark.needs("redis-server", "sidekiq")
CANARY = "canary-4f1d"
"""Stands in every argument of the job: as a text, as a key and a value within one, in another alphabet's company."""


async def test_no_argument_of_a_job_reaches_anybody(redis_server, sidekiq, push, tmp_path):
    """
    From the first message to the end of an incident: not in what is posted, nor in the outbox and the cards that every type of receiver is served from, nor in log, status and audit.

    That the agent had the job whole in its hands is seen by its flight record, where it may stand.
    """
    victim = await sidekiq.start(("push",), timeout=3)
    async with Hook() as hook:
        config = write_config(tmp_path, url=redis_server.url, elapsed="2s", hook=hook.url)
        async with contextlib.aclosing(AgentProcess(config)) as agent:
            await agent.start()
            jid = await push(redis_server.client(), "SleepForever", [CANARY, {CANARY: [CANARY, 7]}, f"Zoë {CANARY} \u202e@room"])
            assert await agent.sees_off(victim) == 0
            await hook.wait_for("action.ended")
            shown = [await agent.ask(command, "--json") for command in ("status", "audit")]
            assert await agent.stop() == 0
        log = "\n".join(agent.lines)

    kept = rows(tmp_path / "state", "outbox") + rows(tmp_path / "state", "cards") + rows(tmp_path / "state", "posted")
    assert {body["type"] for body in hook.got} >= {"alert.firing", "action.decided", "action.stage", "action.ended"}
    assert any("SleepForever" in body["data"]["title"] and jid in str(body["data"]) for body in hook.got)
    assert kept
    assert [code for code, _ in shown] == [0, 0]
    assert CANARY not in str(hook.got) + kept + log + str(shown)
    assert CANARY in rows(tmp_path / "state", "flight") + str(await redis_server.client().lrange("queue:push", 0, -1))


def rows(state, table) -> str:
    """Everything in that table, as text."""
    with contextlib.closing(sqlite3.connect(f"file:{next(state.glob('*.db'))}?mode=ro", uri=True)) as store:
        # Its name is one of ours.
        found = store.execute(f"SELECT * FROM {table}").fetchall()
    return " ".join(cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell) for row in found for cell in row)
