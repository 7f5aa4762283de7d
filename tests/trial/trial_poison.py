"""
A job that wedges every process that fetches it: with the agent it does so twice and is then in quarantine, without it for ever.

Each process has one thread, and the job swallows whatever is raised in it. Somebody who restarts the wedged process again and again, with all the time that Sidekiq
wants, only hands the job on: Sidekiq pushes it back to where the next one is fetched. `RECOVERIES` says how often it is tried (3).
"""

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

EACH: Final = int(os.environ.get("RECOVERIES", "3"))
RATE: Final = 20.0
RESTARTS: Final = 8
COMES_BACK: Final = 420
"""Seconds within which a job that was caught once is tried again: five minutes, and Sidekiq's poller takes its time."""
CASES = [
    f"Sidekiq {release} | {way} | {number}"
    for number in range(1, EACH + 1)
    for way in ("the agent", "restarted by hand")
    for release in SUITES
    if not debian.why_not(SUITES[release])
]


async def run(case: str, folder: Path) -> Row:
    """One such job; the row says how many processes it has wedged, and what became of it and of the others."""
    release, way, _ = case.removeprefix("Sidekiq ").split(" | ")
    async with Pool(release, folder, seats=3, threads=1, timeout=4) as pool:
        config = write_recovery(write_config(folder, url=pool.store.url), where='job.class == "RescueAll"', elapsed="6s", drain="15s")
        async with contextlib.aclosing(AgentProcess(config)) as agent, pool.stream(RATE, random.Random(case)):
            poison = await pool.push("RescueAll")
            if way == "the agent":
                await agent.start()
                await pool.begun(poison, after=1, within=COMES_BACK)
                await agent.wait_for("intent: .*stage='put_back'.*strike 2 of 2", within=120)
                await agent.wait_for("incident: .*outcome='ended'.*1 put into quarantine", within=90)
            else:
                for number in range(RESTARTS):
                    note = await pool.begun(poison, after=number)
                    victim = pool.seat_of(note.pid).process
                    victim.signal(signal.SIGTERM)
                    await victim.wait_exit(20)
                await pool.begun(poison, after=RESTARTS)
        await pool.settled(ignored=frozenset({poison}))
        found = await pool.account(folder / "state")
        wedged = sum(note.word == "begun" and note.jid == poison for note in pool.notes())
        fate = ", ".join(found.places.get(poison, [])) or "wedges the next one"
        shown = (2, "quarantine") if way == "the agent" else (RESTARTS + 1, "wedges the next one")
        return {
            "ok": (wedged, fate) == shown and not found.lost and not found.twice, "Sidekiq": pool.version, "way": way, "processes wedged": wedged,
            "the poison": fate, "pushed": found.pushed, "lost": len(found.lost), "ran twice": len(found.twice),
        }  # fmt: skip
