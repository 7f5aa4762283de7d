"""Jobs are found by what they are, exactly, and counted to the end."""

import time
from typing import Any, Final

import orjson
import pytest

from tests.service.edit.conftest import JID, OTHER, PAYLOADS
from watchdog.model.quarantine import CameFrom
from watchdog.sidekiq.edit.failures import EditError
from watchdog.sidekiq.edit.finding import Place, Wanted, find_job, find_retries, queues_of

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
NOW: Final = time.time()


def failed(number: int, **more: Any) -> bytes:
    """A delivery that was refused."""
    return orjson.dumps({
        "class": "ActivityPub::DeliveryWorker", "queue": "push", "args": ["a private post", 1, "https://gone.example/inbox"], "jid": f"{number:024x}",
        "error_class": "Mastodon::UnexpectedResponseError", "error_message": "https://gone.example/inbox returned code 410", "retry_count": 3,
        "failed_at": NOW - 7200, "retried_at": NOW - 60, **more,
    })  # fmt: skip


OTHERS: Final = {
    "job_class": failed(901, **{"class": "ThreadResolveWorker", "error_message": "execution expired", "error_class": "RuntimeError"}),
    "queue": failed(902, queue="pull"),
    "domain": failed(903, args=["x", 1, "https://here.example/inbox"], error_message="https://here.example/inbox returned code 410"),
    "status": failed(904, error_message="https://gone.example/inbox returned code 503"),
    "kind": failed(905, error_class="HTTP::TimeoutError", error_message="connect timed out on https://gone.example/inbox"),
    "failing_for": failed(906, failed_at=NOW - 60),
}
"""What differs in just one thing that can be asked for."""
ALL: Final = Wanted(
    job_class="ActivityPub::DeliveryWorker", queue="push", domain="gone.example", kind="status", status=410, failing_for=3_600_000
)


async def test_retries_by_what_they_are(redis_server, editing):
    """All that was asked must hold; more than the cap are counted and not given."""
    client, edits = redis_server.client(), editing(redis_server.url)
    mine = [failed(number) for number in range(1200)]
    await client.zadd("retry", {member: NOW + number for number, member in enumerate([*mine, *OTHERS.values(), b"broken"])})

    found = await find_retries(edits, ALL, cap=1000)

    assert (found.fit, len(found.places), found.broken) == (1200, 1000, 1)
    assert len({place.payload for place in found.places} & set(mine)) == 1000
    assert {(place.came_from, place.queue) for place in found.places} == {(CameFrom.RETRY, "")}
    assert "private" not in repr(found)
    for name, other in OTHERS.items():
        less = Wanted(**{field: "" if isinstance(getattr(ALL, field), str) else 0 for field in (name,)} | _without(name))
        again = await find_retries(edits, less, cap=5000)
        assert {place.payload for place in again.places} >= {other}, name
        assert other not in {place.payload for place in found.places}
    assert (await find_retries(edits, Wanted())).fit == 1206


def _without(name: str) -> dict[str, Any]:
    """Everything of ALL but that; kind and status go together."""
    left = {field: getattr(ALL, field) for field in ALL.__struct_fields__ if field != name}
    return (
        left
        | ({"status": 0, "kind": ""} if name in ("kind", "status", "job_class") else {})
        | ({"domain": ""} if name == "job_class" else {})
    )


async def test_a_job_by_its_jid(redis_server, editing):
    """Wherever it stands, byte for byte; never one that only names it."""
    client, edits = redis_server.client(), editing(redis_server.url, namespace="mast")
    decoy = orjson.dumps({"class": "A", "args": [JID, {"jid": JID}], "jid": OTHER, "error_message": JID})
    payload = PAYLOADS["twice"]
    await client.zadd("mast:retry", {decoy: 1, PAYLOADS["numbers"]: 2, **{failed(n): 3 for n in range(600)}})
    await client.zadd("mast:schedule", {PAYLOADS["not UTF-8"]: 1, PAYLOADS["order"]: 5})
    await client.rpush("mast:queue:push", *[decoy] * 450, payload, *[decoy] * 5)
    await client.sadd("mast:queues", "push", "empty", b"\xff")

    assert await queues_of(edits) == ["empty", "push"]
    found = await find_job(edits, JID, queues=["push", "empty"])

    assert set(found.places) == {
        Place(PAYLOADS["numbers"], CameFrom.RETRY),
        Place(PAYLOADS["not UTF-8"], CameFrom.SCHEDULE),
        Place(PAYLOADS["order"], CameFrom.SCHEDULE),
        Place(payload, CameFrom.QUEUE, "push"),
    }
    assert found.looked_at >= 602 + 2 + 456


async def test_a_long_queue_is_read_at_its_ends(redis_server, editing):
    """1,000 jobs at either end; in between nothing could be taken anyhow."""
    client, edits = redis_server.client(), editing(redis_server.url)
    near, far = (orjson.dumps({"jid": JID, "n": n}) for n in range(2))
    await client.rpush("queue:push", far, *["x"] * 60_000, orjson.dumps({"jid": JID, "n": 3}), *["x"] * 60_000, near)

    found = await find_job(edits, JID, queues=["push"])

    assert [place.payload for place in found.places] == [near, far]
    assert found.looked_at == 2000


async def test_jobs_of_megabytes_are_read_one_by_one(redis_server, editing):
    """No page is much larger than a megabyte, or one job."""
    client, edits = redis_server.client(), editing(redis_server.url)
    await client.rpush("queue:push", *[b"x" * 3_000_000] * 25, PAYLOADS["ordinary"])
    await client.config_resetstat()

    assert (await find_job(edits, JID, queues=["push"])).fit == 1
    assert (await client.info("commandstats"))["cmdstat_lrange"]["calls"] > 15


async def test_what_can_not_be_read_is_said(redis_server, editing):
    """A key of another type, and a server that is away."""
    client, edits = redis_server.client(), editing(redis_server.url)
    await client.set("queue:push", "x")
    with pytest.raises(EditError):
        await find_job(edits, JID, queues=["push"])
    await redis_server.stop()
    with pytest.raises(EditError):
        await find_retries(edits, Wanted())
