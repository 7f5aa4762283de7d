"""What a rule has moved: exactly the jobs that it means, the oldest first, up to the cap; cut off anywhere and asked again, none is lost and none is there twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, Final

import orjson
import pytest

from tests.service.edit.conftest import JID, PAYLOADS
from tests.service.edit.test_finding import NOW, failed
from tests.service.edit.test_quarantine import KilledError, Mortal, Steps
from watchdog.model.effects import CountJobs, ReleaseJobs, TakeJobs
from watchdog.model.quarantine import CameFrom, Kept
from watchdog.model.results import Counted, JobsReleased, JobsTaken, Refused
from watchdog.model.targets import Among, JobsRef
from watchdog.recovery.editing import FEW, Editor
from watchdog.recovery.quarantine import Quarantine, Released
from watchdog.recovery.taking import Candidate, Why
from watchdog.sidekiq.edit.edits import Edits
from watchdog.store.reading import read_audit
from watchdog.store.store import Store

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
WALL: Final = 1_795_354_499_123
GONE: Final = JobsRef(name="retries to gone.example", among=Among.RETRIES, domain="gone.example", cap=5)
BACK: Final = JobsRef(name="quarantined jobs to gone.example", among=Among.QUARANTINE, domain="gone.example", cap=5)


def take(jobs: JobsRef = GONE, order: str = "7.1") -> TakeJobs:
    """What the engine asks for."""
    return TakeJobs("9.0", order, "7.0", "dead-domain", "delete_retries of rule dead-domain", jobs)


def release(jobs: JobsRef = BACK, order: str = "8.1", spread: int = 600_000) -> ReleaseJobs:
    """The same, for the way back."""
    return ReleaseJobs("9.1", order, "8.0", "domain-is-back", "release_job of rule domain-is-back", jobs, spread)


class World:
    """Redis, a store, and the editor that an agent has which was just started."""

    def __init__(self, server: Any, edits: Edits, store: Store, folder: Any) -> None:
        self.client = server.client()
        self.edits = edits
        self.store = store
        self.folder = folder

    def editor(self, steps: Steps | None = None) -> Editor:
        """Killed after so many steps, if any are given."""
        shelf: Any = self.store.quarantine
        edits: Any = self.edits
        if steps is not None:
            shelf, edits = Mortal(shelf, steps), Mortal(edits, steps)
        store: Any = SimpleNamespace(name=self.store.name, quarantine=shelf)
        return Editor(edits=edits, store=store, quarantine=Quarantine(shelf, edits, wall=lambda: WALL), wall=lambda: WALL)

    async def kept(self) -> Counter[bytes]:
        """The jobs in quarantine."""
        found: Counter[bytes] = Counter()
        for entry in await self.store.quarantine.entries((Kept.KEPT,)):
            payload = await self.store.quarantine.payload(entry.id)
            assert payload is not None
            found[payload] += 1
        return found

    async def scores(self, key: str = "retry") -> dict[bytes, float]:
        """What stands in a set."""
        return dict(await self.client.zrange(key, 0, -1, withscores=True))


@pytest.fixture
async def world(redis_server, editing, tmp_path) -> AsyncIterator[World]:
    """All of it on one server."""
    store = await Store.open(tmp_path / "state")
    yield World(redis_server, editing(redis_server.url), store, tmp_path / "state")
    await store.close()


def retries(count: int) -> dict[bytes, float]:
    """Retries to gone.example with odd scores, the later ones having failed first earlier; and as many that go elsewhere."""
    return {failed(number, failed_at=NOW - 10 * number): NOW + number / 3 for number in range(count)}


def elsewhere(count: int) -> dict[bytes, float]:
    """Retries that nobody means."""
    return {
        failed(
            10_000 + number, args=["x", 1, "https://here.example/inbox"], error_message="https://here.example/inbox returned code 410"
        ): NOW + number / 7
        for number in range(count)
    }


async def test_the_oldest_go_first_and_the_rest_is_counted(world):
    """403 of a domain among 2,000 others: counting changes nothing; exactly the 5 that have failed for longest are taken."""
    mine, others = retries(403), elsewhere(2_000)
    await world.client.zadd("retry", mine | others)
    editor = world.editor()

    assert await editor.edit(CountJobs("1.0", GONE)) == Counted(403)
    assert await world.scores() == mine | others
    assert await editor.edit(take()) == JobsTaken(5, left=398)
    assert await world.kept() == dict.fromkeys(list(mine)[-5:], 1)
    assert await world.scores() == {job: score for job, score in (mine | others).items() if job not in list(mine)[-5:]}


async def test_undone_it_is_as_it_was(world):
    """All 403, and back: byte for byte, with their scores; nothing of a job in the audit log."""
    before = retries(403) | elsewhere(100)
    await world.client.zadd("retry", before)
    editor = world.editor()
    many = JobsRef(name=GONE.name, among=Among.RETRIES, domain="gone.example", cap=500)

    assert await editor.edit(take(many)) == JobsTaken(403)
    assert len(await world.scores()) == 100
    quarantine = Quarantine(world.store.quarantine, world.edits, wall=lambda: WALL)
    for entry in await world.store.quarantine.entries((Kept.KEPT,)):
        assert (entry.job.rule, entry.job.incident, entry.job.by) == ("dead-domain", "7.0", "")
        await quarantine.release(entry.id, reason="it was a mistake", by="ada")

    assert await world.scores() == before
    assert "private" not in str(list(read_audit(world.folder)))


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ({"kind": "timeout"}, {2}),
        ({"status": 503}, {3}),
        ({"queue": "pull"}, {4}),
        ({"job_class": "Other"}, {5}),
        ({"jid": f"{1:024x}"}, {1}),
        ({"failing_for": 3 * 3_600_000}, {6}),
        (
            {
                "domain": "gone.example",
                "status": 410,
                "queue": "push",
                "job_class": "ActivityPub::DeliveryWorker",
                "failing_for": 3_600_000,
            },
            {1, 6},
        ),
        ({"jid": "nobody"}, set()),
    ],
)
async def test_exactly_those_that_are_meant(world, jobs, expected):
    """All that is said must hold, and nothing else is touched."""
    entries = {
        1: failed(1),
        2: failed(2, error_class="HTTP::TimeoutError", error_message="connect timed out on https://gone.example/inbox", args=[f"{1:024x}"]),
        3: failed(3, error_message="https://gone.example/inbox returned code 503"),
        4: failed(4, queue="pull"),
        5: failed(5, **{"class": "Other"}),
        6: failed(6, failed_at=NOW - 4 * 3600),
    }
    await world.client.zadd("retry", {entry: NOW + number for number, entry in entries.items()})

    meant = JobsRef(name="x", among=Among.RETRIES, cap=500, **jobs)
    assert await world.editor().edit(CountJobs("1.0", meant)) == Counted(len(expected))
    assert await world.editor().edit(take(meant)) == JobsTaken(len(expected))
    assert await world.kept() == {entries[number]: 1 for number in expected}


@pytest.mark.parametrize("place", ["retry", "schedule", "queue", "two places"])
async def test_a_job_is_taken_from_wherever_it_waits(world, place):
    """From the retries, the schedule, the queue, or from all in which it stands; its lock is given back as the gem would."""
    payload = orjson.dumps({**orjson.loads(PAYLOADS["ordinary"]), "lock_digest": "uniquejobs:a"})
    await world.client.hset("uniquejobs:a:LOCKED", JID, "1.0")
    await world.client.sadd("queues", "push")
    await world.client.rpush("queue:push", "a", "b")
    if place in ("retry", "schedule"):
        await world.client.zadd(place, {payload: 17.25})
    if place in ("queue", "two places"):
        await world.client.linsert("queue:push", "BEFORE", "b", payload)
    if place == "two places":
        await world.client.zadd("schedule", {payload: 17.25})
    poison = JobsRef(name=f"job {JID}", among=Among.WAITING, jid=JID, cap=100)

    number = 2 if place == "two places" else 1
    assert await world.editor().edit(CountJobs("1.0", poison)) == Counted(number)
    assert await world.editor().edit(take(poison)) == JobsTaken(number)
    assert await world.kept() == {payload: number}
    assert await world.client.lrange("queue:push", 0, -1) == [b"a", b"b"]
    assert await world.client.exists("retry", "schedule", "uniquejobs:a:LOCKED") == 0
    assert await world.editor().edit(CountJobs("1.0", poison)) == Counted(0)
    quarantine = Quarantine(world.store.quarantine, world.edits, wall=lambda: WALL)
    entries = await world.store.quarantine.entries((Kept.KEPT,))
    came = [await quarantine.release(entry.id, reason="it was a mistake", by="ada") for entry in entries]
    # What stood in two places goes back into one of them: to run twice is nobody's wish.
    assert sum(isinstance(one, Released) for one in came) == 1
    assert await world.client.lrange("queue:push", 0, -1) == [b"a", b"b", *([payload] if place == "queue" else [])]
    assert await world.scores("retry") | await world.scores("schedule") == ({} if place == "queue" else {payload: 17.25})


async def test_taking_is_killed_at_every_step(world):
    """Between any two calls of the store and of Redis: asked again under the same order the cap is reached and not passed, every job is in one place."""
    number = 0
    while True:
        await world.client.flushall()
        mine = {failed(1_000 * (number + 1) + n, failed_at=NOW - 10 * n): NOW + n / 3 for n in range(8)}
        await world.client.zadd("retry", mine)
        before = await world.kept()
        try:
            await world.editor(Steps(number)).edit(take(order=f"{number}.1"))
        except KilledError:
            # Meanwhile one more has come, which must not make it six.
            more = {failed(1_000 * (number + 1) + 500, failed_at=NOW - 9_000): NOW}
            await world.client.zadd("retry", more)
            mine |= more
        else:
            break
        answer = await world.editor().edit(take(order=f"{number}.1"))

        assert answer == JobsTaken(5, left=4), number
        taken = await world.kept() - before
        assert taken + Counter(list(await world.scores())) == Counter(list(mine)), number
        assert taken.total() == 5
        assert await world.editor().edit(take(order=f"{number}.1")) == JobsTaken(5, left=4), number
        number += 1
    assert number > 20, "it was killed nowhere: that would prove nothing"


async def test_putting_back_is_killed_at_every_step(world):
    """The same on the way back."""
    number = 0
    while True:
        await world.client.flushall()
        mine = {failed(1_000 * (number + 1) + n, failed_at=NOW - 10 * n, **{"class": f"C{number}"}): NOW + 10_000 + n / 3 for n in range(8)}
        await world.client.zadd("retry", mine)
        some: Any = {"domain": "gone.example", "job_class": f"C{number}"}
        await world.editor().edit(take(JobsRef(name="x", among=Among.RETRIES, cap=100, **some), order=f"{number}.1"))
        assert await world.scores() == {}
        back = JobsRef(name="x", among=Among.QUARANTINE, cap=5, **some)
        try:
            await world.editor(Steps(number)).edit(release(back, order=f"{number}.2"))
        except KilledError:
            pass
        else:
            break
        answer = await world.editor().edit(release(back, order=f"{number}.2"))

        assert answer == JobsReleased(5, left=3), number
        scores = await world.scores()
        assert len(scores) == 5
        assert scores.items() <= mine.items(), number
        assert set(scores) | {job for job in await world.kept() if job in mine} == set(mine), number
        assert await world.editor().edit(release(back, order=f"{number}.2")) == JobsReleased(5, left=3), number
        number += 1
    assert number > 20, "it was killed nowhere: that would prove nothing"


async def test_what_people_have_taken_and_what_wedged_a_process_stays(world):
    """A rule puts back what a rule has taken, if it was no poison."""
    quarantine = Quarantine(world.store.quarantine, world.edits, wall=lambda: WALL)
    whys = (
        Why(reason="spam", by="ada"),
        Why(reason="strike 2 of 2", rule="stuck", incident="1.0", strikes=2),
        Why(reason="it was not wanted", rule="dead-domain", incident="2.0"),
        Why(reason="it was not wanted", rule="other", incident="3.0"),
    )
    jobs = [failed(number) for number in range(5)]
    await world.client.zadd("retry", dict.fromkeys(jobs[:4], NOW))
    for number, why in enumerate(whys):
        await quarantine.take([Candidate(token=f"{number}", payload=jobs[number], came_from=CameFrom.RETRY)], why)
    await quarantine.take([Candidate(token="4", payload=jobs[4], came_from=CameFrom.PROCESS, queue="push")], whys[2])

    by_rule = JobsRef(name="x", among=Among.QUARANTINE, rule="dead-domain", cap=500)
    assert await world.editor().edit(CountJobs("1.0", by_rule)) == Counted(1)
    assert await world.editor().edit(CountJobs("1.0", BACK)) == Counted(2)
    assert await world.editor().edit(release(by_rule)) == JobsReleased(1)
    assert set(await world.scores()) == {jobs[2]}
    assert await world.editor().edit(release(by_rule, order="9.9")) == JobsReleased(0)


async def test_many_that_are_due_are_spread(world):
    """Twenty that would all run at once come over ten minutes, evenly, in the order in which they were taken; one that is due tomorrow keeps its score."""
    due = {failed(number, failed_at=NOW - 100 + number): WALL / 1000 - 3600 for number in range(2 * FEW)}
    later = {failed(100, failed_at=NOW - 1): WALL / 1000 + 86_400.25}
    await world.client.zadd("retry", due | later)
    many = JobsRef(name="x", among=Among.RETRIES, domain="gone.example", cap=500)
    await world.editor().edit(take(many))

    assert await world.editor().edit(release(JobsRef(name="x", among=Among.QUARANTINE, domain="gone.example", cap=500))) == JobsReleased(21)

    scores = await world.scores()
    assert [round(scores[job] * 1000) - WALL for job in due] == [30_000 * number for number in range(20)]
    assert scores.items() >= later.items()


async def test_a_few_go_back_exactly(world):
    """No more than ten that are due are no burden to anybody."""
    due = {failed(number): WALL / 1000 - 3600.125 for number in range(FEW)}
    await world.client.zadd("retry", due)
    await world.editor().edit(take(JobsRef(name="x", among=Among.RETRIES, domain="gone.example", cap=500)))
    await world.editor().edit(release(JobsRef(name="x", among=Among.QUARANTINE, domain="gone.example", cap=500)))

    assert await world.scores() == due


async def test_many_from_a_queue_come_by_the_schedule(world):
    """The first at once, the others by and by; few go back to the end of their queue that is next."""
    jobs = [failed(number, error_class=None, error_message=None, failed_at=None, retried_at=None) for number in range(FEW + 1)]
    await world.client.sadd("queues", "push")
    for number, job in enumerate(jobs):
        await world.client.rpush("queue:push", job)
        one = JobsRef(name="x", among=Among.WAITING, jid=f"{number:024x}", cap=100)
        assert await world.editor().edit(take(one, order=f"{number}.0")) == JobsTaken(1)
    by_rule = JobsRef(name="x", among=Among.QUARANTINE, rule="dead-domain", cap=500)

    assert await world.editor().edit(release(by_rule)) == JobsReleased(FEW + 1)
    assert await world.client.lrange("queue:push", 0, -1) == []
    scheduled = await world.scores("schedule")
    assert sorted(scheduled) == sorted(jobs)
    assert [round(scheduled[job] * 1000) - WALL for job in jobs] == [600_000 * number // len(jobs) for number in range(len(jobs))]


async def test_many_who_ask_at_once_are_counted_in_one_pass(world):
    """A hundred domains that fail together are no hundred passes through the retries; one that is cut off takes no answer from the others."""
    await world.client.zadd("retry", retries(300) | elsewhere(200))
    editor = world.editor()
    here = JobsRef(name="x", among=Among.RETRIES, domain="here.example", cap=5)
    await world.client.config_resetstat()

    first = asyncio.create_task(editor.edit(CountJobs("0", GONE)))
    others = [asyncio.create_task(editor.edit(CountJobs(f"{number}", GONE if number % 2 else here))) for number in range(1, 100)]
    cut_off = asyncio.create_task(editor.edit(CountJobs("100", here)))
    await asyncio.sleep(0)
    cut_off.cancel()
    answers = await asyncio.gather(first, *others)

    assert answers == [Counted(300), *(Counted(300 if number % 2 else 200) for number in range(1, 100))]
    pages = (await world.client.info("commandstats"))["cmdstat_zscan"]["calls"]
    await editor.edit(CountJobs("1.0", GONE))
    alone = (await world.client.info("commandstats"))["cmdstat_zscan"]["calls"] - pages
    assert pages <= 2 * alone


async def test_who_counts_for_others_and_is_cut_off(world):
    """The next one goes on for all that are left."""
    await world.client.zadd("retry", retries(300))
    editor = world.editor()
    async with editor._searching:
        tasks = [asyncio.create_task(editor.edit(CountJobs(f"{number}", GONE))) for number in range(5)]
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks[0].cancel()

    assert await asyncio.gather(*tasks[1:]) == [Counted(300)] * 4


async def test_a_redis_that_is_away_is_a_refusal(world, redis_server):
    """Said in a sentence; nothing is lost of what had been asked for."""
    await world.client.zadd("retry", retries(3))
    await redis_server.stop()

    editor = world.editor()
    commands = [CountJobs("1.0", GONE), CountJobs("1.1", GONE), take()]
    for answer in await asyncio.gather(*(editor.edit(command) for command in commands)):
        assert isinstance(answer, Refused)
        assert answer.reason
