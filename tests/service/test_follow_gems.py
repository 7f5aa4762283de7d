"""What the follower makes of sidekiq-scheduler and sidekiq-unique-jobs, by strict stand-ins for both."""

import time
from typing import Any

import pytest

from tests.bench.beats import SimulatedProcess
from tests.service.gem_stand_ins import Refused, SchedulerStandIn, UniqueJobsStandIn
from watchdog.model.events import Gone
from watchdog.model.kinds import Kind

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]

HOUR = 3_600
SCHEDULE: dict[str, dict[str, Any]] = {
    "trends": {"every": "5m", "class": "Scheduler::Trends", "queue": "scheduler"},
    "vacuum": {"cron": "17 4 * * *", "class": "Scheduler::Vacuum", "queue": "scheduler"},
    "digest": {"interval": ["1 hour", {"first_in": "1s"}], "queue": "scheduler", "enabled": False},
    "elsewhere": {"every": "1h", "class": "Other", "queue": "mailers"},
}


async def served(client, *queues: str) -> SimulatedProcess:
    """A process that fetches from these queues."""
    process = SimulatedProcess(queues=queues or ("scheduler",))
    await process.beat(client)
    return process


@pytest.mark.parametrize("offset", ["-0500", "+0100", "Z", "+0000"])
async def test_a_schedule_that_is_kept(redis_server, following, offset):
    """Whatever the zone of the process: class, queue, times and period of each entry, and nothing is overdue."""
    client, now = redis_server.client(), time.time()
    await served(client)
    scheduler = SchedulerStandIn(client, offset=offset)
    await scheduler.boot(SCHEDULE, {"trends": now - 100, "vacuum": now - 60, "digest": now + HOUR})
    assert await scheduler.trigger("trends", now - 100, now + 200)
    assert await scheduler.trigger("vacuum", now - 60, now - 60 + 86_400)
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    trends, vacuum = one.readings("trends"), one.readings("vacuum")

    assert {change.id for change in one.changes if change.kind == Kind.SCHEDULE} == SCHEDULE.keys()
    assert (trends["name"], trends["job_class"], trends["queue"], trends["timing"], trends["text"]) == (
        "trends",
        "Scheduler::Trends",
        "scheduler",
        "every",
        "5m",
    )
    assert (trends["period"], trends["pushes"], trends["enabled"], trends["served"], trends["overdue"]) == (300_000, 1, True, True, False)
    assert 299_000 <= trends["due_at"] - trends["pushed_at"] <= 301_000
    assert trends["triggered_at"] == pytest.approx(trends["pushed_at"], abs=1_000)
    assert (vacuum["period"], vacuum["overdue"]) == (86_400_000, False)
    assert not one.follower.broken()


async def test_an_entry_that_nobody_listens_for(redis_server, following):
    """With `listened_queues_only` it stands in the schedule without a next time: it is not served, and never overdue."""
    client, now = redis_server.client(), time.time()
    await served(client)
    await SchedulerStandIn(client).boot(SCHEDULE, {"trends": now + 1, "vacuum": now + 1, "digest": now + 1})
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)

    assert "due_at" not in one.readings("elsewhere")
    assert (one.readings("elsewhere")["served"], one.readings("elsewhere")["overdue"]) == (False, False)


async def test_an_entry_that_is_overdue(redis_server, following):
    """Its time is over and nothing was pushed for longer than a period, though a process serves it: only then."""
    client, now = redis_server.client(), time.time()
    await served(client)
    scheduler = SchedulerStandIn(client)
    await scheduler.boot(SCHEDULE, {"trends": now - HOUR, "vacuum": now - HOUR, "digest": now - HOUR})
    for name in ("trends", "vacuum", "digest"):
        await scheduler.trigger(name, now - HOUR, now - HOUR + 300)
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)

    assert one.readings("trends")["overdue"]
    assert one.readings("vacuum")["overdue"]  # the last time and the next tell its period
    assert not one.readings("digest")["overdue"]  # it is switched off, and was never pushed
    assert "pushed_at" not in one.readings("digest")
    assert one.readings("digest")["triggered_at"] == one.readings("trends")["triggered_at"]


