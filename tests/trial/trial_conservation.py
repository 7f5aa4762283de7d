"""
How many jobs each way to end a wedged Sidekiq loses, and how many it runs twice, in the midst of some 300 jobs a second over three processes.

One of them is wedged, in one of four ways, and ended, in one of three. Whoever ends it, its place is taken at once, as by systemd, and the stream goes on. Then
the stream stops, and each job that was pushed must have run, or stand in a known place. `RECOVERIES` says how often for each (5), `RATE` at what rate.

* `SIGKILL`, and `the shipped unit` (what systemd does with the unit that Mastodon ships: SIGTERM and SIGCONT, and SIGKILL after 15 s), are done by somebody who comes
  some seconds later. They are there for comparison: nothing is demanded of them.
* `the agent`, alone and with the program that reads frozen processes (`inspect`). The latter may lose nothing. Without it a frozen process may cost what its recovery
  says: the jobs that it names without having their payloads, and as many as it says that nobody can name.

What is lost includes the job that did it all, where that is lost or was given to the next process at once.
"""

import asyncio
import contextlib
import os
import random
import signal
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

from tests.service.agent import AgentProcess, write_config, write_recovery
from tests.suites import debian
from tests.trial.cases import Row
from tests.trial.pool import SUITES, Pool, Seat
from tests.trial.telling import said_it_may_lose, told

EACH: Final = int(os.environ.get("RECOVERIES", "5"))
RATE: Final = float(os.environ.get("RATE", "300"))
SEATS: Final = 3
THREADS: Final = 10
WEDGED: Final = (4.0, 12.0)
"""Seconds after which somebody by hand ends it."""
MOST_TWICE: Final = 0.01
WEDGES: Final = {"sleeps for ever": "SleepForever", "rescues all": "RescueAll", "holds Ruby's lock": "Freeze", "SIGSTOP": ""}
"""What wedges it → the class of the job that does."""
BY_HAND: Final = ("SIGKILL", "the shipped unit")
WAYS: Final = (*BY_HAND, "the agent", "the agent, inspect")


def _makes_sense(wedge: str, way: str) -> bool:
    # It is asked only about those that are frozen.
    return way != "the agent, inspect" or wedge == "holds Ruby's lock"


CASES = [
    f"Sidekiq {release} | {wedge} | {way} | {number}"
    for number in range(1, EACH + 1)
    for way in reversed(WAYS)
    for wedge in WEDGES
    for release in SUITES
    if _makes_sense(wedge, way) and not debian.why_not(SUITES[release])
]
"""One of each before the second of any: so a run that is cut off has some of all."""


async def run(case: str, folder: Path) -> Row:
    """One end of one process; the row counts the jobs."""
    release, wedge, way, _ = case.removeprefix("Sidekiq ").split(" | ")
    chance = random.Random(case)
    async with (
        Pool(release, folder, seats=SEATS, threads=THREADS, inspected=way == "the agent, inspect") as pool,
        contextlib.aclosing(_agent(pool, folder)) as agent,
    ):
        if way not in BY_HAND:
            await agent.start()
        began = time.monotonic()
        async with pool.stream(RATE, chance):
            await asyncio.sleep(chance.uniform(3, 13))
            poison, seat, since = await _wedge(pool, WEDGES[wedge], chance)
            victim = seat.process
            match way:
                case "SIGKILL":
                    await asyncio.sleep(chance.uniform(*WEDGED))
                    victim.signal(signal.SIGKILL)
                case "the shipped unit":
                    await asyncio.sleep(chance.uniform(*WEDGED))
                    victim.signal(signal.SIGTERM)
                    victim.signal(signal.SIGCONT)
                    with contextlib.suppress(TimeoutError):
                        await victim.wait_exit(15)
                    victim.signal(signal.SIGKILL)
                case _ if poison:
                    await agent.sees_off(victim, 240)
                    await agent.wait_for("outcome: .*stage='put_back'", within=60)
                case _:
                    await agent.wait_for("outcome: .*stage='CONT'.*outcome='sent'", within=240)
            now = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
            await pool.until(
                lambda: any(note.pid == seat.process.pid and note.at > now for note in pool.notes()), "its successor to work", 60
            )
            rate = len(pool.pushed) / (time.monotonic() - began)
        await pool.settled(ignored=frozenset({poison}))
        found = await pool.account(folder / "state")
        bound = await said_it_may_lose(agent) if poison and way not in BY_HAND else 0
        fate = _fate(pool, poison, found.places)
        allowed = bound if (wedge, way) == ("holds Ruby's lock", "the agent") else 0
        lost = len(found.lost) + (fate in ("lost", "wedges the next one"))
        is_kept = way in BY_HAND or (lost <= allowed and len(found.twice) < MOST_TWICE * found.pushed)
        return {
            "ok": is_kept, "Sidekiq": pool.version, "wedge": wedge, "way": way, "pushed": found.pushed, "a second": round(rate), "lost": lost,
            "said it may": bound, "ran twice": len(found.twice), "the poison": fate, "out of service": pool.out_of_service(seat, since),
        } | ({} if is_kept else {"traceback": told(agent, found)})  # fmt: skip


def _agent(pool: Pool, folder: Path) -> AgentProcess:
    where = f"job.class in {list(filter(None, WEDGES.values()))}".replace("'", '"')
    config = write_recovery(write_config(folder, url=pool.store.url), where=where, elapsed="6s", drain="30s")
    with config.open("a") as text:
        text.write(f"log: {{journal: false, files: {{any: {pool.log}}}}}\n")
    return AgentProcess(config, env={"INSPECT": str(pool.program.path if pool.program else folder / "nothing.sock")})


async def _wedge(pool: Pool, job_class: str, chance: random.Random) -> tuple[str, Seat, int]:
    """The job that did it, in which seat, and when (milliseconds since the boot)."""
    if job_class:
        poison = await pool.push(job_class)
        note = await pool.begun(poison)
        return poison, pool.seat_of(note.pid), note.at
    seat = chance.choice(pool.seats)
    seat.process.signal(signal.SIGSTOP)
    return "", seat, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def _fate(pool: Pool, poison: str, places: dict[str, list[str]]) -> str:
    if not poison:
        return ""
    if poison in places:
        return ", ".join(places[poison])
    begun = sum(note.word == "begun" and note.jid == poison for note in pool.notes())
    return "wedges the next one" if begun > 1 else "lost"


def sums(rows: list[Row]) -> list[Row]:
    """One row for each way, wedge and version."""
    cells: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if "way" in row:
            cells.setdefault((row["way"], row["wedge"], row["Sidekiq"]), []).append(row)
    return [_sum(*cell, cells[cell]) for cell in sorted(cells)]


def _sum(way: str, wedge: str, version: str, rows: list[Row]) -> Row:
    def total(column: str) -> int:
        return sum(row[column] for row in rows)

    fates: Any = Counter(row["the poison"] for row in rows if row["the poison"])
    gaps = [row["out of service"] for row in rows]
    return {
        "way": way, "wedge": wedge, "Sidekiq": version, "recoveries": len(rows), "pushed": total("pushed"),
        "a second": round(statistics.mean(row["a second"] for row in rows)), "lost": total("lost"), "at worst": max(row["lost"] for row in rows),
        "said it may": total("said it may"), "ran twice": total("ran twice"), "of 1000": f"{1000 * total('ran twice') / total('pushed'):.2f}",
        "the poison": ", ".join(f"{number} {fate}" for fate, number in fates.most_common()),
        "out of service p50": f"{statistics.median(gaps):.1f} s", "max": f"{max(gaps):.1f} s",
    }  # fmt: skip
