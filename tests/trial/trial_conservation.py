"""
How many jobs each way to end a wedged Sidekiq loses, and how many it runs twice, under a steady stream of short jobs.

A real Sidekiq is wedged by a job that sleeps for ever, and swallows in some cases what is raised in it; it is ended in one of these ways, and started again at once, as systemd would. Then the
stream stops, and each job that was pushed must have run, or stand in a known place. `RECOVERIES` says how often for each way (10).
"""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from tests.service.agent import AgentProcess, write_config, write_recovery
from tests.service.conftest import RedisServer, SidekiqFactory, SidekiqProcess, _eventually, push_job
from tests.service.whereabouts import runs, stored

EACH: Final = int(os.environ.get("RECOVERIES", "10"))
THREADS: Final = 6
RATE: Final = 12.0
"""Short jobs a second: half of what the process could do."""
WEDGED: Final = 8.0
"""Seconds for which it is left wedged before somebody by hand ends it; the agent takes its own time."""


async def _kill(victim: SidekiqProcess, _agent: AgentProcess) -> None:
    victim.signal(signal.SIGKILL)
    await victim.wait_exit(10)


async def _restart(victim: SidekiqProcess, _agent: AgentProcess) -> None:
    """What systemd does with the unit that Mastodon ships: SIGTERM, and SIGKILL after 15 s."""
    victim.signal(signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        await victim.wait_exit(15)
    await victim.kill()


async def _patient(victim: SidekiqProcess, _agent: AgentProcess) -> None:
    """SIGTERM with all the time that Sidekiq wants."""
    victim.signal(signal.SIGTERM)
    await victim.wait_exit(60)


async def _recover(victim: SidekiqProcess, agent: AgentProcess) -> None:
    await agent.start()
    await victim.wait_exit(120)
    await agent.wait_for("outcome: .*stage='put_back'", within=30)


WAYS: Final[dict[str, Callable[[SidekiqProcess, AgentProcess], Awaitable[None]]]] = {
    "SIGKILL": _kill,
    "TERM, KILL after 15 s": _restart,
    "TERM": _patient,
    "recover_process": _recover,
}
CASES = [f"{way} #{number}" for way in WAYS for number in range(EACH)]


async def run(case: str, folder: Path) -> dict[str, object]:
    """One end of one process; the row counts the jobs."""
    way = case.rpartition(" #")[0]
    chance = random.Random(case)
    poison_class = chance.choice(["SleepForever", "RescueAll"])
    server = RedisServer(folder)
    await server.start()
    factory = SidekiqFactory(server, folder)
    client = server.client()
    pushed: list[str] = []
    agent = AgentProcess(
        write_recovery(write_config(folder, url=server.url), where=f'job.class == "{poison_class}"', elapsed="6s", drain="20s")
    )
    try:
        victim = await factory.start(("push",), concurrency=THREADS)
        stream = asyncio.create_task(_stream(client, pushed, chance))
        poison = await push_job(client, poison_class)
        await asyncio.sleep(chance.uniform(0, 5) + (0 if way == "recover_process" else WEDGED))
        began = time.monotonic()
        await WAYS[way](victim, agent)
        took = time.monotonic() - began
        await factory.start(("push",), concurrency=THREADS)
        stream.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await stream
        return {**await _account(client, factory, pushed, poison, folder), "poison": poison_class, "seconds to the end": f"{took:.1f}"} | (
            {} if way == "recover_process" else {"ok": True}
        )
    finally:
        await agent.aclose()
        for one in factory.started:
            await one.kill()
        await server.close()


async def _stream(client: Any, pushed: list[str], chance: random.Random) -> None:
    while True:
        pushed.append(await push_job(client, "Sleep", [round(chance.uniform(0.05, 0.45), 3)]))
        await asyncio.sleep(chance.expovariate(RATE))


async def _account(client: Any, factory: SidekiqFactory, pushed: list[str], poison: str, folder: Path) -> dict[str, object]:
    """Where everything is once the queue is empty and nothing short runs any more."""
    logs = [one.log for one in factory.started]

    async def settled() -> bool:
        ended = runs(logs, "done")
        return not await client.llen("queue:push") and all(jid in ended for jid in runs([logs[-1]], "start") if jid != poison)

    await _eventually(settled, within=60, what=lambda: "an empty queue")
    done, begun = runs(logs, "done"), runs(logs, "start")
    places = await stored(client, folder / "state" if (folder / "state").exists() else None)
    lost = [jid for jid in pushed if jid not in done and jid not in places]
    twice = [jid for jid in pushed if done.get(jid, 0) > 1 or (jid in done and jid in places)]
    again = begun.get(poison, 0) > 1
    return {
        "ok": not lost and poison in places, "pushed": len(pushed), "lost": len(lost), "ran twice": len(twice),
        "the poison": ", ".join(places.get(poison, [])) or ("wedges the next one" if again else "lost"),
    }  # fmt: skip
