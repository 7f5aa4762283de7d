"""Three versions on one Redis at the same time, as in an upgrade: each is understood by itself, and jobs of all of them lie in one queue."""

import asyncio
import contextlib
import json

import pytest

from tests.service.conftest import push_job
from tests.service.matrix.parts import SIDEKIQS, Store, end, start_sidekiq
from watchdog.model.events import Delta
from watchdog.model.kinds import Kind

pytestmark = [pytest.mark.needs(*SIDEKIQS), pytest.mark.timeout(180)]


def plan(suite: str) -> tuple:
    """What a process pushes. Whoever is free takes the job of the shared queue; the one that fails is its own, so that it is known who counts it."""
    return (
        ("Quick", "mailers", (), None),
        ("SleepForever", "shared", (), None),
        ("Refused", suite, ("https://example.social/inbox",), None),
    )


@pytest.fixture
async def store(tmp_path):
    """One server for all of them."""
    one = Store("Redis 7", tmp_path / "store")
    yield await one.start()
    await one.close()


@pytest.fixture
async def mixed(store):
    """A process of each version; each serves a queue of its own, named as its suite, and one that all share."""
    started = {}
    async with contextlib.AsyncExitStack() as stack:
        for suite in SIDEKIQS:
            started[suite] = await start_sidekiq(suite, store, tag=suite, queues=(suite, "shared"), concurrency=3)
            stack.push_async_callback(end, started[suite])
        for process in started.values():
            await process.wait_beat(store.client())
        yield started


def units(payload: dict) -> set[str]:
    """In which units the times of a job stand, by their type."""
    return {type(value).__name__ for field, value in payload.items() if field.endswith("_at")}


async def test_three_versions_on_one_redis(store, mixed, following, until):
    """Each process shows as what it is, each job once and since when it runs, whoever pushed it and whoever took it; waiting times hold in both units."""
    client = store.client()
    one = following(url=store.url)
    # What a class has run before the first reading is where its counting begins.
    await one.until(lambda: one.readings("sidekiq").get("retries") == 0)
    began = asyncio.get_running_loop().time() * 1_000

    async def waiting(wanted: int) -> bool:
        return await client.llen("queue:mailers") == wanted

    # In this order float seconds and milliseconds alternate in the queue.
    for number, suite in enumerate(("bookworm", "sid", "trixie"), start=1):
        await push_job(client, "Plan", [plan(suite)], suite)
        await until(lambda number=number: waiting(number), what=f"the jobs that {suite} pushes")

    def jobs() -> list[Delta]:
        # A beat may have caught one of the others at its work, too.
        others = {
            change.id
            for change in one.changes
            if isinstance(change, Delta) and change.fields.get("job_class", "SleepForever") != "SleepForever"
        }
        return [change for change in one.changes if change.kind == Kind.JOB and change.id not in others]

    await one.until(lambda: len(jobs()) == 3)
    for process in mixed.values():
        shown = one.readings(process.identity)
        told = process.version if process.release >= (7, 0, 2) else None
        assert (shown["tag"], shown.get("version"), shown["threads"], shown["listed"]) == (process.tag, told, 3, True)
    assert all(isinstance(job, Delta) for job in jobs())
    assert {job.fields["queue"] for job in jobs()} == {"shared"}
    now = asyncio.get_running_loop().time() * 1_000
    assert all(began - 2_000 < job.fields["started_at"] <= now for job in jobs())

    await one.until(lambda: one.readings("sidekiq").get("retries") == 3)
    await one.until(lambda: one.readings("mailers").get("size") == 3)
    payloads = [json.loads(payload) for payload in await client.lrange("queue:mailers", 0, -1)]
    assert [units(payload) for payload in reversed(payloads)] == [{"float"}, {"int"}, {"float"}]
    for left in (3, 2, 1):
        await one.until(lambda left=left: one.readings("mailers").get("size") == left)
        waited = one.readings("mailers")["latency"]
        assert 0 < waited < asyncio.get_running_loop().time() * 1_000 - began + 2_000
        await client.rpop("queue:mailers")
    await shows_all_three(one, mixed)
    assert one.follower.broken() == ()


async def shows_all_three(one, mixed) -> None:
    """Who is behind, who listens to the queue that all share, and what those that count by class have counted: 7.3 and 8.1, each in hashes of its own."""
    await one.until(lambda: one.readings("Refused").get("failed") == 2, within=60, what="what two of three have counted")
    await one.until(lambda: one.readings("Refused")["processed"] == 2)

    def told(entity: str, *slots: str) -> list:
        return [one.readings(entity).get(slot) for slot in slots]

    # Until the next beat of each what the last one caught at its work is counted as well.
    await one.until(lambda: told("shared", "threads", "listeners", "busy") == [9, 3, 3])
    await one.until(lambda: told("sidekiq", "versions", "threads", "busy", "stale") == [3, 9, 3, 0])
    assert one.readings("sid")["threads"] == 3
    beats = {mixed["bookworm"]: 5_000, mixed["trixie"]: 10_000, mixed["sid"]: 10_000}
    await one.until(lambda: all(told(process.identity, "beat_every") == [beat] for process, beat in beats.items()))
    old, middle, new = (one.readings(mixed[suite].identity) for suite in ("bookworm", "trixie", "sid"))
    assert [process["outdated"] for process in (old, middle, new)] == [True, True, False]
    assert [process.get("capsules") for process in (old, middle, new)] == [None, None, ("default",)]
