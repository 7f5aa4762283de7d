"""
What the probe costs: jobs a second, milliseconds a job and Redis' processor time a job, with neither strength and with both, on each Sidekiq of
this machine's suites; and how soon an idle Sidekiq takes a job, and what it asks of Redis until then.

Each job does nothing, so that all there is to see is Sidekiq's own work and that of the probe; each logs two lines as it does by default.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec

from tests.bench.rows import Row
from tests.service.matrix.parts import SIDEKIQS, end
from tests.service.probe.running import QUEUES, Place
from tests.suites import debian

JOBS: Final = 3_000
ROUNDS: Final = 3
IDLE_SECONDS: Final = 4.0
SINGLE_JOBS: Final = 60
MASTODONS: Final = ("default", "push", "ingress", "mailers", "pull", "fasp")
STRENGTHS: Final = ("off", "observe", "fetch")


class Cost(msgspec.Struct, frozen=True):
    """Of one Sidekiq: with five threads and with one, idle with 25 threads on six queues."""

    rate: float
    each: float
    redis_each: float
    commands: float
    soon: float
    late: float


async def main() -> list[Row]:
    """All rows."""
    rows = []
    for suite, release in SIDEKIQS.items():
        if debian.why_not(suite):
            continue
        costs = {strength: await _cost(suite, strength) for strength in STRENGTHS}
        bare = costs.pop("off")
        for strength, cost in costs.items():
            here = f"Sidekiq {release}, {strength}"
            rows += [
                _row(f"{here}: 5 threads", cost.rate, bare.rate, "jobs/s"),
                _row(f"{here}: 1 thread, each job", cost.each, bare.each, "ms"),
                _row(f"{here}: Redis' processor time, each job", cost.redis_each, bare.redis_each, "µs"),
                _row(f"{here}: idle, commands", cost.commands, bare.commands, "/s"),
                _row(f"{here}: idle, from push to begin, p50 of {SINGLE_JOBS}", cost.soon, bare.soon, "ms"),
                _row(f"{here}: idle, from push to begin, the latest", cost.late, bare.late, "ms"),
            ]
    return rows


def _row(what: str, value: float, bare: float, unit: str) -> Row:
    return Row(what=what, value=value, unit=unit, beside=bare, beside_what="no probe")


async def _cost(suite: str, strength: str) -> Cost:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with Place(suite, Path(folder) / "place") as place:
            five = await place.start(strength)
            runs = [await _drain(place) for _ in range(ROUNDS)]
            await end(five)
            one = await place.start(strength, threads=1)
            single = min([(await _drain(place))[0] for _ in range(ROUNDS)])
            await end(one)
            waiting = await place.start(strength, queues=MASTODONS, threads=25)
            commands = await _idle(place)
            delays = await _delays(place)
            await end(waiting)
    seconds, redis_each = min(run[0] for run in runs), min(run[1] for run in runs)
    return Cost(
        rate=JOBS / seconds,
        each=1e3 * single / JOBS,
        redis_each=redis_each,
        commands=commands,
        soon=delays[len(delays) // 2],
        late=delays[-1],
    )


async def _processor(place: Place) -> float:
    info = await place.client.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


async def _drain(place: Place) -> tuple[float, float]:
    """Seconds for all jobs, and Redis' microseconds for each; the pushes do not count."""
    for queue in QUEUES:
        await place.push("Nothing", queue=f"later-{queue}", count=JOBS // 2)
    used = await _processor(place)
    for queue in QUEUES:
        await place.client.rename(f"queue:later-{queue}", f"queue:{queue}")
    began = time.monotonic()

    async def is_through() -> bool:
        return not await place.client.exists("queue:push", "queue:pull")

    await place.until(is_through, "the queues to drain", within=60)
    return time.monotonic() - began, 1e6 * (await _processor(place) - used) / JOBS


async def _idle(place: Place) -> float:
    """Commands a second while nothing is to be done."""
    await asyncio.sleep(1.5)
    before = int((await place.client.info("stats"))["total_commands_processed"])
    await asyncio.sleep(IDLE_SECONDS)
    return (int((await place.client.info("stats"))["total_commands_processed"]) - before) / IDLE_SECONDS


async def _delays(place: Place) -> list[float]:
    """Milliseconds from each push to the begin of that job, the shortest first; one job at a time, from queue to queue."""
    for number in range(SINGLE_JOBS):
        await place.push("Moment", [time.time()], MASTODONS[number % len(MASTODONS)])
        await place.until(lambda number=number: len(place.lines("moments")) == number + 1, "the job")
    return sorted(float(line) for line in place.lines("moments"))
