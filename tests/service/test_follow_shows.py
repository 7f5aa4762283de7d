"""Everything else that Sidekiq and Redis show, on a real Redis: queues with their listeners, capsules, versions, classes of jobs, the server."""

import contextlib
import time

import pytest

from tests.bench.beats import SimulatedProcess
from watchdog.model.events import Gone
from watchdog.model.kinds import Kind
from watchdog.sidekiq.metrics import buckets

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]


def minute() -> int:
    """The minute that lasts, from 1970."""
    return int(time.time()) // 60


async def count(
    client, job_class: str, processed: int, failed: int = 0, took: int = 0, *, at: int | None = None, old: bool = False
) -> None:
    """What a process adds at a beat: of Sidekiq 8, or of 7."""
    bucket = buckets(minute() if at is None else at)[0 if old else 1]
    async with client.pipeline(transaction=False) as pipeline:
        for what, value in (("p", processed), ("f", failed), ("ms", took)):
            if value:
                pipeline.hincrby(f"j|{bucket}", f"{job_class}|{what}", value)
        pipeline.expire(f"j|{bucket}", 8 * 3_600)
        await pipeline.execute()


async def reconnected(client, one) -> None:
    """Have everything be read anew, without waiting until it is due."""
    before = len(one.said)
    await client.client_kill_filter(_type="normal", skipme=True)
    await one.until(lambda: any(getattr(body, "complete", False) for body in one.said[before:]))


async def test_who_listens_to_a_queue(redis_server, following, push):
    """Threads and processes that fetch from it and jobs from it that run; a quiet process runs on and fetches no more; capsules keep to their queues."""
    client = redis_server.client()
    for queue in ("push", "pull", "single", "mailers"):
        await push(client, "Quick", queue=queue)
    plain, split, quiet = SimulatedProcess(1, queues=("push", "pull")), SimulatedProcess(2, queues=("push", "single")), SimulatedProcess(3)
    split.info |= {
        "version": "8.1.7",
        "weights": [{"push": 2}, {"single": 0}],
        "capsules": {
            "default": {"concurrency": 3, "mode": "weighted", "weights": {"push": 2}},
            "one": {"concurrency": 1, "mode": "strict", "weights": {"single": 0}},
        },
    }
    del split.info["concurrency"]
    quiet.quiet = True
    quiet.run("a")
    split.run("a", queue="single")
    for process in (plain, quiet):
        await process.beat(client)
    await split.beat(client, concurrency=4)
    await client.sadd("paused", "pull")
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)

    shown = {
        queue: [one.readings(queue)[slot] for slot in ("threads", "listeners", "busy", "paused")]
        for queue in ("push", "pull", "single", "mailers")
    }
    assert shown == {"push": [8, 2, 1, False], "pull": [5, 1, 0, True], "single": [1, 1, 1, False], "mailers": [0, 0, 0, False]}
    told = one.readings(split.identity)
    assert (told["threads"], told["capsules"], told["weights"], told["embedded"]) == (4, ("default", "one"), ("push,2", "single,0"), False)
    totals = one.readings("sidekiq")
    assert (totals["threads"], totals["busy"], totals["versions"]) == (14, 2, 2)


async def test_an_older_version_beside_a_newer(redis_server, following):
    """Versions that beat side by side are counted, and the older process is outdated within a beat; one that tells no version beats each 5 s as seen."""
    client = redis_server.client()
    new, old = SimulatedProcess(1), SimulatedProcess(2, work="workers")
    del old.info["version"]
    await new.beat(client)
    await old.beat(client)
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    assert "beat_every" not in one.readings(old.identity)
    await old.write_identity(client, beat=repr(time.time() + 5))
    await new.beat(client)
    await one.until(lambda: one.readings(old.identity)["outdated"])
    await one.until(lambda: one.readings(old.identity).get("beat_every"))

    assert one.readings("sidekiq")["versions"] == 2
    assert one.readings(new.identity)["outdated"] is False
    assert (one.readings(old.identity)["beat_every"], one.readings(new.identity)["beat_every"]) == (5_000, 10_000)


async def test_members_without_a_hash(redis_server, following):
    """What a crash leaves in the set is counted, whether it was ever seen to beat or not; a process that beats again is not stale."""
    client = redis_server.client()
    process = SimulatedProcess(1)
    await process.beat(client)
    await client.sadd("processes", "web9:9:cafe")
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    assert one.readings("sidekiq")["stale"] == 1
    await client.delete(process.identity)
    await reconnected(client, one)
    assert one.readings("sidekiq")["stale"] == 2
    await process.beat(client)
    await client.srem("processes", "web9:9:cafe")
    await reconnected(client, one)
    assert one.readings("sidekiq")["stale"] == 0


