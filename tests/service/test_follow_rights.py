"""Following Redis as a user who may not do everything."""

import pytest

from tests.bench.beats import SimulatedProcess
from tests.service.test_follow_redis import jobs
from watchdog.model.events import SourceLost

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]


async def test_a_user_without_the_right_to_track(redis_server, following, caplog):
    """Sampling finds beats, new processes and clean stops within a second or two."""
    client = redis_server.client()
    await client.execute_command("ACL", "SETUSER", "agent", "on", ">pass", "~*", "+@all", "-client|tracking")
    process = SimulatedProcess()
    one = following(url=redis_server.url.replace("//", "//agent:pass@"))
    await one.until(lambda: one.said)
    assert not one.follower.tracking
    process.run("a")
    await process.beat(client)
    await one.until(lambda: jobs(one))
    process.jobs.clear()
    await process.beat(client)
    await one.until(lambda: len(jobs(one)) == 2)
    await process.stop(client)
    await one.until(lambda: one.readings(process.identity)["listed"] is False)

    assert len([record for record in caplog.records if "sampled" in record.message]) == 1


RIGHTS = (
    "+hello +auth +select +ping +client|setname +client|tracking +client|trackinginfo +client|caching "
    "+info +time +sscan +sismember +hmget +hgetall +pttl +get +zcard +zrange +zrangebyscore +llen +lindex +lrange +hscan"
)


async def test_a_user_who_may_only_read(redis_server, following, push, caplog):
    """These rights are enough for everything, tracking included; CONFIG, KEYS and every write are not among them."""
    client = redis_server.client()
    await client.execute_command("ACL", "SETUSER", "agent", "on", ">pass", "~*", *RIGHTS.split())
    process = SimulatedProcess()
    await process.beat(client)
    await push(client, "Quick")
    one = following(url=redis_server.url.replace("//", "//agent:pass@"))
    await one.until(lambda: one.said)
    process.run("a")
    await process.beat(client)
    await one.until(lambda: jobs(one))

    assert one.follower.tracking
    assert one.readings("push")["size"] == 1
    assert one.readings("redis")["version"]
    await one.until(lambda: "retry_census_at" in one.readings("sidekiq"))
    assert not any(isinstance(body, SourceLost) for body in one.said)
    assert not caplog.records
