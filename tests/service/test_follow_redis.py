"""The follower on a real Redis, with processes that beat as Sidekiq does and with everything that can lie in its keys."""

import asyncio
import shutil
import time

import pytest

from tests.bench.beats import SimulatedProcess
from watchdog.model.events import Delta, Gone, Observed, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.sidekiq.failures import SourceUnavailableError

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]


def jobs(one) -> list[Delta | Gone]:
    """What was said about jobs so far."""
    return [change for change in one.changes if change.kind == Kind.JOB]


async def test_a_snapshot_holds_everything(redis_server, following, push):
    """The first thing said is complete: processes before their jobs, queues, totals, the server."""
    client = redis_server.client()
    process = SimulatedProcess()
    jid = process.run("a")
    await process.beat(client)
    await push(client, "Quick", queue="pull")
    await client.mset({"stat:processed": 12, "stat:failed": 3})
    await client.zadd("retry", {"a": 1, "b": 2})
    one = following(url=redis_server.url)
    (snapshot, *_) = await one.until(lambda: one.said)

    assert snapshot.complete
    assert snapshot.source is Source.REDIS
    assert [change.kind for change in snapshot.changes] == [
        Kind.PROCESS, Kind.JOB, Kind.QUEUE, Kind.REDIS, Kind.SIDEKIQ, Kind.RETRY_GROUP, Kind.DOMAIN, Kind.FEDERATION,
    ]  # fmt: skip
    assert snapshot.changes[1].fields["jid"] == jid
    assert one.readings("pull")["size"] == 1
    assert 0 <= one.readings("pull")["latency"] < 60_000
    totals = one.readings("sidekiq")
    assert totals.pop("next_retry_overdue") > 1_600_000_000_000
    assert totals == {
        "processed": 12,
        "failed": 3,
        "retries": 2,
        "scheduled": 0,
        "dead": 0,
        "enqueued": 1,
        "processes": 1,
        "threads": 5,
        "busy": 1,
        "stale": 0,
        "versions": 1,
        "arrived": 0,
        "schedule_overdue": 0,
        "unique_locks": 0,
        "reaper": False,
    }
    assert one.readings("redis")["role"] == "master"


@pytest.mark.parametrize(("namespace", "work"), [("", "work"), ("", "workers"), ("mast", "work")])
async def test_a_beat_is_heard_and_told_in_one_piece(redis_server, following, namespace, work):
    """Whatever the version calls the work hash and whatever the namespace: one beat is one `Observed`."""
    client = redis_server.client()
    process = SimulatedProcess(namespace=namespace, work=work)
    await process.beat(client)
    one = following(url=redis_server.unix_url, namespace=namespace)
    await one.until(lambda: one.said)
    said = len(one.said)
    jid = process.run("a")
    await process.beat(client)
    await one.until(lambda: jobs(one))

    beats = [body for body in one.said[said:] if any(change.id == process.identity for change in body.changes)]
    assert len(beats) == 1
    assert [change.kind for change in beats[0].changes] == [Kind.PROCESS, Kind.JOB]
    assert one.readings(process.identity)["busy"] == 1
    assert beats[0].changes[1].fields["jid"] == jid
    assert one.follower.tracking


async def test_jobs_come_and_go_with_beats(redis_server, following):
    """A job is told once, and gone with the first beat that lacks it."""
    client = redis_server.client()
    process = SimulatedProcess()
    process.run("a")
    await process.beat(client)
    one = following(url=redis_server.url)
    await one.until(lambda: jobs(one))
    await process.beat(client)
    await one.until(lambda: len([change for change in one.changes if change.id == process.identity]) == 2)
    process.jobs.clear()
    await process.beat(client)
    await one.until(lambda: len(jobs(one)) == 2)

    assert [type(change) for change in jobs(one)] == [Delta, Gone]
    assert jobs(one)[1].reason == "finished"


async def test_a_new_process_and_a_clean_stop_are_heard(redis_server, following, until):
    """The set of processes is watched as well: nobody waits for a reconciliation."""
    client = redis_server.client()
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    process = SimulatedProcess()
    process.run("a")
    await process.beat(client)
    await one.until(lambda: jobs(one))
    await process.stop(client)
    await one.until(lambda: len(jobs(one)) == 2)

    assert one.readings(process.identity)["listed"] is False
    assert jobs(one)[1].reason == "pushed back or finished"


async def test_nothing_is_kept_of_a_process_that_left(redis_server, following):
    """Its last reading comes after it was let go of: what is decoded of that goes as well, or a fleet that restarts every hour makes the agent grow."""
    client = redis_server.client()
    process = SimulatedProcess()
    await process.beat(client)
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    await process.stop(client)
    await one.until(lambda: one.readings(process.identity)["listed"] is False)
    session = one.follower._session
    for identity in await session._read_members():
        await session.reread(identity)

    assert process.identity not in session._read_at
    assert process.identity not in session._memory.reader._decoded


