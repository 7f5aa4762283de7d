"""What a recovery asks of Redis and of the store, each by itself: finding out what a process holds, and bringing it back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.bench.beats import SimulatedProcess
from watchdog.clock import Clock
from watchdog.host.boot import boot_id
from watchdog.model.effects import GatherInFlight, PutBack, When
from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.model.flight import Fate, Placed, PlaceKind, Placement
from watchdog.model.quarantine import Kept
from watchdog.model.results import InFlight, PutBackDone, Refused
from watchdog.model.targets import ProcessRef
from watchdog.recovery.gathering import Gatherer
from watchdog.recovery.putting_back import Returner
from watchdog.recovery.quarantine import Quarantine
from watchdog.recovery.sources import Told
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.failures import SourceUnavailableError
from watchdog.sidekiq.flight import Noted
from watchdog.sidekiq.keys import Keys
from watchdog.store.store import Store

pytestmark = pytest.mark.needs("redis-server")
INCIDENT = "7.1"


class Hands:
    """A Redis with one process on it, and all that a recovery has in its hands."""

    def __init__(self, client: Any, process: SimulatedProcess, follower: Any, store: Store, edits: Edits) -> None:
        self.jids: list[str] = []
        self.url = ""
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
        hands.url = redis_server.url
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


async def test_two_agents_on_one_host_bring_each_job_back_once(hands, tmp_path):
    """Each with a memory of its own, at the same time, and not of one mind about the places: what one does the other finds done."""
    jids = [f"{number:024d}" for number in range(60)]
    kinds = (PlaceKind.QUEUE, PlaceKind.RETRY, PlaceKind.QUARANTINE)
    async with contextlib.AsyncExitStack() as stack:
        returners, stores = [hands.returner], [hands.store]
        for name in ("two", "three"):
            store = await Store.open(tmp_path / name)
            stack.push_async_callback(store.close)
            edits = Edits(url=hands.url, keys=Keys())
            stack.callback(edits.close)
            returners.append(Returner(edits=edits, store=store, quarantine=Quarantine(store.quarantine, edits, wall=Clock().wall)))
            stores.append(store)
        for store in stores:
            await store.keep_flight(INCIDENT, [kept(jid) for jid in jids])
        asked = [
            PutBack(
                "1.1",
                INCIDENT,
                "stuck",
                hands.ref,
                tuple(placed(jid, kinds[(n + turn) % 3], 1_900_000_000_000) for n, jid in enumerate(jids)),
            )
            for turn in range(3)
        ]
        answers = await asyncio.gather(*(one.put_back(command) for one, command in zip(returners, asked, strict=True)))
        again = await asyncio.gather(*(one.put_back(command) for one, command in zip(returners, asked, strict=True)))
        kept_jids = [entry.job.jid for store in stores for entry in await store.quarantine.entries((Kept.KEPT,))]

    standing = [await hands.client.lrange("queue:push", 0, -1), await hands.client.zrange("retry", 0, -1)]
    pushed = [orjson.loads(member)["jid"] for members in standing for member in members]
    assert sorted([*pushed, *kept_jids]) == jids
    done = [one.jid for answer in answers for one in answer.placed if one.fate is Fate.DONE]
    assert sorted(done) == jids
    assert again == answers


async def test_a_memory_that_was_restored_does_not_bring_a_job_back_again(hands, tmp_path):
    """The incident is opened anew from a backup of the state folder, or under another number: the job, run long ago, is not pushed a second time."""
    await hands.store.keep_flight(INCIDENT, [kept("a"), kept("b")])
    wanted = (placed("a", PlaceKind.QUEUE), placed("b", PlaceKind.QUARANTINE))
    await hands.put_back(*wanted)
    assert await hands.client.lpop("queue:push") == kept("a").payload
    await hands.store.keep_flight("9.9", [kept("a"), kept("b")])
    again = await hands.returner.put_back(PutBack("9.1", "9.9", "stuck", hands.ref, wanted[::-1]))

    assert again == PutBackDone((Placed("b", Fate.FOUND, "elsewhere"), Placed("a", Fate.FOUND, "returned")))
    assert await hands.client.exists("queue:push") == 0
    assert len(await hands.store.quarantine.entries((Kept.KEPT,))) == 1


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


async def test_what_nobody_else_knows_outlives_the_agent(hands, monkeypatch):
    """Redis does not answer when the process is dead: what its last beat showed is kept at once, unless something better is; then that stays."""

    async def away(_identity: str) -> None:
        raise SourceUnavailableError("refused", "nobody answers")

    monkeypatch.setattr(hands.follower, "reread", away)
    assert isinstance(await hands.gather(When.BEFORE), Refused)
    assert await hands.store.flight(INCIDENT) == []
    assert isinstance(await hands.gather(When.DEAD), Refused)
    record = await hands.store.flight(INCIDENT)
    assert {one.jid: (one.certainty, one.payload is not None) for one in record} == dict.fromkeys(hands.jids, (Certainty.LIKELY, True))
    await hands.store.keep_flight(INCIDENT, [kept("a")])
    await hands.gather(When.DEAD)

    assert [one.jid for one in await hands.store.flight(INCIDENT)] == ["a"]


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


def hasty(*jids: str) -> Any:
    """A log that says that these were pushed back while an idle thread could take them again."""

    async def log(_target: ProcessRef, _when: When, _noted: Noted | None, _found: Sequence[Finding]) -> Told:
        named = tuple(Finding(jid=jid, certainty=Certainty.LIKELY, origin=Origin.LOG, job_class="Job") for jid in jids)
        return Told(named, hasty=True)

    return log


async def test_a_stop_in_haste_is_not_believed(hands):
    """Redis says that all was given back, the log that it was too soon: those jobs are likely in flight, with their bytes; the others are not asked for."""
    await hands.gather(When.BEFORE)
    await hands.process.stop(hands.client)
    first = hands.jids[0]
    found = await hands.gather(When.DEAD, hasty(first, "unseen"))

    assert (found.stopped, found.hasty, found.unnamed) == (False, True, 0)
    assert {job.jid: (job.certainty, job.has_payload) for job in found.jobs} == {
        first: (Certainty.LIKELY, True),
        "unseen": (Certainty.LIKELY, False),
    }
    assert {one.jid: one.payload is not None for one in await hands.store.flight(INCIDENT)} == {first: True, "unseen": False}


async def test_a_stop_is_believed_where_nothing_speaks_against_it(hands):
    """No log says that it was in haste; or it had said that it is quiet in its last beat, and so fetched nothing any more; or it is not dead."""

    async def silent(*_: Any) -> Told:
        return Told()

    hands.process.quiet = True
    await hands.process.beat(hands.client)
    await hands.gather(When.QUIET)
    await hands.process.stop(hands.client)

    assert await hands.gather(When.DEAD, hasty("j1")) == InFlight((), stopped=True)
    assert await hands.gather(When.DEAD, silent) == InFlight((), stopped=True)
    assert await hands.gather(When.BEFORE, hasty("j1")) == InFlight((), stopped=True)


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
