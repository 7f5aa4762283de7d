"""The agent recovers a stuck process of every Sidekiq: what it says of its jobs, and how it hears TSTP, must be known of each."""

import asyncio
import contextlib
import os
import signal

import pytest

from tests.service.agent import AgentProcess, write_config, write_recovery
from tests.service.conftest import push_job
from tests.service.matrix.parts import SIDEKIQS, STORES, Store, end, start_sidekiq
from tests.service.whereabouts import stored
from tests.suites import debian

CRASHED = """\
rules:
  - {rule: runs, each: job, when: job.class == "Held", severity: info}
  - {rule: crashed, each: process, on: ProcessCrashed, then: [{put_back_jobs: {process: process, rescue: likely}}]}
"""
pytestmark = [pytest.mark.needs("bookworm"), pytest.mark.timeout(240)]


async def _recovered(suite: str, store_kind: str, folder) -> tuple[int, dict[str, list[str]]]:
    """The exit status of a stuck process of that suite, and where its jobs are then."""
    async with contextlib.AsyncExitStack() as stack:
        store = Store(store_kind, folder)
        stack.push_async_callback(store.close)
        await store.start()
        victim = await start_sidekiq(suite, store, tag="live", queues=("push",), concurrency=3)
        stack.push_async_callback(end, victim)
        await victim.wait_beat(store.client())
        (folder / "agent").mkdir()
        agent = AgentProcess(write_recovery(write_config(folder / "agent", url=store.url), drain="5s"))
        stack.push_async_callback(agent.aclose)
        await agent.start()
        stuck, long = await push_job(store.client(), "SleepForever"), await push_job(store.client(), "Held")
        status = await agent.sees_off(victim, 120)
        await agent.wait_for("outcome: .*stage='put_back'.*outcome='2 done'")
        named = {stuck: "stuck", long: "long"}
        return status, {named[jid]: places for jid, places in (await stored(store.client())).items()}


async def _killed(suite: str, store_kind: str, folder) -> list[str]:
    """Where the job of a process of that suite is that somebody has killed."""
    async with contextlib.AsyncExitStack() as stack:
        store = Store(store_kind, folder)
        stack.push_async_callback(store.close)
        await store.start()
        victim = await start_sidekiq(suite, store, tag="live", queues=("push",), concurrency=3)
        stack.push_async_callback(end, victim)
        await victim.wait_beat(store.client())
        (folder / "agent").mkdir()
        config = write_config(folder / "agent", url=store.url)
        (folder / "agent" / "rules.yml").write_text(CRASHED)
        agent = AgentProcess(config)
        stack.push_async_callback(agent.aclose)
        await agent.start()
        jid = await push_job(store.client(), "Held")
        await agent.wait_for("alert: rule='runs'.*outcome='firing'")
        os.kill(victim.pid, signal.SIGKILL)
        await agent.wait_for("outcome: .*stage='put_back'.*outcome='1 done'")
        return (await stored(store.client())).get(jid, [])


async def test_what_a_killed_process_of_every_sidekiq_held_is_put_back(tmp_path):
    """Its end shows that it never said goodbye, and its last beat what it ran, in each version's words."""
    suites = {suite: store for store, (suite, _) in STORES.items() if suite in SIDEKIQS and not debian.why_not(suite)}

    async with asyncio.TaskGroup() as tasks:
        ended = {suite: tasks.create_task(_killed(suite, store, tmp_path / suite)) for suite, store in suites.items()}

    assert {suite: task.result() for suite, task in ended.items()} == {suite: ["queue"] for suite in suites}


async def test_a_stuck_process_of_every_sidekiq_is_recovered(tmp_path):
    """Debian's Sidekiqs, as many as are here, each on its own suite's server: the stuck job waits, the other one is next to run."""
    suites = {suite: store for store, (suite, _) in STORES.items() if suite in SIDEKIQS and not debian.why_not(suite)}

    async with asyncio.TaskGroup() as tasks:
        ended = {suite: tasks.create_task(_recovered(suite, store, tmp_path / suite)) for suite, store in suites.items()}

    wanted = (-9, {"stuck": ["retry"], "long": ["queue"]})
    assert {suite: task.result() for suite, task in ended.items()} == dict.fromkeys(suites, wanted)
