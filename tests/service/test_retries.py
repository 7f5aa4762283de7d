"""Retries of a real Sidekiq, and of a set that is large enough for many pages."""

import asyncio
import time
from collections import Counter

import orjson
import pytest

from tests.bench.retry_entries import entries
from watchdog.model.events import Delta, SourceLost
from watchdog.model.kinds import Kind
from watchdog.sidekiq.failures import SourceUnavailableError

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]

FAILURES = (
    ("known.example", "Mastodon::UnexpectedResponseError", "<url> returned code 401"),
    ("known.example", "Mastodon::UnexpectedResponseError", "<url> returned code 401"),
    ("www.known.example", "Mastodon::UnexpectedResponseError", "<url> returned code 503"),
    ("slow.example", "HTTP::TimeoutError", "Read timed out after a total of 30 seconds on <url>"),
    ("gone.example", "HTTP::ConnectionError", "failed to connect: No address for gone.example on <url>"),
    ("gone.example", "Stoplight::Error::RedLight", "<url>"),
)
PRIVATE = "a private post"


def deltas(one, kind: Kind) -> list[Delta]:
    """What was told of that kind so far."""
    return [change for change in one.changes if isinstance(change, Delta) and change.kind is kind]


@pytest.mark.needs("sidekiq")
async def test_deliveries_that_fail(redis_server, sidekiq, push, following, until):
    """A real Sidekiq's failures by group and by domain: counted at once by a census, and as added within 15 s; where a running job goes is told."""
    client = redis_server.client()
    await sidekiq.start(concurrency=5)
    one = following(url=redis_server.url)
    await one.until(lambda: "retry_census_at" in one.readings("sidekiq"))
    body = orjson.dumps({"content": PRIVATE}).decode()
    for host, error, message in FAILURES:
        await push(client, "ActivityPub::DeliveryWorker", [body, 1, f"https://{host}/inbox", {"error": error, "message": message}])
    for _ in range(2):
        await push(client, "ActivityPub::DeliveryWorker", [body, 1, "https://held.example/inbox", {}])

    async def failed() -> bool:
        return await client.zcard("retry") == len(FAILURES)

    await until(failed, what="six failures")
    await one.follower.count_retries()
    await one.until(lambda: one.readings("known.example").get("retries") == 3)
    groups = {change.id: change.fields["size"] for change in deltas(one, Kind.RETRY_GROUP) if "size" in change.fields}
    assert groups == {
        "push ActivityPub::DeliveryWorker status 401": 2,
        "push ActivityPub::DeliveryWorker status 503": 1,
        "push ActivityPub::DeliveryWorker timeout": 1,
        "push ActivityPub::DeliveryWorker dns": 1,
        "push ActivityPub::DeliveryWorker circuit_open": 1,
    }
    known, gone = one.readings("known.example"), one.readings("gone.example")
    assert (known["rejected"], known["server_errors"], gone["unreachable"]) == (2, 1, 2)

    await one.until(lambda: one.readings("held.example").get("in_flight") == 2)
    assert {change.fields["domain"] for change in one.changes if isinstance(change, Delta) and "jid" in change.fields} == {"held.example"}
    counted = {"known.example": 3, "slow.example": 1, "gone.example": 2}
    await one.until(lambda: all(one.readings(domain).get("added") == added for domain, added in counted.items()))
    assert (one.readings("known.example")["added_rejected"], one.readings("slow.example")["added_timeouts"]) == (2, 1)
    widely = {
        "failing_domains": 3,
        "rejecting_domains": 1,
        "unreachable_domains": 2,
        "tls_domains": 0,
        "newly_failing_domains": 3,
        "newly_unreachable_domains": 2,
    }
    await one.until(lambda: one.readings("federation") == widely)
    assert PRIVATE not in repr(one.said)


async def test_a_set_of_many_pages(redis_server, following):
    """Counted while it is followed, each group and domain as a naive count has them; what is deleted is counted off by the next census."""
    client = redis_server.client()
    members = dict(entries(6_000, time.time()))
    await client.zadd("retry", members)
    jobs = [orjson.loads(member) for member in members]
    one = following(url=redis_server.url)
    await one.until(lambda: one.readings("sidekiq").get("retries_unaccounted") == 0)
    by_group = Counter(f"{job['queue']} {job['class']}" for job in jobs)

    def sizes() -> Counter[str]:
        latest: dict[str, int] = {}
        for change in deltas(one, Kind.RETRY_GROUP):
            if "size" in change.fields:
                latest[change.id] = change.fields["size"]
        counted: Counter[str] = Counter()
        for group, size in latest.items():
            counted[" ".join(group.split()[:2])] += size
        return counted

    await one.until(lambda: sizes() == by_group)
    busiest, number = Counter(job["args"][2 if "Delivery" in job["class"] else 1].split("/")[2] for job in jobs).most_common(1)[0]
    await one.until(lambda: one.readings(busiest).get("retries") == number)

    await client.zremrangebyrank("retry", 0, 2_999)
    await one.follower.count_retries()
    await one.until(lambda: sizes().total() == 3_000)


async def test_what_can_not_be_counted(redis_server, following):
    """Counting without Redis is refused; a census that Redis dies under ends with it, and another is made afterwards."""
    client = redis_server.client()
    one = following(url=redis_server.url)
    with pytest.raises(SourceUnavailableError):
        await one.follower.count_retries()
    await one.until(lambda: one.follower._session is not None)
    await client.zadd("retry", dict(entries(2_000, time.time())))
    redis_server.pause()
    counting = asyncio.create_task(one.follower.count_retries())
    await redis_server.stop()
    with pytest.raises(SourceUnavailableError):
        await counting
    await redis_server.start()
    await one.until(lambda: one.follower._session is not None)
    await one.follower.count_retries()


async def test_a_user_who_may_not_read_the_retries(redis_server, following, caplog):
    """Everything else is followed; that the retries are not known is logged once."""
    client = redis_server.client()
    await client.execute_command("ACL", "SETUSER", "agent", "on", ">pass", "~*", "+@all", "-zrangebyscore")
    one = following(url=redis_server.url.replace("//", "//agent:pass@"))
    await one.until(lambda: any("retries" in record.message for record in caplog.records))
    await one.until(lambda: one.readings("sidekiq").get("retries") == 0)

    assert len(caplog.records) == 1
    assert not any(isinstance(body, SourceLost) for body in one.said)
    with pytest.raises(SourceUnavailableError, match="zrangebyscore"):
        await one.follower.count_retries()