async def test_half_a_beat_ends_no_job(redis_server, following):
    """Between the two halves of a beat, a reading shows the old beat with the new jobs: the old ones go with the beat, not before."""
    client = redis_server.client()
    process = SimulatedProcess()
    process.run("a")
    await process.beat(client)
    one = following(url=redis_server.url)
    await one.until(lambda: jobs(one))
    process.jobs.clear()
    await process.write_work(client)
    await one.follower.reread(process.identity)

    assert len(jobs(one)) == 1
    await process.write_identity(client)
    await one.until(lambda: len(jobs(one)) == 2)


async def test_a_work_hash_that_is_filled_in_steps(redis_server, following):
    """Sidekiq 6.4.2 to 7.2.2 empties and fills the hash without a transaction: no job that runs on is ever said to be gone."""
    client = redis_server.client()
    process = SimulatedProcess(threads=25)
    for number in range(25):
        process.run(f"t{number}")
    await process.beat(client)
    one = following(url=redis_server.url)
    await one.until(lambda: len(jobs(one)) == 25)
    for _ in range(10):
        await client.unlink(process.work)
        for thread, entry in process.jobs.items():
            await client.hset(process.work, thread, entry)
            if thread in ("t3", "t17"):
                await one.follower.reread(process.identity)
        await process.write_identity(client)

    assert len(jobs(one)) == 25


async def test_rereading_says_what_changed_before_it_returns(redis_server, following):
    """Whoever looks a last time finds what was read already told."""
    client = redis_server.client()
    process = SimulatedProcess()
    await process.beat(client)
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    jid = process.run("a")
    await process.beat(client)
    await one.follower.reread(process.identity)

    assert jobs(one)[0].fields["jid"] == jid
    said = len(one.said)
    await one.follower.reread(process.identity)
    await one.follower.reread("nobody:1:cafe")
    assert len(one.said) == said


async def test_redis_goes_and_comes_back(redis_server, following):
    """A restart that loses all data: said once, then everything is read; nobody is said to be gone for it, and the next beat is heard."""
    client = redis_server.client()
    process = SimulatedProcess()
    jid = process.run("a")
    await process.beat(client)
    one = following(url=redis_server.url)
    await one.until(lambda: jobs(one))
    await redis_server.stop()
    await one.until(lambda: isinstance(one.said[-1], SourceLost))
    with pytest.raises(SourceUnavailableError):
        await one.follower.reread(process.identity)
    await redis_server.start()
    await one.until(lambda: SourceBack(Source.REDIS) in one.said)

    assert one.said[-2].complete
    assert one.readings(process.identity)["listed"] is True
    said = len(one.changes)
    process.run("b")
    await process.beat(redis_server.client())
    await one.until(lambda: one.readings(process.identity)["busy"] == 2)
    assert [change.kind for change in one.changes[said:] if change.id != "redis"][-2:] == [Kind.PROCESS, Kind.JOB]
    assert jobs(one)[0].fields["jid"] == jid
    assert not any(isinstance(change, Gone) for change in jobs(one))


async def test_a_redis_that_hangs(redis_server, following):
    """A server that accepts and does not answer is lost like one that is gone, and a last look does not wait longer than 2 s."""
    client = redis_server.client()
    process = SimulatedProcess()
    await process.beat(client)
    one = following(url=redis_server.url, answer_within=1.0)
    await one.until(lambda: one.said)
    redis_server.pause()
    with pytest.raises(SourceUnavailableError) as caught:
        await asyncio.wait_for(one.follower.reread(process.identity), 2.5)
    lost = await one.until(lambda: next((body for body in one.said if isinstance(body, SourceLost)), None))
    redis_server.resume()
    await one.until(lambda: SourceBack(Source.REDIS) in one.said)

    assert (caught.value.code, lost.code) == ("timeout", "timeout")


async def test_a_redis_that_can_not_save(redis_server, following, until):
    """Writes are refused, so nothing that Sidekiq does is recorded: the source is lost though it can be read."""
    client = redis_server.client()
    folder = redis_server.folder / "data"
    folder.mkdir()
    await client.config_set("dir", str(folder))
    await client.config_set("save", "3600 1")
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    shutil.rmtree(folder)
    await client.execute_command("BGSAVE")
    lost = await one.until(lambda: next((body for body in one.said if isinstance(body, SourceLost)), None))
    await client.config_set("dir", str(redis_server.folder))
    await client.execute_command("BGSAVE")
    await one.until(lambda: SourceBack(Source.REDIS) in one.said)

    assert lost.code == "misconf"


