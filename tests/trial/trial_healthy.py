"""
An hour in which nothing is wrong, with a real Sidekiq and both packs as they ship: no rule fires, and none would act.

The load is that of a middling Mastodon server on an ordinary day: posts that come and go, notifications, previews of links of which some fail, deliveries to servers that are
well, to one that is slow, and to some that are dead and stay so; a film now and then, a long backup, the scheduler's minute. Thresholds are those of the packs; HEALTHY_MINUTES
makes it shorter.
"""

import asyncio
import os
from pathlib import Path
from typing import Final

from tests.service.conftest import RedisServer
from tests.service.patterns.neighbours import Neighbours
from tests.service.patterns.payloads import crawl, delivery, local, media, received, scheduled
from tests.service.patterns.server import MastodonServer, answer
from tests.trial.cases import Row

MINUTES: Final = int(os.environ.get("HEALTHY_MINUTES", "60"))
CASES = [f"{MINUTES} minutes of mixed load"]
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
    await server.start("default", "push", "mailers", threads=10, tag="one")
    await server.start("ingress", "pull", "scheduler", threads=10, tag="two")
    agent = await server.watch()
    async with (
        server.stream(8, _often),
        server.stream(1, _each_second),
        server.stream(1 / 20, _now_and_then),
        server.stream(1 / 60, lambda _: [scheduled("ScheduledStatusesScheduler"), scheduled("InstanceRefreshScheduler")]),
    ):
        await asyncio.sleep(MINUTES * 60)  # sleeps on purpose: this is the time in which nothing must happen
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


def _often(number: int) -> list:
    classes = ("DistributionWorker", "FeedInsertWorker", "LocalNotificationWorker", "PushUpdateWorker")
    return [received(f"server-{number % 200}.example", lasts=0.05), local(classes[number % 4]), delivery(f"taker-{number % 100}.example")]


def _each_second(number: int) -> list:
    jobs = [crawl(f"https://news-{number % 30}.example/{number}"), local("ActionMailer::MailDeliveryJob")]
    if number % 10 == 0:
        jobs.append(delivery(f"dead-{number // 10 % 7}.example"))
    if number % 30 == 0:
        jobs.append(delivery("http502-1.example"))
    return jobs


def _now_and_then(number: int) -> list:
    return [media(3)]
