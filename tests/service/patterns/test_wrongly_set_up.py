"""What is set up wrongly on a Mastodon server, produced for real: the rule says so, and nobody is restarted for it."""

import time

import pytest

from tests.service.gem_stand_ins import SchedulerStandIn
from tests.service.patterns.payloads import local
from tests.service.patterns.server import answer, eventually, fires, resolves

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(240)]
EVERY = {"scheduled_statuses_scheduler": {"every": "5m", "class": "Scheduler::ScheduledStatusesScheduler", "queue": "scheduler"}}


async def test_a_queue_that_nobody_serves(mastodon):
    """I-01: the units name every queue but one. The rule says which, nothing is restarted, and once somebody listens it is over and the mail is sent."""
    await mastodon.start("default", "push", "ingress", "pull", "scheduler")
    agent = await mastodon.watch(queue_unserved={"for": "2s", "keep_firing_for": "0s"})
    await mastodon.push(*(local("ActionMailer::MailDeliveryJob") for _ in range(5)))
    await fires(agent, "queue-unserved")
    await mastodon.start("mailers")
    await resolves(agent, "queue-unserved")

    async def sent() -> bool:
        return not await mastodon.client.llen("queue:mailers")

    await eventually(sent, "the mail to be taken")
    told = await answer(agent)
    assert {row["entity"] for row in told.rows if row["kind"] == "alert" and row["rule"] == "queue-unserved"} == {"mailers"}
    assert told.decided == set()


async def test_two_schedulers(mastodon):
    """I-15: two processes serve the queue scheduler, and each pushes what is due. The rule says so, nothing is restarted, and it is over when one of them has gone."""
    one, two = await mastodon.start("default", "scheduler"), await mastodon.start("push", "scheduler")
    schedulers = [SchedulerStandIn(mastodon.client), SchedulerStandIn(mastodon.client)]
    now = time.time()
    # They count from their own starts, which are seconds apart: so nothing keeps them from doing it twice.
    for number, scheduler in enumerate(schedulers):
        await scheduler.boot(EVERY, {"scheduled_statuses_scheduler": now + number})
        assert await scheduler.trigger("scheduled_statuses_scheduler", now + number, now + number + 300)
    agent = await mastodon.watch(scheduler_doubled={"for": "2s", "keep_firing_for": "0s"})
    await fires(agent, "scheduler-doubled")
    schedulers[1].quiet()
    two.signal(15)
    await resolves(agent, "scheduler-doubled")
    told = await answer(agent)

    assert await mastodon.client.zcard("sidekiq-scheduler:pushed:scheduled_statuses_scheduler") == 2
    assert one.alive
    assert told.decided == set()
