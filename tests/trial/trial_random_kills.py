"""
The agent is killed again and again at random moments while it recovers a real, deaf Sidekiq.

`make test` kills it before and after each step; here the moments are drawn, also in the middle of a transaction, of a start, of
a signal. Each case has a seed of its own, so it can be run again.
"""

import asyncio
import contextlib
import random
import signal
import time
from pathlib import Path

from tests.service.agent import AgentProcess, write_config
from tests.service.conftest import RedisServer, SidekiqFactory, push_job
from tests.service.test_crashes import GRACE, check

CASES = [f"seed {number}" for number in range(100)]


async def run(case: str, folder: Path) -> dict[str, object]:
    """Kills until the recovery has ended; the row says how often, and how long it took."""
    chance = random.Random(case)
    server = RedisServer(folder)
    await server.start()
    factory = SidekiqFactory(server, folder)
    try:
        bystander, victim = await factory.start(("other",), tag="app"), await factory.start(("push",), tag="app")
        config = write_config(folder, url=server.url, elapsed="2s", grace=f"{GRACE}s")
        await push_job(server.client(), "SleepForever")
        began = time.monotonic()
        killed, rows = await _kill_until_over(config, victim, chance)
        check(rows, victim.pid)
        terms = sum(row["kind"] == "intent" and row["stage"] == "TERM" for row in rows)
        kills = sum(row["kind"] == "intent" and row["stage"] == "KILL" for row in rows)
        return {
            "ok": victim.process.returncode == -signal.SIGKILL and bystander.alive,
            "agent killed": killed, "TERM intents": terms, "KILL intents": kills, "recovery took": f"{time.monotonic() - began:.1f} s",
        }  # fmt: skip
    finally:
        for one in factory.started:
            await one.kill()
        await server.close()


async def _kill_until_over(config: Path, victim, chance: random.Random) -> tuple[int, list]:
    killed = 0
    deaf = False
    while True:
        async with contextlib.aclosing(AgentProcess(config)) as agent:
            await agent.start(ready=False)
            over = asyncio.create_task(agent.wait_for("incident: .*outcome='ended'", within=60))
            # From its start of about half a second on up to the end of a whole recovery.
            moment = chance.uniform(0.2, 9.0)
            stop_at = asyncio.get_running_loop().time() + moment
            while not over.done() and (left := stop_at - asyncio.get_running_loop().time()) > 0:
                if not deaf and any("stage='TERM'" in line and "intent" in line for line in agent.lines):
                    deaf = True
                    victim.signal(signal.SIGSTOP)
                await asyncio.wait({over}, timeout=min(left, 0.05))
            if over.done() or not await _is_open(agent):
                over.cancel()
                rows = await agent.audit()
                return killed, rows
            over.cancel()
            agent.signal(signal.SIGKILL)
            killed += 1
            if not deaf and await _has_begun(agent):
                deaf = True
                victim.signal(signal.SIGSTOP)


async def _has_begun(agent: AgentProcess) -> bool:
    """Whether a signal was intended, by what is on the disk; killed at once, the agent has left nothing there."""
    status, output = await agent.ask("audit", "--json")
    return status == 0 and any('"kind":"intent"' in line.replace(" ", "") for line in output.splitlines())


async def _is_open(agent: AgentProcess) -> bool:
    """Whether the recovery has not ended, by what is on the disk."""
    status, output = await agent.ask("audit", "--json")
    return status != 0 or not any('"outcome":"ended"' in line.replace(" ", "") and '"incident"' in line for line in output.splitlines())
