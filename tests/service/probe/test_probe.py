"""The probe in real Sidekiqs of three releases: no job is lost with a process, none runs twice after a clean stop, and none is kept from running by it."""

import asyncio
import random
import signal

import orjson
import pytest

from tests.service.matrix.parts import SIDEKIQS
from tests.service.probe.running import THREADS, Place, kill_under_load
from watchdog.model.findings import Certainty, Origin

pytestmark = [pytest.mark.needs("bookworm"), pytest.mark.timeout(60)]

SUITES = [pytest.param(suite, id=f"Sidekiq {release}", marks=pytest.mark.needs(suite)) for suite, release in SIDEKIQS.items()]
STRENGTHS = ("observe", "fetch")
both = pytest.mark.parametrize("strength", STRENGTHS)
every_sidekiq = pytest.mark.parametrize("suite", SUITES)


@pytest.fixture
async def place(suite, tmp_path):
    """A server and a folder for Sidekiqs of that suite."""
    async with Place(suite, tmp_path / "place") as one:
        yield one


@every_sidekiq
@both
async def test_a_kill_under_load(place, strength):
    """Killed under 300 jobs a second, *fetch* loses none; *observe* at most those that an idle thread had just been handed."""
    row = await kill_under_load(place, strength, rate=300, chance=random.Random(strength))

    assert row["lost"] <= (THREADS if strength == "observe" else 0), row
    assert row["doubled"] == 0


ODD = (
    b'{"class":"Held","args":[1.0e+20,"\xc3\xa9 \\u00e9 \\/ \xe2\x80\xa8"],"retry":true,"jid":"aaaaaaaaaaaaaaaaaaaaaaaa","queue":"push","zz":1,"created_at":1795354499.25}',
    b'{"queue" : "pull", "jid":"bbbbbbbbbbbbbbbbbbbbbbbb", "class":"Held","args":["not utf-8: \xff\xfe"], "created_at":1795354499}',
)


@every_sidekiq
@both
async def test_bytes_are_exact_and_a_clean_stop_leaves_nothing(place, strength):
    """
    What is found of a running job is what stood in its queue, whatever bytes they are, and says thread, queue and class.

    After TERM the jobs stand in their queues once, byte for byte; nothing is left of the probe.
    """
    # No idle thread: Sidekiq's own fetcher may pop what was just pushed back, and lose it where the timeout is this short.
    process = await place.start(strength, threads=2)
    await place.client.lpush("queue:push", ODD[0])
    await place.client.lpush("queue:pull", ODD[1])
    await place.until(lambda: len(place.lines("began")) == 2, "both jobs to begin")

    left = await place.left(process.identity)
    assert (left.strength, left.errors, left.broken, left.whole) == (strength, 0, (), True)
    by_jid = {finding.jid: finding for finding in left.findings}
    assert sorted(finding.payload for finding in by_jid.values()) == sorted(ODD)
    assert {(one.queue, one.job_class, one.certainty, one.origin) for one in by_jid.values()} == {
        ("push", "Held", Certainty.PROVEN, Origin.PROBE),
        ("pull", "Held", Certainty.PROVEN, Origin.PROBE),
    }
    assert all(bool(one.tid) is (strength == "observe") for one in by_jid.values())
    assert (await place.client.ttl(f"sidekiq-watchdog:probe:{process.identity}")) > 80_000

    process.signal(signal.SIGTERM)
    assert await process.wait_exit(20) == 0
    assert [await place.client.lrange(f"queue:{queue}", 0, -1) for queue in ("push", "pull")] == [[ODD[0]], [ODD[1]]]
    assert await place.keys() == []
    assert "Pushed 2 jobs back to Redis" in place.logs()


