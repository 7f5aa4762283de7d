"""The agent ends a stuck process of every Sidekiq, not only of the one that this machine has: it must know each by its title, its times and its signals."""

import asyncio
import contextlib

import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.conftest import push_job
from tests.service.matrix.parts import SIDEKIQS, STORES, Store, end, start_sidekiq
from tests.suites import debian

pytestmark = [pytest.mark.needs("bookworm"), pytest.mark.timeout(180)]


async def _ended(suite: str, store_kind: str, folder) -> list[tuple[str, str, str]]:
    """What the agent did with a stuck process of that suite."""
    async with contextlib.AsyncExitStack() as stack:
        store = Store(store_kind, folder)
        stack.push_async_callback(store.close)
        await store.start()
        # One thread: an idle one would pop what is pushed back, and where the timeout is this short some Sidekiq may lose it then.
        victim = await start_sidekiq(suite, store, tag="live", queues=("push",), concurrency=1)
        stack.push_async_callback(end, victim)
        await victim.wait_beat(store.client())
        (folder / "agent").mkdir()
        agent = AgentProcess(write_config(folder / "agent", url=store.url, elapsed="3s", grace="30s"))
        stack.push_async_callback(agent.aclose)
        await agent.start()
        await push_job(store.client(), "SleepForever")
        assert await victim.wait_exit() == 0
        await agent.wait_for("incident: .*outcome='ended'")
        assert await store.client().llen("queue:push") == 1, "it was not pushed back"
        rows = await agent.audit(lambda row: row["kind"] in ("intent", "outcome"))
        return [(row["kind"], row["stage"], row["outcome"]) for row in rows]


async def test_a_stuck_process_of_every_sidekiq_is_ended(tmp_path):
    """Debian's Sidekiqs, as many as are here, each on its own suite's server: TERM, and it exits in good order with its job pushed back."""
    suites = {suite: store for store, (suite, _) in STORES.items() if suite in SIDEKIQS and not debian.why_not(suite)}

    async with asyncio.TaskGroup() as tasks:
        ended = {suite: tasks.create_task(_ended(suite, store, tmp_path / suite)) for suite, store in suites.items()}

    wanted = [
        ("outcome", "copy", "in flight: 1 likely"), ("intent", "TERM", ""), ("outcome", "TERM", "sent"), ("outcome", "grace", "exited"),
        ("outcome", "reckon", "it has given everything back"),
    ]  # fmt: skip
    assert {suite: task.result() for suite, task in ended.items()} == dict.fromkeys(suites, wanted)
