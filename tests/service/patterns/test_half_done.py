"""An upgrade that was done by half, produced for real: nearly every job fails. The rule says so, and nothing is restarted."""

import pytest

from tests.service.patterns.payloads import local, received
from tests.service.patterns.server import answer, fires

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(240)]


async def test_migrations_that_were_not_run(mastodon):
    """
    I-23: jobs succeed; then the code is of one version and the database of another, and each that asks for a column fails. The rule says so.

    The failures are this server's own: no other server is blamed, no rule would restart anything.
    """
    await mastodon.start("default", "push", "ingress", threads=5)
    agent = await mastodon.watch(upgrade_half_done={"for": "1s", "define": {"lately": "10s"}}, stuck_delivery={"mode": "act"})
    classes = ("DistributionWorker", "FeedInsertWorker", "LocalNotificationWorker")
    async with mastodon.stream(10, lambda number: [local(classes[number % 3]), received(f"server-{number % 9}.example")]):
        await mastodon.agent_sees("processed", 50)
        before = await answer(agent)
        (mastodon.folder / "not-migrated").touch()
        await fires(agent, "upgrade-half-done")
    told = await answer(agent)

    assert before.fired == set()
    assert not told.fired & {"database-exhausted", "world-rejects-us", "egress-broken"}
    assert told.decided == set()
    assert not told.private
