"""The probe in real Sidekiqs of three releases: its notes are exact, no job runs twice after a clean stop, and none is kept from running by it."""

import asyncio
import re
import signal

import pytest

from tests.service.matrix.parts import SIDEKIQS
from tests.service.probe.running import APP, PROBE, QUEUES, Place
from tests.suites.inside import Inside
from watchdog.model.findings import Certainty, Origin

pytestmark = [pytest.mark.needs("bookworm"), pytest.mark.timeout(180)]

SUITES = [pytest.param(suite, id=f"Sidekiq {release}", marks=pytest.mark.needs(suite)) for suite, release in SIDEKIQS.items()]
README = PROBE.with_name("README.md")
STRENGTHS = ("observe", "fetch")
both = pytest.mark.parametrize("strength", STRENGTHS)
every_sidekiq = pytest.mark.parametrize("suite", SUITES)


@pytest.fixture
async def place(suite, tmp_path):
    """A server and a folder for Sidekiqs of that suite."""
    async with Place(suite, tmp_path / "place") as one:
        yield one


ODD = (
    b'{"class":"Held","args":[1.0e+20,"\xc3\xa9 \\u00e9 \\/ \xe2\x80\xa8"],"retry":true,"jid":"aaaaaaaaaaaaaaaaaaaaaaaa","queue":"push","zz":1,"created_at":1795354499.25}',
    b'{"queue" : "pull", "jid":"bbbbbbbbbbbbbbbbbbbbbbbb", "class":"Held","args":["not utf-8: \xff\xfe"], "created_at":1795354499}',
)


@every_sidekiq
@both
async def test_bytes_are_exact_and_a_clean_stop_leaves_nothing(place, strength, following):
    """
    What is found of a running job is what stood in its queue, whatever bytes they are, and says thread, queue and class; the follower tells the strength.

    After TERM the jobs stand in their queues once, byte for byte; nothing is left of the probe.
    """
    # No idle thread: Sidekiq's own fetcher may pop what was just pushed back, and lose it where the timeout is this short.
    process = await place.start(strength, threads=2, timeout=1)
    await place.client.lpush("queue:push", ODD[0])
    await place.client.lpush("queue:pull", ODD[1])
    await place.until(lambda: len(place.lines("began")) == 2, "both jobs to begin")

    left = await place.left(process.identity)
    assert (left.strength, left.errors, left.broken, left.is_sure, left.threads) == (strength, 0, (), True, 2)
    by_jid = {finding.jid: finding for finding in left.findings}
    assert sorted(finding.payload for finding in by_jid.values()) == sorted(ODD)
    assert {(one.queue, one.job_class, one.certainty, one.origin) for one in by_jid.values()} == {
        ("push", "Held", Certainty.PROVEN, Origin.PROBE),
        ("pull", "Held", Certainty.PROVEN, Origin.PROBE),
    }
    assert all((bool(one.tid), one.in_list) == (strength == "observe", strength == "fetch") for one in by_jid.values())
    assert (await place.client.ttl(f"sidekiq-watchdog:probe:{process.identity}")) > 80_000

    one = following(url=place.store.url)
    await one.until(lambda: one.readings(process.identity).get("probe") == strength)
    process.signal(signal.SIGTERM)
    assert await process.wait_exit() == 0
    assert [await place.client.lrange(f"queue:{queue}", 0, -1) for queue in QUEUES] == [[ODD[0]], [ODD[1]]]
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
    assert await process.wait_exit() == 0
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
    """Every command of the probe is refused: all jobs run all the same, and the log says so once without quoting a job."""
    await place.start(strength, env={"REFUSING": "yes"})
    (place.folder / "refuse").write_text("hset hdel evalsha lrem")
    await place.push("Count", [0.001], count=40)
    await place.push("Count", [0.001], "pull", count=40)
    await place.until(lambda: sorted(place.lines("done")) == sorted(place.pushed), "all jobs to be done")

    said = [line for line in place.logs().splitlines() if "sidekiq-watchdog: the probe failed" in line]
    assert len(said) == 1
    assert not any(jid in said[0] for jid in place.pushed)


@every_sidekiq
async def test_a_full_redis_does_not_stop_fetching(place):
    """At its memory limit Redis refuses to move a job but not to hand it out: *fetch* falls back to what Sidekiq does without it, and the queue drains."""
    process = await place.start("fetch")
    assert (await place.left(process.identity)).is_sure
    await place.push("Count", [0.001], count=20)
    await place.client.config_set("maxmemory", "1")
    await place.until(lambda: len(place.lines("done")) == 20, "the queue to drain")

    assert sorted(place.lines("done")) == sorted(place.pushed)
    # No longer than that does it vouch for having every job in a list.
    assert not (await place.left(process.identity)).is_sure


@every_sidekiq
async def test_a_job_that_could_not_be_noted(place):
    """The probe vouches for having named everything until such a job begins, and again once it is done."""
    process = await place.start("observe", env={"REFUSING": "yes", "BEAT": "0.1"})

    async def left():
        return await place.left(process.identity)

    async def vouches():
        return (await left()).is_sure

    await place.until(vouches, "the first word")
    (place.folder / "refuse").write_text("hset")
    await place.push("Held")
    await place.until(lambda: place.lines("began"), "the job to begin")
    assert not await vouches()
    (place.folder / "refuse").unlink()

    async def counts_errors():
        return (await left()).errors

    await place.until(counts_errors, "a beat after it")
    assert ((await left()).findings, await vouches()) == ((), False)
    (place.folder / "go").touch()
    await place.until(vouches, "it to vouch again")