async def test_a_time_that_stayed_behind(redis_server, following):
    """The scheduler that wrote the next time has stopped, another pushes on: pushes are the truth, and nothing is overdue."""
    client, now = redis_server.client(), time.time()
    await served(client)
    first, second = SchedulerStandIn(client), SchedulerStandIn(client)
    await first.boot(SCHEDULE, {"trends": now - 400, "vacuum": now + HOUR, "digest": now + HOUR})
    await first.trigger("trends", now - 400, now - 100)
    first.quiet()
    await second.boot(SCHEDULE, {"trends": now - 200, "vacuum": now + HOUR, "digest": now + HOUR})
    await second.trigger("trends", now - 200, now + 100)
    await client.hset("sidekiq-scheduler:next_times", "trends", first._time(now - 100))
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)

    assert not one.readings("trends")["overdue"]
    assert one.readings("trends")["pushes"] == 2, "each process counts `every` by itself"


async def test_only_a_quiet_process_serves_it(redis_server, following):
    """After TSTP nothing is scheduled any more; that the process is quiet is another matter than a schedule that fails."""
    client, now = redis_server.client(), time.time()
    process = SimulatedProcess(queues=("scheduler",))
    process.quiet = True
    await process.beat(client)
    scheduler = SchedulerStandIn(client)
    await scheduler.boot({"trends": SCHEDULE["trends"]}, {"trends": now - HOUR})
    scheduler.quiet()
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)

    assert (one.readings("trends")["served"], one.readings("trends")["overdue"]) == (False, False)
    with pytest.raises(Refused):
        await scheduler.trigger("trends", now, now + 300)


async def test_a_switch_and_a_removal(redis_server, following):
    """Somebody switches an entry off on the page; the next boot leaves one out: both show at the next sample that reads them, with a new connection at once."""
    client, now = redis_server.client(), time.time()
    await served(client)
    scheduler = SchedulerStandIn(client)
    times = {"trends": now + 10, "vacuum": now + 10, "digest": now + 10}
    await scheduler.boot(SCHEDULE, times)
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    await scheduler.toggle("trends")
    await SchedulerStandIn(client).boot({name: SCHEDULE[name] for name in ("trends", "digest")}, {"trends": now, "digest": now})
    await client.client_kill_filter(_type="normal", skipme=True)
    await one.until(lambda: Gone(Kind.SCHEDULE, "vacuum", "removed") in one.changes)

    assert one.readings("trends")["enabled"] is False
    assert one.readings("digest")["enabled"] is False


async def test_a_prefix_and_broken_entries(redis_server, following):
    """`key_prefix` stands before all keys of the scheduler; what is broken in them is named, and the others are told."""
    client, now = redis_server.client(), time.time()
    await served(client)
    scheduler = SchedulerStandIn(client, key_prefix="app")
    await scheduler.boot({"trends": SCHEDULE["trends"]}, {"trends": now - 1})
    await scheduler.trigger("trends", now - 1, now + 299)
    await client.hset("app:schedules", mapping={b"\xff": b"{}", b"broken": b"secret", b"typed": b'{"every":"1h"}'})
    await client.hset("app:sidekiq-scheduler:next_times", "typed", "secret")
    await client.set("app:sidekiq-scheduler:pushed:typed", "secret")
    await client.set("app:sidekiq-scheduler:states", "secret")
    one = following(url=redis_server.url, scheduler_prefix="app")
    await one.until(lambda: one.said)

    assert one.readings("trends")["pushes"] == 1
    assert one.readings("typed")["period"] == HOUR * 1000
    assert not one.readings("broken")
    assert {datum.key for datum in one.follower.broken()} == {
        "app:schedules",
        "app:sidekiq-scheduler:next_times",
        "app:sidekiq-scheduler:pushed:typed",
        "app:sidekiq-scheduler:states",
    }
    assert "secret" not in str(one.follower.broken()) + str(one.said)