async def test_everything_is_flushed(redis_server, following):
    """FLUSHALL is noticed at once, says nothing of the processes, and following goes on with the next beat."""
    client = redis_server.client()
    process = SimulatedProcess()
    await process.beat(client)
    await client.incr("stat:processed")
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    await client.flushall()
    await one.until(lambda: one.readings("sidekiq")["processed"] == 0)
    process.run("a")
    await process.beat(client)
    await one.until(lambda: one.readings(process.identity)["busy"] == 1)
    assert all(change.fields.get("listed") is not False for change in one.changes if isinstance(change, Delta))


async def test_queues(redis_server, following, push):
    """Sizes and waiting times of all queues, of the empty ones as well; a queue that is cleared is gone."""
    client = redis_server.client()
    await push(client, "Quick", queue="push")
    await push(client, "Quick", queue="pull")
    await client.delete("queue:pull")
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    assert one.readings("pull") == {
        "name": "pull",
        "size": 0,
        "latency": 0,
        "threads": 0,
        "listeners": 0,
        "busy": 0,
        "paused": False,
    }
    await push(client, "Quick", queue="push")
    await client.srem("queues", "pull")
    await one.until(lambda: one.readings("push")["size"] == 2 and one.readings("sidekiq")["enqueued"] == 2)

    assert Gone(Kind.QUEUE, "pull", "cleared") in one.changes


async def test_broken_data_is_counted_and_stops_nothing(redis_server, following, push):
    """Whatever lies in the keys of one process, the others are followed, and what is broken is named without its content."""
    client = redis_server.client()
    good, bad, odd = SimulatedProcess(1), SimulatedProcess(2), SimulatedProcess(3)
    small = good.run("a")
    bad.jobs = {"t1": b"{", "t2": b"\xff\xfe", "t3": b"[1]", "t4": b'{"queue":"q","payload":"[' + b"[" * 100_000 + b'","run_at":1}'}
    big = bad.run("big", args=["x" * 10_000_000])
    await good.beat(client)
    await bad.write_work(client)
    await client.execute_command("HSET", bad.work.encode(), b"\xff", b"secret")
    await bad.write_identity(client, busy=6)
    await client.sadd("processes", odd.identity, b"\xff\xfe", "stale:7:cafe", "nonsense")
    await client.set(odd.identity, "a string")
    await client.hset("nonsense", mapping={"beat": "1795354499.5", "info": "secret"})
    await client.sadd("queues", b"\xff", "broken", "list")
    await client.lpush("queue:broken", b"\xffsecret")
    await client.set("queue:list", "no list")
    await client.set("stat:processed", "many")
    await client.set("retry", "no set")
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)

    assert {change.fields["jid"] for change in jobs(one)} == {small, big}
    broken = {(datum.key, datum.reason) for datum in one.follower.broken()}
    assert {key for key, _ in broken} == {
        bad.work,
        odd.identity,
        "\\xff\\xfe",
        "stale:7:cafe",
        "nonsense",
        "\\xff",
        "queue:broken",
        "queue:list",
        "stat:processed",
        "retry",
    }
    assert "secret" not in str(one.follower.broken())
    assert ("stale:7:cafe", "identity without hash") in broken
    good.run("b")
    await good.beat(client)
    await one.until(lambda: len(jobs(one)) == 3)
    assert one.readings("sidekiq")["failed"] == 0
    assert "processed" not in one.readings("sidekiq")


async def test_more_processes_than_one_page(redis_server, following):
    """Sets beyond a thousand members are read in pages, and a snapshot comes in parts of which only the last is complete."""
    client = redis_server.client()
    processes = [SimulatedProcess(number + 1) for number in range(1_200)]
    for start in range(0, 1_200, 100):
        await asyncio.gather(*(process.write_identity(client) for process in processes[start : start + 100]))
    await client.sadd("queues", *(f"queue{number}" for number in range(1_100)))
    one = following(url=redis_server.url)
    await one.until(lambda: any(isinstance(body, Observed) and body.complete for body in one.said))

    assert [body.complete for body in one.said].count(True) == 1
    assert {change.id for change in one.changes if change.kind == Kind.PROCESS} == {process.identity for process in processes}
    assert len([change for change in one.changes if change.kind == Kind.QUEUE]) == 1_100
    assert one.readings("sidekiq")["processes"] == 1_200


async def test_a_quiet_redis_is_left_alone(redis_server, following, until):
    """While nothing changes, the follower asks less than once a second, over one connection."""
    client = redis_server.client()
    await SimulatedProcess().beat(client)
    one = following(url=redis_server.url)
    await one.until(lambda: "retry_census_at" in one.readings("sidekiq"))
    first, began = one.follower.cost()["round_trips"], time.monotonic()
    await until(lambda: one.follower.cost()["round_trips"] >= first + 3)

    assert time.monotonic() - began > 3
    assert one.follower.cost()["connections"] == 1
