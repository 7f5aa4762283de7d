"""The follower beside the real Sidekiq of this machine: before 7.0 it beats each 5 s and does not report its version, then each 10 s and does."""

import signal

import pytest

from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(180)]


def jobs(one) -> list[Delta | Gone]:
    """What was said about jobs so far."""
    return [change for change in one.changes if change.kind == Kind.JOB]


async def test_a_life(redis_server, sidekiq, following, push):
    """A Sidekiq appears, runs a job, ends it, is told to be quiet and stops: each shows once, with the readings of that process."""
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    process = await sidekiq.start(queues=("push", "pull"), concurrency=3, timeout=5, tag="live app")
    await one.until(lambda: one.readings(process.identity))
    first = one.readings(process.identity)

    assert (first["pid"], first["tag"], first["queues"], first["threads"], first["busy"]) == (
        process.pid,
        "live app",
        ("push", "pull"),
        3,
        0,
    )
    assert (first["quiet"], first["listed"]) == (False, True)
    assert first.get("version", "") == process.reported
    assert first["rss"] > 2**20
    assert 0 <= first["confirmed_at"] - first["booted_at"] < 60_000

    jid = await push(redis_server.client(), "Sleep", [process.beat + 1], "pull")
    (job,) = await one.until(lambda: jobs(one))
    await one.until(lambda: one.readings("pull").get("busy") == 1)
    assert (one.readings("pull")["threads"], one.readings("pull")["listeners"]) == (3, 1)
    await one.until(lambda: [one.readings("sidekiq")[slot] for slot in ("threads", "busy", "versions")] == [3, 1, 1])
    assert job.id.startswith(f"{process.identity}/")
    assert (job.fields["jid"], job.fields["job_class"], job.fields["queue"], job.fields["retries"]) == (jid, "Sleep", "pull", 0)
    assert job.fields["process"] == process.identity
    assert 0 <= one.readings(process.identity)["confirmed_at"] - job.fields["started_at"] < (process.beat + 30) * 1_000

    (_, gone) = await one.until(lambda: len(jobs(one)) == 2 and jobs(one))
    assert gone == Gone(Kind.JOB, job.id, "finished")
    process.signal(signal.SIGTSTP)
    await one.until(lambda: one.readings(process.identity)["quiet"])
    await one.until(lambda: one.readings("pull")["threads"] == 0)
    await one.until(lambda: (one.readings("sidekiq")["processed"], one.readings("sidekiq")["arrived"]) == (1, 1))
    await one.until(lambda: one.readings(process.identity).get("beat_every") == process.beat * 1_000)
    process.signal(signal.SIGTERM)
    await one.until(lambda: not one.readings(process.identity)["listed"])
    assert await process.wait_exit() == 0


async def test_a_killed_and_a_stopped_sidekiq_keep_their_jobs(redis_server, sidekiq, following, push):
    """Nobody but a newer beat or a clean stop ends a job: neither SIGKILL nor SIGSTOP says anything about it."""
    client = redis_server.client()
    killed = await sidekiq.start(queues=("push",), concurrency=1)
    stopped = await sidekiq.start(queues=("pull",), concurrency=1)
    await push(client, "SleepForever", [], "push")
    await push(client, "RescueAll", [], "pull")
    one = following(url=redis_server.unix_url)
    await one.until(lambda: len(jobs(one)) == 2)
    stopped.signal(signal.SIGSTOP)
    await killed.kill()
    # What an emptied Redis does: hashes that are gone before their time say nothing of the processes.
    await client.delete(killed.identity, killed.work)
    await client.delete(stopped.identity, stopped.work)
    await client.srem("processes", stopped.identity)
    await one.follower.reread(stopped.identity)
    await one.follower.reread(killed.identity)

    assert one.readings(killed.identity)["listed"] is True
    assert one.readings(stopped.identity)["listed"] is True
    silent_since = one.readings(stopped.identity)["confirmed_at"]
    assert len(jobs(one)) == 2
    stopped.signal(signal.SIGCONT)
    await one.until(lambda: one.readings(stopped.identity)["confirmed_at"] > silent_since)
    assert len({job.fields["started_at"] for job in jobs(one) if job.fields["process"] == stopped.identity}) == 1