@every_sidekiq
@pytest.mark.parametrize("threads", [1, 5])
async def test_idle_threads_hear_of_every_queue(place, threads):
    """A job is taken from whichever queue it comes to, by one thread as by many; those that wait for another queue come to a burst as well."""
    await place.start("fetch", threads=threads)
    for queue in (*QUEUES, *QUEUES):
        (jid,) = await place.push("Count", [0], queue)
        await place.until(lambda jid=jid: jid in place.lines("done"), f"the job in {queue}")
    await place.push("Held", count=threads)
    await place.until(lambda: len(place.lines("began")) == threads, "all threads to be busy")


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

    assert await place.waiting() == place.pushed[1:]
    assert await place.client.llen("queue:pull") == 1


@every_sidekiq
@both
async def test_what_could_not_be_taken_away_is_taken_away_later(place, strength):
    """Where Redis refused to hear that a job was done, the probe says it again: nothing is left that would be put back."""
    process = await place.start(strength, env={"REFUSING": "yes", "BEAT": "0.1"})
    (place.folder / "refuse").write_text("hdel lrem")
    await place.push("Count", [0], count=20)
    await place.until(lambda: len(place.lines("done")) == 20, "all jobs to be done")
    assert (await place.left(process.identity)).findings
    (place.folder / "refuse").unlink()

    async def nothing_left():
        left = await place.left(process.identity)
        return not left.findings and left.errors

    await place.until(nothing_left, "the probe to settle")
    assert sorted(place.lines("done")) == sorted(place.pushed)


@every_sidekiq
async def test_a_job_whose_answer_was_lost_comes_back(place):
    """Moved by Redis for a thread that never heard of it, it goes back to its queue; one that runs stays where it is."""
    process = await place.start("fetch", env={"BEAT": "0.1"})
    await place.client.lpush("queue:pull", ODD[1])
    await place.until(lambda: place.lines("began"), "the job to begin")
    (lost,) = await place.push("Count", [0], "nobody's")
    await place.client.lmove("queue:nobody's", f"sidekiq-watchdog:fetch:{process.identity}:pull")
    await place.until(lambda: place.lines("done"), "the lost job to be done")

    assert (len(place.lines("began")), place.lines("done")) == (1, [lost])
    assert [finding.payload for finding in (await place.left(process.identity)).findings] == [ODD[1]]


@every_sidekiq
async def test_connections_that_are_cut(place):
    """Under load every connection of the process is cut again and again: what was moved and what was done meanwhile is put right, and each job runs once."""
    process = await place.start("fetch", env={"BEAT": "0.1"})
    stop = asyncio.Event()
    load = asyncio.create_task(place.load(200, stop))
    for cuts in range(1, 6):
        await place.until(lambda cuts=cuts: len(place.lines("done")) > 15 * cuts, "jobs to be done")
        await place.client.execute_command("CLIENT", "KILL", "LADDR", place.store.url.split("/")[2])
    stop.set()
    await load
    await place.until(lambda: len(place.lines("done")) >= len(place.pushed), "all jobs to be done")

    assert sorted(place.lines("done")) == sorted(place.pushed)
    assert process.alive


@pytest.mark.parametrize("suite", SUITES[:1])
async def test_by_hand(place):
    """The command of the README puts back what a killed process held, the oldest to run first, and it runs."""
    process = await place.start("fetch")
    for _ in range(2):
        await place.push("Held")
    await place.until(lambda: len(place.lines("began")) == 2, "both jobs to begin")
    process.signal(signal.SIGKILL)
    await process.process.wait()
    found = [finding.jid for finding in (await place.left(process.identity)).findings]
    (script,) = re.findall(r"redis-cli EVAL '(.*)' 2 sidekiq-watchdog:fetch:IDENTITY:QUEUE queue:QUEUE", README.read_text())
    assert await place.client.eval(script, 2, f"sidekiq-watchdog:fetch:{process.identity}:push", "queue:push") == 2

    assert found == await place.waiting() == place.pushed[::-1]
    (place.folder / "go").touch()
    await place.start("off")
    await place.until(lambda: sorted(place.lines("done")) == sorted(place.pushed), "both to be done")


@every_sidekiq
async def test_off_is_off(place, following):
    """Nothing of it is there, and the follower tells that."""
    process = await place.start("off")
    await place.push("Held")
    await place.until(lambda: place.lines("began"), "the job to begin")

    assert await place.keys() == []
    one = following(url=place.store.url)
    await one.until(lambda: one.readings(process.identity).get("probe") == "")


@every_sidekiq
async def test_other_programs_of_the_application_load_it_too(suite, place):
    """In a web process or a console, where no Sidekiq runs, the initializer does nothing."""
    inside = Inside(suite, app=APP, run=place.folder)
    command = inside.command("ruby", "-w", "-e", "load ARGV[0]; p SidekiqWatchdog.probe", f"{inside.run}/{PROBE.name}", env={})
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    said, complained = await process.communicate()

    assert (process.returncode, said.strip()) == (0, b"nil"), complained
    assert PROBE.name.encode() not in complained
