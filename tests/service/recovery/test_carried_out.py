"""What a recovery asks of Redis and of the store, each by itself: finding out what a process holds, and bringing it back."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.bench.beats import SimulatedProcess
from watchdog.clock import Clock
from watchdog.host.boot import boot_id
from watchdog.model.effects import GatherInFlight, PutBack, When
from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.model.flight import Fate, Placed, PlaceKind, Placement
from watchdog.model.results import InFlight, PutBackDone, Refused
from watchdog.model.targets import ProcessRef
from watchdog.recovery.gathering import Gatherer
from watchdog.recovery.putting_back import Returner
from watchdog.recovery.quarantine import Quarantine
from watchdog.recovery.sources import Told
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.flight import Noted
from watchdog.sidekiq.keys import Keys
from watchdog.store.store import Store

pytestmark = pytest.mark.needs("redis-server")
INCIDENT = "7.1"


class Hands:
    """A Redis with one process on it, and all that a recovery has in its hands."""

    def __init__(self, client: Any, process: SimulatedProcess, follower: Any, store: Store, edits: Edits) -> None:
        self.jids: list[str] = []
        self.client, self.process, self.follower, self.store, self.edits = client, process, follower, store, edits
        self.ref = ProcessRef("web1/app[push]", process.identity, "web1", 10, 77, boot_id())
        self.returner = Returner(edits=edits, store=store, quarantine=Quarantine(store.quarantine, edits, wall=Clock().wall))

    async def gather(self, when: When, *sources: Any) -> InFlight | Refused:
        """Ask what the process holds."""
        gatherer = Gatherer(follower=self.follower, edits=self.edits, store=self.store, sources=sources)
        return await gatherer.gather(GatherInFlight("1.0", INCIDENT, self.ref, when))

    async def put_back(self, *placements: Placement) -> PutBackDone | Refused:
        """Bring jobs into their places."""
        return await self.returner.put_back(PutBack("1.1", INCIDENT, "stuck", self.ref, placements))


@pytest.fixture
async def hands(redis_server, following, tmp_path: Path) -> AsyncIterator[Hands]:
    """A process of this host that runs two jobs and has beaten."""
    client = redis_server.client()
    process = SimulatedProcess(1, host="web1")
    jids = [process.run(thread) for thread in ("t1", "t2")]
    await process.beat(client)
    one = following(url=redis_server.url, host="web1")
    await one.until(lambda: one.readings(process.identity))
    store = await Store.open(tmp_path / "state")
    edits = Edits(url=redis_server.url, keys=Keys())
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        stack.callback(edits.close)
        hands = Hands(client, process, one.follower, store, edits)
        hands.jids = jids
        yield hands


def placed(jid: str, kind: PlaceKind, due_wall: int = 0) -> Placement:
    """A placement of a job of queue push."""
    return Placement(jid, "Job", "push", kind, ("work_hash",), "because", due_wall)


def kept(jid: str) -> Finding:
    """A job of a flight record."""
    payload = f'{{"class":"Job","jid":"{jid}","args":["é"],"queue":"push"}}'.encode()
    return Finding(jid=jid, certainty=Certainty.PROVEN, origin=Origin.WORK_HASH, job_class="Job", queue="push", payload=payload)


async def test_every_place_is_reached_once(hands):
    """Queue, retry set, schedule and quarantine; asked again, after a crash, nothing is there twice."""
    await hands.store.keep_flight(INCIDENT, [kept(jid) for jid in "abcd"])
    wanted = (
        placed("a", PlaceKind.QUEUE), placed("b", PlaceKind.RETRY, 1_900_000_000_000), placed("c", PlaceKind.SCHEDULE, 1_900_000_001_000),
        placed("d", PlaceKind.QUARANTINE), placed("e", PlaceKind.QUEUE),
    )  # fmt: skip
    first, second = await hands.put_back(*wanted), await hands.put_back(*wanted)

    assert first == second
    assert [one.fate for one in first.placed] == [Fate.DONE] * 4 + [Fate.LOST]
    assert await hands.client.lrange("queue:push", 0, -1) == [kept("a").payload]
    assert await hands.client.zrange("retry", 0, -1, withscores=True) == [(kept("b").payload, 1_900_000_000.0)]
    assert await hands.client.zrange("schedule", 0, -1, withscores=True) == [(kept("c").payload, 1_900_000_001.0)]
    assert [entry.job.jid for entry in await hands.store.quarantine.entries()] == ["d"]


async def test_a_job_that_is_somewhere_is_left_there(hands):
    """Sidekiq has pushed it back itself: it is not put there again."""
    await hands.store.keep_flight(INCIDENT, [kept("a")])
    await hands.client.rpush("queue:push", kept("a").payload)

    assert await hands.put_back(placed("a", PlaceKind.RETRY, 1_900_000_000_000)) == PutBackDone((Placed("a", Fate.FOUND, "queue"),))
    assert await hands.client.zcard("retry") == 0


async def test_the_traces_of_the_dead_are_removed(hands):
    """Its identity, its work hash, and the sign of life of whoever clears unique locks away; those of others stay."""
    await hands.client.set("uniquejobs:reaper", 1)
    await hands.client.sadd("processes", "web1:2:other")
    await hands.put_back()

    assert await hands.client.smembers("processes") == {b"web1:2:other"}
    assert await hands.client.exists(hands.process.identity, f"{hands.process.identity}:work", "uniquejobs:reaper") == 0


async def test_what_is_found_is_kept_before_it_is_said(hands):
    """The jobs of the work hash with their exact bytes; the answer holds none of them."""
    found = await hands.gather(When.BEFORE)
    record = await hands.store.flight(INCIDENT)

    assert len(found.jobs) == len(record) == 2
    assert all(job.has_payload and job.certainty is Certainty.LIKELY and job.digest for job in found.jobs)
    assert all(b"jid" in one.payload for one in record)
    assert "args" not in repr(found)


async def test_a_server_that_takes_nothing_is_noticed_before_anything_is_done(hands):
    """Not at the end, when it would be too late."""
    await hands.client.config_set("min-replicas-to-write", 1)

    assert isinstance(await hands.gather(When.QUIET), Refused)
    assert await hands.store.flight(INCIDENT) == []


async def test_what_the_log_knows_is_newer_than_the_last_beat(hands):
    """A job of the work hash that it does not name has ended; one that only it names has no payload yet, until the memory is asked."""
    first = hands.jids[0]

    async def log(_target: ProcessRef, _when: When, _noted: Noted | None, _found: Sequence[Finding]) -> Told:
        both = (first, "new")
        return Told(
            tuple(Finding(jid=jid, certainty=Certainty.PROVEN, origin=Origin.LOG, job_class="Job") for jid in both), names_running=True
        )

    async def memory(_target: ProcessRef, _when: When, _noted: Noted | None, found: Sequence[Finding]) -> Told:
        assert {one.jid for one in found} == {first, "new"}
        payload = b'{"class":"Job","jid":"new","queue":"pull","args":[]}'
        return Told((Finding(jid="new", certainty=Certainty.UNKNOWN, origin=Origin.MEMORY, payload=payload),), names_waiting=True)

    found = await hands.gather(When.FROZEN, log, memory)

    assert {job.jid: (job.certainty, job.queue, job.has_payload) for job in found.jobs} == {
        first: (Certainty.PROVEN, "push", True), "new": (Certainty.PROVEN, "pull", True),
    }  # fmt: skip
    assert found.unnamed == 0


async def test_what_was_found_before_its_end_holds_after_it(hands):
    """The log has named what ran while it stood still: the other job of its last beat had ended, and is not put back once it is dead."""
    first = hands.jids[0]

    async def log(_target: ProcessRef, when: When, _noted: Noted | None, _found: Sequence[Finding]) -> Told:
        named = (Finding(jid=first, certainty=Certainty.PROVEN, origin=Origin.LOG, job_class="Job"),) if when is When.FROZEN else ()
        return Told(named, names_running=when is When.FROZEN)

    await hands.client.delete(hands.process.identity, f"{hands.process.identity}:work")
    frozen = await hands.gather(When.FROZEN, log)
    dead = await hands.gather(When.DEAD, log)

    assert [job.jid for job in frozen.jobs] == [job.jid for job in dead.jobs] == [first]
    assert all(job.has_payload and job.certainty is Certainty.PROVEN for job in dead.jobs)
    assert frozen.unnamed == dead.unnamed == 5 - 1
