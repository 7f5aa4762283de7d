"""
All 25 threads are busy, one of the jobs takes Ruby's lock and keeps it, and nothing tells which: it freezes two processes at most.

Everybody in the frozen process is a suspect, and comes back half a minute after the one before. Whoever freezes the second one was in both, and goes into
quarantine; so does anybody else who was unlucky twice, and nobody is lost. It takes the time that it takes: up to 20 minutes.
"""

import contextlib
from pathlib import Path
from typing import Final

from tests.service.agent import AgentProcess, write_config, write_recovery
from tests.suites import debian
from tests.trial.cases import Row
from tests.trial.pool import SUITES, Pool

THREADS: Final = 25
TAKES: Final = 25.0
"""Seconds for which the others work: they stand in a beat before the freeze."""
AFTER: Final = 18.0
"""Seconds after which the one takes the lock."""
ALL_BACK: Final = 120 + THREADS * 30 + 60
CASES = [
    f"Sidekiq {release} | {log}" for log in ("the log names all 25", "no log") for release in SUITES if not debian.why_not(SUITES[release])
]


async def run(case: str, folder: Path) -> Row:
    """One such job; the row says how many processes it froze, and what became of the others."""
    release, log = case.removeprefix("Sidekiq ").split(" | ")
    async with Pool(release, folder, seats=1, threads=THREADS) as pool:
        config = write_recovery(write_config(folder, url=pool.store.url), where='job.class == "Nobody"', rescue="likely")
        with config.open("a") as text:
            text.write(f"log: {{journal: false, files: {{any: {pool.log}}}}}\n" if log != "no log" else "log: {journal: false}\n")
        async with contextlib.aclosing(AgentProcess(config)) as agent:
            await agent.start()
            culprit = await pool.push("Freeze", AFTER)
            pool.pushed += [await pool.push("Work", TAKES) for _ in range(THREADS - 1)]
            second = await pool.begun(culprit, after=1, within=90 + ALL_BACK)
            await agent.sees_off(pool.seat_of(second.pid).process, 180)
            await agent.wait_for(r"outcome: .*stage='put_back'.*outcome='[1-9]", after=_first_put_back(agent), within=60)

            async def all_are_somewhere() -> bool:
                found = await pool.account(folder / "state")
                return not found.lost and not any("retry" in places or "queue" in places for places in found.places.values())

            await pool.until(all_are_somewhere, "everybody to have had a turn", ALL_BACK + 120)
        found = await pool.account(folder / "state")
        frozen = sum(note.word == "begun" and note.jid == culprit for note in pool.notes())
        fate = ", ".join(found.places.get(culprit, [])) or "lost"
        return {
            "ok": (frozen, fate, len(found.lost)) == (2, "quarantine", 0), "Sidekiq": pool.version, "log": log, "processes frozen": frozen,
            "the culprit": fate, "others": found.pushed, "lost": len(found.lost), "ran twice": len(found.twice),
            "of the others in quarantine": sum("quarantine" in places for jid, places in found.places.items() if jid != culprit),
        }  # fmt: skip


def _first_put_back(agent: AgentProcess) -> int:
    """The number of the line after the first one that says what was put back."""
    return next(number for number, line in enumerate(agent.lines, 1) if "outcome: " in line and "stage='put_back'" in line)
