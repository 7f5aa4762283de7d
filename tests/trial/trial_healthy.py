"""
An hour in which nothing is wrong, with a real Sidekiq and both packs as they ship: no rule fires, and none would act.

The load is that of a middling Mastodon server on an ordinary day: posts that come and go, notifications, previews of links of which some fail, deliveries to servers that are
well, to one that is slow, and to some that are dead and stay so; a film now and then, a backup that lasts for a third of the time, the scheduler's minutes. In the middle both
processes are restarted, as by a deploy. Thresholds are those of the packs; HEALTHY_MINUTES makes it shorter.
"""

import asyncio
import contextlib
import itertools
import os
import signal
import time
from pathlib import Path
from typing import Final

from tests.service.conftest import RedisServer, SidekiqProcess
from tests.service.gem_stand_ins import SchedulerStandIn
from tests.service.patterns.neighbours import Neighbours
from tests.service.patterns.payloads import backup, crawl, delivery, local, media, received
from tests.service.patterns.server import MastodonServer, answer
from tests.trial.cases import Row

MINUTES: Final = int(os.environ.get("HEALTHY_MINUTES", "60"))
CASES = [f"{MINUTES} minutes of mixed load"]
PERIODS: Final = {"indexing_scheduler": 60, "scheduled_statuses_scheduler": 300, "instance_refresh_scheduler": 3_600}
SCHEDULE: Final = {
    "indexing_scheduler": {"interval": "1m", "class": "Scheduler::IndexingScheduler", "queue": "scheduler"},
    "scheduled_statuses_scheduler": {"every": "5m", "class": "Scheduler::ScheduledStatusesScheduler", "queue": "scheduler"},
    "instance_refresh_scheduler": {"cron": "0 * * * *", "class": "Scheduler::InstanceRefreshScheduler", "queue": "scheduler"},
}
LIMIT: Final = MINUTES * 60 + 300
"""Seconds after which the case is given up; it is the trial's own, since it takes as long as it says."""


async def run(case: str, folder: Path) -> Row:
    """One such time; the row says what was done, and names every rule that fired."""
    redis = RedisServer(folder)
    await redis.start()
    home = folder / "mastodon"
    home.mkdir()
    try:
        async with Neighbours() as neighbours:
            server = MastodonServer(home, redis, neighbours)
            try:
                return await _hour(server)
            finally:
                await server.close()
    finally:
        await redis.close()


async def _hour(server: MastodonServer) -> Row:
    homes = (("default", "push", "mailers"), ("ingress", "pull", "scheduler"))
    units = [await server.start(*queues, threads=10) for queues in homes]
    agent = await server.watch()
    scheduler = asyncio.create_task(_schedule(server))
    async with (
        server.stream(8, _often),
        server.stream(1, _each_second),
        server.stream(1 / 20, _now_and_then),
    ):
        # Sleeps on purpose: this is the time in which nothing must happen.
        await asyncio.sleep(MINUTES * 30)
        for queues, unit in zip(homes, units, strict=True):
            await _restart(server, unit, queues)
        await asyncio.sleep(MINUTES * 30)
    scheduler.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await scheduler
    told = await answer(agent)
    retries = await server.client.zcard("retry")
    return {
        "ok": not told.fired and not told.decided and not told.private,
        "fired": ", ".join(sorted(told.fired)) or "none",
        "would act": ", ".join(sorted(f"{rule}: {decision}" for rule, decision in told.decided)) or "none",
        "jobs": int(await server.client.get("stat:processed") or 0),
        "failed": int(await server.client.get("stat:failed") or 0),
        "retries": retries,
    }


async def _restart(server: MastodonServer, unit: SidekiqProcess, queues: tuple[str, ...]) -> None:
    """As systemd does it: SIGTERM, and anew when it has ended."""
    unit.signal(signal.SIGTERM)
    await unit.wait_exit()
    await server.start(*queues, threads=10)


async def _schedule(server: MastodonServer) -> None:
    """The scheduler of the second process; what becomes of its entries stands in Redis as on a real server."""
    scheduler, began = SchedulerStandIn(server.client), time.time()
    await scheduler.boot(SCHEDULE, {name: began + every for name, every in PERIODS.items()})
    for minute in itertools.count(1):
        await asyncio.sleep(max(0.0, began + minute * 60 - time.time()))
        for name, every in PERIODS.items():
            if minute * 60 % every == 0:
                await scheduler.trigger(name, began + minute * 60, began + minute * 60 + every)


def _often(number: int) -> list:
    classes = ("DistributionWorker", "FeedInsertWorker", "LocalNotificationWorker", "PushUpdateWorker")
    return [received(f"server-{number % 200}.example", lasts=0.05), local(classes[number % 4]), delivery(f"taker-{number % 100}.example")]


def _each_second(number: int) -> list:
    jobs = [crawl(f"https://news-{number % 30}.example/{number}"), local("ActionMailer::MailDeliveryJob")]
    if number % 10 == 0:
        jobs.append(delivery(f"dead-{number // 10 % 7}.example"))
    if number % 30 == 0:
        jobs += [delivery("http502-1.example"), delivery("slow-1.example")]
    if number == 60:
        jobs.append(backup(MINUTES * 20))
    return jobs


def _now_and_then(number: int) -> list:
    return [media(3)]