async def test_classes_of_jobs(redis_server, following, until):
    """Sidekiq 7 and 8 count into hashes of their own: both are added up, from the first reading on, the minute before included."""
    await until(lambda: time.time() % 60 < 45, what="a minute of which enough is left")
    client = redis_server.client()
    await count(client, "A::Push", 100, 3, 5_000)
    await count(client, "A::Push", 50, at=minute() - 1)
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    first = one.readings("A::Push")
    await count(client, "A::Push", 10, 1, 900)
    await count(client, "A::Push", 5, 2, 300, old=True)
    await count(client, "A::Push", 1, at=minute() - 1)
    await count(client, "Pull|x", 2, old=True)
    await reconnected(client, one)

    assert first == {"name": "A::Push", "processed": 0, "failed": 0, "took": 0}
    told = one.readings("A::Push")
    assert (told["processed"], told["failed"], told["took"]) == (16, 3, 1_200)
    assert one.readings("Pull|x")["processed"] == 2
    assert one.readings("sidekiq")["classes"] == 2


async def test_classes_that_are_broken_or_too_many(redis_server, following, until):
    """What can't be read is named; of more than 500 classes the busiest are told, and all are counted."""
    await until(lambda: time.time() % 60 < 45, what="a minute of which enough is left")
    client = redis_server.client()
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    await client.hset(f"j|{buckets(minute())[1]}", mapping={f"C{number:04}|p": number + 1 for number in range(700)})
    await client.hset(f"j|{buckets(minute())[1]}", mapping={b"\xff|p": "1", "C9999|p": "secret"})
    await client.set(f"j|{buckets(minute())[0]}", "secret")
    await reconnected(client, one)

    told = {change.id for change in one.changes if change.kind == Kind.JOB_CLASS}
    assert told == {f"C{number:04}" for number in range(200, 700)}
    assert one.readings("sidekiq")["classes"] == 700
    assert {datum.key.split("|")[0] for datum in one.follower.broken()} == {"j"}
    assert "secret" not in str(one.follower.broken())


async def test_runs_of_a_queue(redis_server, following, push, until):
    """A class that was seen running counts for the queue of its job; what arrived is what was run, runs and waits. Without counts by class neither is known."""
    await until(lambda: time.time() % 60 < 45, what="a minute of which enough is left")
    client = redis_server.client()
    await push(client, "A::Push")
    process = SimulatedProcess()
    process.run("a", job_class="A::Push")
    await process.beat(client)
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    assert "processed" not in one.readings("push")
    await count(client, "A::Push", 0, took=1)
    await reconnected(client, one)
    await reconnected(client, one)
    assert (one.readings("push")["processed"], one.readings("push")["arrived"]) == (0, 0)
    await count(client, "A::Push", 10)
    await push(client, "A::Push")
    await reconnected(client, one)
    await one.until(lambda: one.readings("push").get("arrived") == 11)

    assert one.readings("push")["processed"] == 10


async def test_nothing_is_said_of_a_sidekiq_that_counts_no_classes(redis_server, following):
    """Sidekiq 6 has none, and there is no zero in their place."""
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)

    assert not [change for change in one.changes if change.kind == Kind.JOB_CLASS]
    assert "classes" not in one.readings("sidekiq")


async def test_what_is_overdue(redis_server, following):
    """The first of the retries and of the scheduled jobs by its score; what lies ahead, or never falls due, is not late."""
    client, now = redis_server.client(), time.time()
    await client.zadd("retry", {"a": now - 90.5, "b": now + 50})
    await client.zadd("schedule", {"a": now + 30})
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    assert 90_000 <= one.readings("sidekiq")["next_retry_overdue"] < 95_000
    assert one.readings("sidekiq")["schedule_overdue"] == 0
    await client.zadd("schedule", {"b": "-inf"})
    await client.zadd("retry", {"a": "inf"})
    await client.zrem("retry", "b")
    await reconnected(client, one)

    assert one.readings("sidekiq")["next_retry_overdue"] == 0
    assert one.readings("sidekiq")["schedule_overdue"] is None
    assert [datum.key for datum in one.follower.broken() if "score" in datum.reason] == ["schedule"]


async def test_how_many_arrived(redis_server, following, push):
    """Pushed, taken, running and run: each job counts once, wherever it is."""
    client = redis_server.client()
    process = SimulatedProcess()
    await process.beat(client)
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    for _ in range(3):
        await push(client, "Quick")
    await one.until(lambda: one.readings("sidekiq")["arrived"] == 3)
    await client.rpop("queue:push")
    process.run("a")
    await process.beat(client)
    await client.rpop("queue:push")
    await client.incr("stat:processed")
    await one.until(lambda: one.readings("sidekiq")["processed"] == 1 and one.readings("sidekiq")["busy"] == 1)

    assert one.readings("sidekiq")["arrived"] == 3


