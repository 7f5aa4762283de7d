"""
The agent is killed (SIGKILL) before and after each thing it does in a recovery with jobs in flight, and started again.

Whatever the moment: the recovery is taken to its end, the process is killed once, and each job is in one place: the stuck one waits for its
second chance, the innocent one is next to run, the short one has ended by itself.
"""

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Final

import pytest

from tests.service.agent import AgentProcess, write_config, write_recovery
from tests.service.conftest import RedisServer, SidekiqFactory, push_job
from tests.service.whereabouts import runs, stored

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(300)]

STEPS: Final = (
    "Measure:1", "TakeFleetLock:1", "Measure:2", "CollectEvidence:1", "evidence:1", "GatherInFlight:1", "flight:1", "Measure:3", "SendSignal:1", "AwaitExit:1", "AwaitExit:2", "GatherInFlight:2", "flight:2", "Measure:4",
    "SendSignal:2", "AwaitExit:3", "GatherInFlight:3", "flight:3", "PutBack:1", "place:1", "place:2",
    *(f"commit:{number}" for number in (3, *range(4, 23, 2))),
)  # fmt: skip
"""Every command and every piece of one recovery, and each second of its transactions."""
POINTS: Final = tuple(
    f"{step}:{when}" for step in STEPS for when in ("before", "after") if f"{step}:{when}" not in ("AwaitExit:1:after", "AwaitExit:2:after")
)
"""The first two waits are cut short by what is seen: they have no end that anybody waits for. `make trial ARGS=recover_crashes` goes through all of them."""
WORST: Final = (
    "evidence:1:after", "flight:1:after", "SendSignal:1:before", "SendSignal:1:after", "GatherInFlight:2:after", "SendSignal:2:before", "SendSignal:2:after", "AwaitExit:3:after",
    "flight:3:after", "PutBack:1:before", "place:1:after", "place:2:after", "commit:18:after",
)  # fmt: skip
"""Around what can't be undone."""


async def test_killed_around_what_can_not_be_undone(tmp_path):
    """At each of these points, on a Redis and a Sidekiq of its own."""
    assert set(WORST) <= set(POINTS)
    async with asyncio.TaskGroup() as group:
        for number, point in enumerate(WORST):
            group.create_task(killed_at(point, tmp_path / str(number)), name=point)


async def killed_at(point: str, folder: Path) -> None:
    """One recovery with its agent killed at that point; raises `AssertionError` where a job is not where it belongs."""
    folder.mkdir()
    server = RedisServer(folder)
    await server.start()
    factory = SidekiqFactory(server, folder)
    client = server.client()
    try:
        bystander, victim = await factory.start(("other",), tag="app"), await factory.start(("push",), tag="app", concurrency=3)
        config = write_recovery(write_config(folder, url=server.url), drain="20s")
        with config.open("a") as text:
            text.write("log: {journal: false}\n")
        stuck, long, short = (
            await push_job(client, "SleepForever"),
            await push_job(client, "Sleep", [900]),
            await push_job(client, "Sleep", [6]),
        )
        async with contextlib.AsyncExitStack() as stack:
            mortal = await stack.enter_async_context(contextlib.aclosing(AgentProcess(config, env={"DIE_AT": point})))
            await mortal.start(ready=False)
            try:
                await mortal.wait_exit(120)
            except TimeoutError:
                raise AssertionError(f"it did not die at {point}:\n" + "\n".join(mortal.lines)) from None
            successor = await stack.enter_async_context(contextlib.aclosing(AgentProcess(config)))
            await successor.start()
            assert await successor.sees_off(victim, 120) == -signal.SIGKILL, point
            await successor.audit_has(lambda row: row["kind"] == "outcome" and row["stage"] == "put_back" and row["outcome"] == "2 done")
            rows = await successor.audit()
            assert (await successor.ask("audit", "--verify"))[0] == 0
        assert await stored(client) == {stuck: ["retry"], long: ["queue"]}, point
        assert set(runs([victim.log], "done")) == {short}, point
        # Cut off before it has done anything it may give up, and begin anew; never after.
        assert len({row["incident"] for row in rows if row["kind"] == "intent" and row["stage"] in ("KILL", "put_back")}) == 1, point
        assert bystander.alive
        assert "Received TSTP" not in bystander.log.read_text()
    finally:
        for one in factory.started:
            await one.kill()
        await server.close()
