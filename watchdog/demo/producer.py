"""Makes the work of the demo: as many jobs a second as its queues are to get, evenly."""

import asyncio
from collections.abc import Mapping
from typing import Final

from redis.asyncio import Redis

from watchdog.demo import jobs
from watchdog.demo.tally import Tally

TICK_S: Final = 0.25


async def produce(client: Redis, rates: Mapping[str, float], tally: Tally) -> None:
    """For ever: `rates` is queue → jobs a second. What a late turn missed is made up for in the next."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    made = dict.fromkeys(rates, 0)
    while True:
        for queue, rate in rates.items():
            due = int((loop.time() - began) * rate) - made[queue]
            if due > 0:
                await tally.push(client, queue, *(jobs.ordinary(queue) for _ in range(due)))
                made[queue] += due
        await asyncio.sleep(TICK_S)
