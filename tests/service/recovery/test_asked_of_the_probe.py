"""What a gathering makes of what a probe says, and of what others say beside it; and what is left in Redis afterwards."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from tests.bench.beats import SimulatedProcess
from tests.service.recovery.test_carried_out import INCIDENT, Hands, kept, placed
from watchdog.model.effects import When
from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.model.flight import Fate, Placed, PlaceKind
from watchdog.model.results import InFlight, PutBackDone, Refused
from watchdog.model.targets import ProcessRef
from watchdog.recovery.by_probe import the_probe
from watchdog.recovery.sources import Told
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.flight import Noted
from watchdog.sidekiq.keys import Keys
from watchdog.store.store import Store

pytestmark = pytest.mark.needs("redis-server")
PROBES: Final = "sidekiq-watchdog:probes"


class Probed(Hands):
    """The same hands, for a process with a probe."""

    @property
    def hash(self) -> str:
        """Its notes."""
        return f"sidekiq-watchdog:probe:{self.process.identity}"

    @property
    def list(self) -> str:
        """Its jobs of queue push."""
        return f"sidekiq-watchdog:fetch:{self.process.identity}:push"

    async def says(self, strength: str, *, notes: Sequence[str] = (), moved: Sequence[str] = (), vouches: bool = True) -> None:
        """The probe introduces itself, and has noted, or moved, these jobs."""
        said = {"strength": strength, "format": 1, "queues": ["push"], "threads": 3}
        await self.client.hset(self.hash, ":probe", orjson.dumps(said))
        if vouches:
            await self.client.hset(self.hash, ":whole", "1")
        for number, jid in enumerate(notes):
            await self.client.hset(self.hash, f"t:{number}", b"1795354499250 push\n" + payload(jid))
        for jid in moved:
            await self.client.lpush(self.list, payload(jid))
        await self.client.sadd(PROBES, self.process.identity)

    async def leaves(self) -> None:
        """The last thing that it does after a clean stop."""
        await self.client.hdel(self.hash, ":probe", ":whole")
        await self.client.srem(PROBES, self.process.identity)

    async def found(self, when: When, *others: Any) -> InFlight:
        """What is in flight by the probe and by these."""
        found = await self.gather(when, the_probe(self.edits), *others)
        assert isinstance(found, InFlight), found
        return found


def payload(jid: str) -> bytes:
    """A job of queue push."""
    found = kept(jid).payload
    assert found is not None
    return found


def source(*findings: Finding, **more: Any) -> Any:
    """One that says this."""

    async def ask(_target: ProcessRef, _when: When, _noted: Noted | None, _found: Sequence[Finding]) -> Told:
        return Told(findings, **more)

    return ask


async def nobody(_target: ProcessRef, _when: When, _noted: Noted | None, _found: Sequence[Finding]) -> Told:
    """A source that must not be asked."""
    pytest.fail("it was asked")


@pytest.fixture
async def hands(redis_server, following, tmp_path: Path) -> AsyncIterator[Probed]:
    """A process of this host that ran two jobs of three threads at its last beat, and beats."""
    client = redis_server.client()
    process = SimulatedProcess(1, host="web1")
    jids = [process.run(thread) for thread in ("t1", "t2")]
    await process.beat(client)
    one = following(url=redis_server.url, host="web1")
    await one.until(lambda: one.readings(process.identity))
    async with contextlib.AsyncExitStack() as stack:
        store = await Store.open(tmp_path / "state")
        stack.push_async_callback(store.close)
        edits = Edits(url=redis_server.url, keys=Keys())
        stack.callback(edits.close)
        hands = Probed(client, process, one.follower, store, edits)
        hands.jids = jids
        yield hands


@pytest.mark.parametrize("when", [When.BEFORE, When.FROZEN, When.DEAD])
async def test_observe_knows_better_than_the_last_beat(hands, when):
    """One of the two jobs of the work hash has ended, another has begun; at the end the third thread may have taken one that nobody names."""
    await hands.says("observe", notes=[hands.jids[0], "new"])
    found = await hands.found(when)

    assert {job.jid: (job.certainty, job.has_payload) for job in found.jobs} == dict.fromkeys(
        (hands.jids[0], "new"), (Certainty.PROVEN, True)
    )
    assert found.unnamed == (0 if when is When.BEFORE else 1)


async def test_what_a_socket_still_has_stands_beside_observe(hands):
    """The job that Redis handed out and nobody read is in no note; with it every thread is accounted for."""
    await hands.says("observe", notes=["new", "other"])
    unread = Finding(jid="unread", certainty=Certainty.PROVEN, origin=Origin.SOCKET, queue="push", payload=payload("unread"))

    found = await hands.found(When.FROZEN, source(unread))
    assert ({job.jid for job in found.jobs}, found.unnamed) == ({"new", "other", "unread"}, 0)
    # It is kept, and asked for again when the process is dead.
    assert {job.jid for job in (await hands.found(When.DEAD)).jobs} == {"new", "other", "unread"}


async def test_fetch_needs_nobody_else(hands):
    """Everything is in its list: what the work hash shows beside it has ended, nothing is unnamed, and no other source is asked."""
    await hands.says("fetch", moved=["new"])
    found = await hands.found(When.DEAD, nobody)

    assert ([job.jid for job in found.jobs], found.unnamed) == (["new"], 0)
    assert [one.in_list for one in await hands.store.flight(INCIDENT)] == [True]


async def test_a_list_that_nobody_may_touch_is_noticed_before_anything_is_done(hands, redis_server):
    """Its jobs could not be taken off it at the end, when it would be too late."""
    await hands.says("fetch", moved=["moved"])
    await hands.client.execute_command("ACL", "SETUSER", "poor", "on", ">secret", "~*", "&*", "+@all", "-lrem")
    hands.edits.close()
    hands.edits = Edits(url=redis_server.url.replace("redis://", "redis://poor:secret@"), keys=Keys())

    assert isinstance(await hands.gather(When.BEFORE, the_probe(hands.edits)), Refused)
    hands.edits.close()


@pytest.mark.parametrize("strength", ["observe", "fetch"])
async def test_a_probe_that_does_not_vouch_takes_nothing_from_anybody(hands, strength):
    """What it names is proven; what the last beat showed is likely, as without it; and each thread without a proof may have had a job."""
    await hands.says(strength, notes=["new"], vouches=False)
    found = await hands.found(When.DEAD)

    assert {job.jid: job.certainty for job in found.jobs} == {"new": Certainty.PROVEN} | dict.fromkeys(hands.jids, Certainty.LIKELY)
    assert found.unnamed == 2


@pytest.mark.parametrize(("vouches", "jobs"), [(True, 1), (False, 2)])
async def test_of_a_quiet_process_nothing_is_unnamed(hands, vouches, jobs):
    """It has fetched nothing since: its work hash is complete, and with a probe that vouches it is known what has ended since the last beat."""
    hands.process.quiet = True
    await hands.process.beat(hands.client)
    await hands.follower.reread(hands.process.identity)
    await hands.says("observe", notes=hands.jids[:1], vouches=vouches)

    found = await hands.found(When.DEAD)
    assert ({job.certainty for job in found.jobs}, len(found.jobs), found.unnamed) == ({Certainty.PROVEN}, jobs, 0)


async def test_what_can_not_be_understood_is_told_without_a_word_of_it(hands, caplog):
    """How much that is, and of which kind the first is; and the probe is not taken at its word."""
    await hands.says("observe", notes=["new"])
    await hands.client.hset(hands.hash, "t:9", b"1795354499250 push\n{private")

    assert (await hands.found(When.DEAD)).unnamed == 2
    assert "can't all be understood (1)" in caplog.text
    assert "private" not in caplog.text


async def test_a_clean_stop_between_two_questions(hands):
    """It had noted a job, and has left: it has given everything back."""
    await hands.says("observe", notes=["new"])
    assert len((await hands.found(When.BEFORE)).jobs) == 1
    await hands.client.delete(hands.hash)
    assert not (await hands.found(When.DEAD)).stopped  # its notes are gone, and who knows by whom
    await hands.leaves()

    found = await hands.found(When.DEAD)
    assert (found.stopped, found.jobs) == (True, ())


async def test_everything_is_put_where_it_belongs_and_nothing_stays(hands):
    """Noted and moved jobs, into their queue and into quarantine; asked again, the answer is the same and nothing is there twice."""
    await hands.says("fetch", notes=["noted"], moved=["moved", "bad"])
    await hands.found(When.DEAD)
    wanted = (placed("noted", PlaceKind.QUEUE), placed("moved", PlaceKind.QUEUE), placed("bad", PlaceKind.QUARANTINE))
    first, second = await hands.put_back(*wanted), await hands.put_back(*wanted)

    assert (
        first
        == second
        == PutBackDone((Placed("noted", Fate.DONE, "queue"), Placed("moved", Fate.DONE, "queue"), Placed("bad", Fate.DONE, "quarantine")))
    )
    assert await hands.client.lrange("queue:push", 0, -1) == [payload("noted"), payload("moved")]
    assert [entry.job.jid for entry in await hands.store.quarantine.entries()] == ["bad"]
    assert await hands.client.exists(hands.hash, hands.list, PROBES) == 0


@pytest.mark.parametrize("strength", ["observe", "fetch"])
async def test_where_nothing_was_in_flight_nothing_stays_either(hands, strength):
    """Nobody will be asked to put anything back: what the probe said of itself goes at once. Of one that lives it stays."""
    await hands.says(strength)
    hands.process.jobs.clear()
    await hands.process.beat(hands.client)
    await hands.follower.reread(hands.process.identity)
    await hands.found(When.BEFORE)
    assert await hands.client.exists(hands.hash, PROBES) == 2

    assert (await hands.found(When.DEAD)).jobs == ()
    assert await hands.client.exists(hands.hash, PROBES) == 0


async def test_what_nobody_puts_back_stays_to_be_found(hands, caplog):
    """A job for which there was no place: the notes and the lists stay as they are, and so does the word that there is something."""
    await hands.says("fetch", moved=["moved", "other"])
    await hands.found(When.DEAD)
    await hands.put_back(placed("moved", PlaceKind.QUEUE))

    assert await hands.client.lrange(hands.list, 0, -1) == [payload("other")]
    assert await hands.client.sismember(PROBES, hands.process.identity)
    assert f"jobs that the probe of {hands.process.identity} has left and nobody has put back: 1" in caplog.text


async def test_somebody_else_was_quicker(hands):
    """By hand, as the README of the probe says: what is no longer in the list is not pushed a second time."""
    await hands.says("fetch", moved=["moved"])
    await hands.found(When.DEAD)
    await hands.client.lmove(hands.list, "queue:push")
    await hands.client.rpop("queue:push")

    assert await hands.put_back(placed("moved", PlaceKind.QUEUE)) == PutBackDone((Placed("moved", Fate.FOUND, "elsewhere"),))
    assert await hands.client.llen("queue:push") == 0