async def test_many_entries(redis_server, following):
    """More entries than one slice or one page are all read, and more than a thousand are not."""
    client = redis_server.client()
    await client.hset("schedules", mapping={f"e{number:04}": b'{"every":"1h","class":"A","queue":"q"}' for number in range(1_050)})
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)

    assert len({change.id for change in one.changes if change.kind == Kind.SCHEDULE}) == 1_000
    assert [datum.key for datum in one.follower.broken()] == ["schedules"]


async def test_the_stand_ins_are_strict(redis_server):
    """What the real ones refuse, or could never do, fails a test."""
    client, now = redis_server.client(), time.time()
    with pytest.raises(Refused):
        await SchedulerStandIn(client).boot(SCHEDULE, {"trends": now, "vacuum": now, "digest": now, "elsewhere": now})
    with pytest.raises(Refused):
        await SchedulerStandIn(client).boot({"odd": {"every": 300, "queue": "scheduler"}}, {"odd": now})
    scheduler = SchedulerStandIn(client)
    await scheduler.boot({"trends": SCHEDULE["trends"], "never": {"every": "", "queue": "scheduler"}}, {"trends": now})
    assert await scheduler.trigger("trends", now, now + 300)
    assert not await scheduler.trigger("trends", now, now + 300), "another process has pushed it in the same second"
    for wrong in (
        lambda: scheduler.boot({}, {}),
        lambda: scheduler.trigger("never", now, now + 300),
        lambda: scheduler.trigger("trends", now - 1, now + 300),
        lambda: scheduler.trigger("trends", now + 1, now),
        lambda: scheduler.toggle("elsewhere"),
        lambda: UniqueJobsStandIn(client).turn(now),
        lambda: UniqueJobsStandIn(client).unlock("uniquejobs:never"),
    ):
        with pytest.raises(Refused):
            await wrong()
    assert await client.ttl("sidekiq-scheduler:pushed:trends") in range(86_395, 86_401)


async def test_locks_and_who_clears_them_away(redis_server, following):
    """The number of locks, and the last sign of life of the one process that clears away; none once its key is gone."""
    client, now = redis_server.client(), time.time()
    reaper, other = UniqueJobsStandIn(client), UniqueJobsStandIn(client)
    assert await reaper.boot(now - 700)
    await reaper.turn(now - 500)
    assert not await other.boot(now - 400), "whoever boots while the key stands does not become its successor"
    assert await reaper.lock("Push", [1], now)
    assert await reaper.lock("Push", [1], now) is None
    assert await reaper.lock("Push", [2], now)
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)
    first = one.readings("sidekiq")
    await reaper.stop()
    await client.client_kill_filter(_type="normal", skipme=True)
    await one.until(lambda: one.readings("sidekiq")["reaper"] is False)

    assert (first["unique_locks"], first["reaper"]) == (2, True)
    assert one.readings("sidekiq")["reaper_at"] is None
    connected_at = one.follower._clock.at()
    assert 499_000 <= connected_at - first["reaper_at"] <= 520_000


async def test_broken_locks(redis_server, following):
    """Keys of another type, and a sign of life that is no time."""
    client = redis_server.client()
    await client.set("uniquejobs:digests", "secret")
    await client.set("uniquejobs:reaper", "secret")
    one = following(url=redis_server.url)
    await one.until(lambda: one.said)

    assert one.readings("sidekiq")["reaper"] is True
    assert "unique_locks" not in one.readings("sidekiq")
    assert {datum.key for datum in one.follower.broken()} == {"uniquejobs:digests", "uniquejobs:reaper"}