@every_sidekiq
@both
async def test_jobs_done_failed_and_stopped_under_load(place, strength):
    """Failures wait for another try and leave no trace of the probe; a TERM under load neither loses a job nor has one in two places."""
    process = await place.start(strength)
    await place.push("Fails", count=5)
    await place.client.lpush("queue:push", "{")
    stop = asyncio.Event()
    load = asyncio.create_task(place.load(200, stop))
    await place.until(lambda: len(place.lines("done")) > 20, "the first jobs to be done")
    process.signal(signal.SIGTERM)
    assert await process.wait_exit(20) == 0
    stop.set()
    await load

    done, waiting = place.lines("done"), await place.waiting()
    assert sorted([*done, *waiting]) == sorted(place.pushed)
    assert await place.client.zcard("retry") == 5
    assert await place.client.zrange("dead", 0, -1) == [b"{"]
    assert await place.keys() == []


@every_sidekiq
@both
async def test_a_probe_that_fails_breaks_no_job(place, strength):
    """Every command of the probe is refused: all jobs run all the same, the log says so once without quoting a job, and it is told when it works again."""
    process = await place.start(strength, env={"REFUSING": "yes"})
    (place.folder / "refuse").write_text("hset hdel evalsha lrem")
    await place.push("Count", [0.001], count=40)
    await place.push("Count", [0.001], "pull", count=40)
    await place.until(lambda: sorted(place.lines("done")) == sorted(place.pushed), "all jobs to be done")

    said = [line for line in place.logs().splitlines() if "sidekiq-watchdog: the probe failed" in line]
    assert len(said) == 1
    assert not any(jid in said[0] for jid in place.pushed)
    (place.folder / "refuse").unlink()
    process.signal(signal.SIGTERM)
    assert await process.wait_exit(20) == 0
    assert await place.keys() == []


@every_sidekiq
async def test_a_full_redis_does_not_stop_fetching(place):
    """At its memory limit Redis refuses to move a job but not to hand it out: *fetch* falls back to what Sidekiq does without it, and the queue drains."""
    await place.start("fetch")
    await place.push("Count", [0.001], count=20)
    await place.client.config_set("maxmemory", "1")
    await place.until(lambda: len(place.lines("done")) == 20, "the queue to drain")

    assert sorted(place.lines("done")) == sorted(place.pushed)


async def _idle_for(place):
    """Until every thread waits for a job: those that wait for a queue stand in the server's list of blocked clients."""

    async def blocked():
        return (await place.client.info("clients"))["blocked_clients"] >= 1

    await place.until(blocked, "a thread to wait")


@every_sidekiq
async def test_idle_threads_wait_for_every_queue(place):
    """A job is taken at once from whichever queue it comes to, by one thread as by many; a burst wakes the others."""
    queues = ("push", "pull")
    process = await place.start("fetch", queues=queues, threads=3)
    await _idle_for(place)
    for queue in (*queues, *queues):
        jids = await place.push("Held", queue=queue)
        await place.until(lambda jids=jids: set(jids) <= set(place.lines("began")) or len(place.lines("began")) == 3, f"the job in {queue}", within=1.5)
    assert len(place.lines("began")) == 3
    (place.folder / "go").touch()
    await place.until(lambda: len(place.lines("done")) == 4, "all four")
    process.signal(signal.SIGTERM)
    assert await process.wait_exit(20) == 0


@every_sidekiq
async def test_quiet(place):
    """TSTP has no more jobs fetched; those that run are finished."""
    process = await place.start("fetch")
    await place.push("Held")
    await place.until(lambda: place.lines("began"), "the job to begin")
    process.signal(signal.SIGTSTP)
    await place.until(lambda: "Terminating quiet" in place.logs(), "quiet")
    await place.push("Count", [0.001], "pull")
    (place.folder / "go").touch()
    await place.until(lambda: len(place.lines("done")) == 1, "the job to end")
    waits = await place.waiting()
    process.signal(signal.SIGTERM)
    assert await process.wait_exit(20) == 0

    assert waits == place.pushed[1:]
    assert orjson.loads(await place.client.lindex("queue:pull", 0))["jid"] == place.pushed[1]


@every_sidekiq
async def test_off_is_off(place):
    """Nothing of it is there."""
    await place.start("off")
    await place.push("Held")
    await place.until(lambda: place.lines("began"), "the job to begin")

    assert await place.keys() == []