async def test_the_server(redis_server, following):
    """Memory, persistence, clients, replication; how long it takes to answer; and that it was started anew."""
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    first = one.readings("redis")
    assert first["restarts"] == 0
    assert first["rss"] > 2**20
    assert first["peak"] >= 2**19
    assert (first["policy"], first["loading"], first["save_ok"], first["append_only"], first["append_ok"]) == (
        "noeviction",
        False,
        True,
        False,
        True,
    )
    assert (first["evicted"], first["rejected"], first["unsaved"], first["replicas"], first["blocked"]) == (0, 0, 0, 0, 0)
    assert 0 <= first["latency"] < 3_000
    assert first["fragmentation"] > 0
    assert "link_up" not in first
    assert 0 <= one.follower._clock.at() - first["saved_at"] < 60_000
    assert not one.follower.broken()
    await redis_server.stop()
    await redis_server.start()
    await one.until(lambda: one.readings("redis").get("restarts") == 1)


async def test_a_replica(redis_server, tmp_path, following, until):
    """A replica tells of its master, and the master of its replica."""
    folder = tmp_path / "replica"
    folder.mkdir()
    client = redis_server.client()
    await client.config_set("repl-diskless-sync-delay", 0)
    replica = type(redis_server)(folder, "--replicaof", "127.0.0.1", str(redis_server.port))
    await replica.start()
    try:

        async def online() -> bool:
            return (await client.info("replication")).get("slave0", {}).get("state") == "online"

        await until(online, what="the replica")
        one, other = following(url=redis_server.url), following(url=replica.url)
        await one.until(lambda: one.said)
        await other.until(lambda: other.said)
        assert (one.readings("redis")["role"], one.readings("redis")["replicas"]) == ("master", 1)
        assert one.readings("redis")["replica_lag"] <= 5_000
        assert (other.readings("redis")["role"], other.readings("redis")["link_up"]) == ("slave", True)
        assert other.readings("redis")["link_silence"] <= 15_000
    finally:
        await replica.close()


LESS = "+hello +ping +client|setname +client|tracking +client|trackinginfo +client|caching +time +sscan +sismember +hmget +hgetall +pttl +get +zcard +llen +lindex"


async def test_a_user_with_fewer_rights(redis_server, following, push, caplog):
    """Without HSCAN, ZRANGE and INFO the rest is followed as ever, and it is said once what is not known for it."""
    client = redis_server.client()
    await client.execute_command("ACL", "SETUSER", "agent", "on", ">pass", "~*", *LESS.split())
    await client.hset("schedules", "a", '{"every":"1h"}')
    await push(client, "Quick")
    one = following(url=redis_server.url.replace("//", "//agent:pass@"))
    await one.until(lambda: one.said)
    await reconnected(client, one)

    assert one.readings("push")["size"] == 1
    assert "next_retry_overdue" not in one.readings("sidekiq")
    for what in ("what sidekiq-scheduler pushes", "what is run of each class", "how late retries", "whether it can save"):
        assert len([record for record in caplog.records if what in record.message]) == 1


async def test_all_of_it_in_one_round_trip(redis_server, following, push, until):
    """With schedules, classes and locks there, a quiet server is still asked less than once a second, and nothing is said again that has not changed."""
    await until(lambda: time.time() % 60 < 45, what="a minute of which enough is left")
    client = redis_server.client()
    await SimulatedProcess().beat(client)
    await push(client, "Quick")
    await client.delete("queue:push")
    await count(client, "A", 1)
    await client.hset("schedules", "trends", '{"every":"5m","queue":"push"}')
    await client.hset("sidekiq-scheduler:next_times", "trends", time.strftime("%Y-%m-%d %H:%M:%S Z", time.gmtime(time.time() + 100)))
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    # What is read once at the beginning is over when the retries have been counted.
    await one.until(lambda: one.readings("sidekiq").get("retry_census_at") is not None)
    first, began = one.follower.cost()["round_trips"], time.monotonic()
    await until(lambda: one.follower.cost()["round_trips"] >= first + 4)

    assert time.monotonic() - began > 2
    with contextlib.suppress(StopIteration):
        raise AssertionError(
            next(change for body in one.said[1:] for change in body.changes if change.kind in (Kind.SCHEDULE, Kind.JOB_CLASS))
        )


async def test_a_queue_that_was_cleared_takes_its_listeners_along(redis_server, following, push):
    """An entity that is gone is gone whole, and comes back whole."""
    client = redis_server.client()
    await SimulatedProcess().beat(client)
    await push(client, "Quick")
    one = following(url=redis_server.url)
    await one.until(lambda: one.readings("push"))
    await client.delete("queue:push")
    await client.srem("queues", "push")
    await one.until(lambda: Gone(Kind.QUEUE, "push", "cleared") in one.changes)
    await push(client, "Quick")
    await one.until(lambda: one.readings("push"))

    assert one.readings("push")["threads"] == 5
