"""
Somebody else is at work during a recovery, in the midst of 100 jobs a second: an operator who ends the process by hand at a random moment, or a second agent.

No job is rescued twice, and none is lost but those of which the agent itself says so: whoever is killed by hand before he has been quiet for two beats can hold
jobs that stand nowhere. The job that wedged the process is out of the way at the end. Each case has a seed of its own, so it can be run again.
"""

import asyncio
import contextlib
import os
import random
import signal
from pathlib import Path
from typing import Final

from tests.service.agent import AgentProcess, write_config, write_recovery
from tests.suites import debian
from tests.trial.cases import Row
from tests.trial.pool import SUITES, Pool
from tests.trial.telling import said_it_may_lose, told

EACH: Final = int(os.environ.get("RECOVERIES", "10"))
RATE: Final = 100.0
WITHIN: Final = 30.0
"""Seconds from the beginning of a recovery to its end, more or less: the operator comes at a random moment of them."""
CLEARED: Final = 150
"""Seconds within which the job is out of the way, though Sidekiq may have handed it on and the agent must begin anew."""
OPERATORS: Final = ("SIGTERM", "SIGKILL", "SIGTERM, SIGKILL after 3 s")
WAYS: Final = (*OPERATORS, "a second agent")
CASES = [
    f"Sidekiq {release} | {way} | {number}"
    for number in range(1, EACH + 1)
    for way in WAYS
    for release in SUITES
    if not debian.why_not(SUITES[release])
]


async def run(case: str, folder: Path) -> Row:
    """One recovery with somebody else; the row counts the jobs."""
    release, way, _ = case.removeprefix("Sidekiq ").split(" | ")
    chance = random.Random(case)
    async with Pool(release, folder, seats=2, threads=8) as pool, contextlib.AsyncExitStack() as stack:
        agents = [_agent(pool, folder / name) for name in ("one", "two")[: 2 if way == "a second agent" else 1]]
        for agent in agents:
            await stack.enter_async_context(contextlib.aclosing(agent))
            await agent.start()
        async with pool.stream(RATE, chance):
            await asyncio.sleep(chance.uniform(1, 6))
            poison = await pool.push("SleepForever")
            victim = pool.seat_of((await pool.begun(poison)).pid).process
            if way != "a second agent":
                await agents[0].wait_for("incident: .*outcome='opened'", within=60)
                with contextlib.suppress(TimeoutError):
                    await victim.wait_exit(chance.uniform(0, WITHIN))
                await _end(victim, way)
            else:
                for agent in agents:
                    await agent.wait_for("outcome: .*stage='put_back'", within=CLEARED)

            async def out_of_the_way() -> list[str]:
                places = (await pool.account(*(folder / name / "state" for name in ("one", "two")))).places.get(poison, [])
                return places if {"retry", "quarantine"} & set(places) else []

            fate = await pool.until(out_of_the_way, "the job to be out of the way", CLEARED)
        await pool.settled(ignored=frozenset({poison}))
        found = await pool.account(*(folder / name / "state" for name in ("one", "two")))
        bound = sum([await said_it_may_lose(agent) for agent in agents]) if "SIGKILL" in way else 0
        is_kept = len(found.lost) <= bound and not found.twice and len(found.places.get(poison, [])) == 1
        return {
            "ok": is_kept, "Sidekiq": pool.version, "company": way, "pushed": found.pushed, "lost": len(found.lost), "said it may": bound,
            "ran twice": len(found.twice), "the poison": ", ".join(fate),
        } | ({} if is_kept else {"traceback": [line for agent in agents for line in told(agent, found)]})  # fmt: skip


def _agent(pool: Pool, folder: Path) -> AgentProcess:
    folder.mkdir()
    config = write_recovery(write_config(folder, url=pool.store.url), elapsed="4s", drain="15s")
    with config.open("a") as text:
        text.write(f"log: {{journal: false, files: {{any: {pool.log}}}}}\n")
    return AgentProcess(config)


async def _end(victim, way: str) -> None:
    victim.signal(signal.SIGKILL if way == "SIGKILL" else signal.SIGTERM)
    if way == "SIGTERM, SIGKILL after 3 s":
        with contextlib.suppress(TimeoutError):
            await victim.wait_exit(3)
        victim.signal(signal.SIGKILL)
    await victim.wait_exit(60)


def sums(rows: list[Row]) -> list[Row]:
    """One row for each kind of company and version."""
    cells: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if "company" in row:
            cells.setdefault((row["company"], row["Sidekiq"]), []).append(row)
    counted = ("pushed", "lost", "said it may", "ran twice")
    return [
        {"company": cell[0], "Sidekiq": cell[1], "recoveries": len(own), **{column: sum(row[column] for row in own) for column in counted}}
        for cell, own in sorted(cells.items())
    ]
