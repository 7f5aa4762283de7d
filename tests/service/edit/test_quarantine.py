"""Jobs go into quarantine and come back, and none is lost or doubled whatever ends in between."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import orjson
import pytest

from tests.service.edit.conftest import JID, OTHER, PAYLOADS
from watchdog.model.quarantine import CameFrom, Kept
from watchdog.recovery.quarantine import Dropped, NotReleased, Quarantine, Released, Took
from watchdog.recovery.taking import Candidate, Why
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.failures import EditError, NotEditedError
from watchdog.store.reading import read_audit
from watchdog.store.shelf import Shelf
from watchdog.store.store import Store

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
WALL: Final = 1_795_354_499_123
DAY: Final = 86_400_000
PAYLOAD: Final = PAYLOADS["ordinary"]
SECOND: Final = PAYLOAD.replace(JID.encode(), OTHER.encode())
WHY: Final = Why(reason="it froze two processes", rule="stuck", incident="7.0", strikes=2)


class KilledError(BaseException):
    """The agent was ended by SIGKILL just here."""


class Mortal:
    """Stands before a shelf or edits; at the given step the agent is killed, before what was asked for or just after it."""

    def __init__(self, of: Any, steps: "Steps") -> None:
        self._of = of
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._of, name)
        if name not in {"begin", "settle", "move", "entry", "entries", "ordered", "payload", "expire", "run", "ask"}:
            return found

        async def asked(*arguments: Any, **named: Any) -> Any:
            self._steps.pass_by()
            answer = await found(*arguments, **named)
            self._steps.pass_by()
            return answer

        return asked


class Steps:
    """Counts the places at which a kill is possible; `last` is the one that is not survived."""

    def __init__(self, last: int) -> None:
        self.left = last

    def pass_by(self) -> None:
        if self.left == 0:
            raise KilledError
        self.left -= 1


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Store]:
    """The agent's store."""
    opened = await Store.open(tmp_path / "state")
    yield opened
    await opened.close()


class World:
    """Redis, store and edits of a test, and what can be seen of them from outside."""

    def __init__(self, server: Any, edits: Edits, store: Store, folder: Any) -> None:
        self.server = server
        self.client = server.client()
        self.edits = edits
        self.store = store
        self.folder = folder
        self.now = WALL

    def quarantine(self, *, steps: Steps | None = None, in_dead_set: bool = False) -> Quarantine:
        """As an agent has it that was just started."""
        shelf, edits = self.store.quarantine, self.edits
        if steps is not None:
            shelf, edits = Mortal(shelf, steps), Mortal(edits, steps)  # type: ignore[assignment]
        return Quarantine(shelf, edits, wall=lambda: self.now, in_dead_set=in_dead_set)

    async def places(self) -> Counter[tuple[str, bytes]]:
        """Every job and where it stands, with those whose bytes are in the store and nowhere else to be."""
        found: Counter[tuple[str, bytes]] = Counter()
        for key in ("retry", "schedule", "dead"):
            found.update((key, member) for member in await self.client.zrange(key, 0, -1))
        found.update(("queue", member) for member in await self.client.lrange("queue:push", 0, -1))
        for entry in await self.store.quarantine.entries((Kept.KEPT,)):
            payload = await self.store.quarantine.payload(entry.id)
            assert payload is not None
            found["store", payload] += 1
        return found


@pytest.fixture
async def world(redis_server, editing, store, tmp_path) -> World:
    """All of it on one server."""
    return World(redis_server, editing(redis_server.url), store, tmp_path / "state")


def another(payload: bytes, number: int) -> bytes:
    """The same job under another jid, and something longer."""
    return payload.replace(JID.encode(), f"{JID[:-1]}{number}".encode()) + b" " * number


def candidate(payload: bytes = PAYLOAD, came_from: CameFrom = CameFrom.RETRY, token: str = "m/7.0/1") -> Candidate:
    """A job that is to be taken."""
    return Candidate(token=token, payload=payload, came_from=came_from, queue="push")


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
@pytest.mark.parametrize("in_dead_set", [False, True])
async def test_a_job_comes_back_exactly_where_it_was(world, payload, in_dead_set):
    """Byte for byte, with its score; from a queue or a dead process to where it is next."""
    quarantine = world.quarantine(in_dead_set=in_dead_set)
    second, third, fourth = (another(payload, number) for number in (1, 2, 3))
    await world.client.zadd("retry", {payload: 1795354499.1234567})
    await world.client.zadd("schedule", {second: 17.25})
    await world.client.rpush("queue:push", "a", third, "b")
    before = await world.places()
    takes = [
        candidate(payload, CameFrom.RETRY, "1"),
        candidate(second, CameFrom.SCHEDULE, "2"),
        candidate(third, CameFrom.QUEUE, "3"),
        candidate(fourth, CameFrom.PROCESS, "4"),
    ]

    assert await quarantine.take(takes, WHY) == Took((1, 2, 3, 4))

    kept = {member for where, member in await world.places() if where == "store"}
    assert kept == {take.payload for take in takes}
    assert await world.client.exists("retry", "schedule") == 0
    assert await world.client.zcard("dead") == (4 if in_dead_set else 0)
    for id_ in (1, 2, 3, 4):
        assert isinstance(await quarantine.release(id_, reason="mended", by="ada"), Released)
    assert await world.places() == before + Counter({("queue", fourth): 1})
    assert await world.client.zscore("retry", payload) == 1795354499.1234567
    assert await world.client.zscore("schedule", second) == 17.25
    assert await world.client.lrange("queue:push", 0, -1) == [b"a", b"b", third, fourth]


async def test_what_is_known_of_a_job(world):
    """Class, queue, error and who wanted it; nothing that it was told to do."""
    job = orjson.loads(PAYLOAD) | {
        "class": "Wrapper", "wrapped": "Mailer", "args": ["a private post"], "error_class": "Timeout", "error_message": "of a private post",
        "lock_digest": "uniquejobs:a",
    }  # fmt: skip
    payload = orjson.dumps(job)
    await world.client.zadd("retry", {payload: 5})

    await world.quarantine().take([candidate(payload)], WHY)

    (entry,) = await world.store.quarantine.entries()
    assert (entry.job.jid, entry.job.job_class, entry.job.queue, entry.job.error_class) == (JID, "Mailer", "push", "Timeout")
    assert (entry.job.reason, entry.job.rule, entry.job.incident, entry.job.strikes) == (WHY.reason, WHY.rule, WHY.incident, 2)
    assert (entry.job.came_from, entry.job.score, entry.job.size, entry.job.locks) == ("retry", "5", len(payload), ("uniquejobs:a",))
    assert entry.job.until - entry.job.taken == 30 * DAY
    assert "private" not in repr(entry) + repr(candidate(payload))
    rows = list(read_audit(world.folder))
    assert [(row["kind"], row["action"], row["target"], row["outcome"]) for row in rows] == [
        ("intent", "quarantine_job", JID, ""),
        ("outcome", "quarantine_job", JID, "taken"),
    ]
    assert "private" not in str(rows)
    assert (world.folder / "watchdog.db").stat().st_mode & 0o777 == 0o600


async def test_a_job_that_is_gone_is_not_kept(world):
    """Somebody else has taken it: nothing is left of the attempt but what was written down about it."""
    took = await world.quarantine().take([candidate(), candidate(came_from=CameFrom.QUEUE, token="2")], WHY)

    assert took == Took(absent=2)
    assert await world.store.quarantine.entries() == []
    assert [row["outcome"] for row in read_audit(world.folder)] == ["", "", "absent", "absent"]


async def test_asked_for_twice_it_is_taken_once(world):
    """The same token is the same taking, whatever became of it since."""
    quarantine = world.quarantine()
    one = candidate(came_from=CameFrom.PROCESS)
    assert await quarantine.take([one], WHY) == Took((1,))
    assert await quarantine.take([one], WHY) == Took((1,))
    await quarantine.release(1, reason="mended", by="ada")
    assert await quarantine.take([one], WHY) == Took((1,))
    assert await world.places() == {("queue", PAYLOAD): 1}


async def test_who_put_a_job_back_is_remembered(world):
    """With the time, for what it was caught at before counts no more; a job that was dropped, or put back by nobody, is vouched for by nobody."""
    quarantine = world.quarantine()
    takes = [candidate(payload, CameFrom.PROCESS, str(number)) for number, payload in enumerate((PAYLOAD, SECOND))]
    await quarantine.take(takes, WHY)
    assert await quarantine.put_back_by_hand(after=0) == ()
    await quarantine.release(1, reason="mended", by="ada")
    await quarantine.release(2, reason="", by="")

    (vouched,) = await quarantine.put_back_by_hand(after=0)
    assert (vouched.jid, vouched.by) == (JID, "ada")
    assert await quarantine.put_back_by_hand(after=vouched.wall) == ()


async def test_a_dropped_job_is_gone(world):
    """Its bytes from the store and from the dead set; what it was is still told."""
    quarantine = world.quarantine(in_dead_set=True)
    await quarantine.take([candidate(came_from=CameFrom.PROCESS)], WHY)

    assert isinstance(await quarantine.drop(1, reason="never again", by="ada"), Dropped)

    assert await world.places() == {}
    (entry,) = await world.store.quarantine.entries()
    assert (entry.state, entry.job.jid, entry.ended is not None) == (Kept.DROPPED, JID, True)
    assert await world.store.quarantine.payload(1) is None
    for again in (
        await quarantine.release(1, reason="", by=""),
        await quarantine.drop(1, reason="", by=""),
        await quarantine.drop(9, reason="", by=""),
    ):
        assert isinstance(again, NotReleased)


async def test_what_sidekiq_has_is_not_released(world):
    """It stands somewhere, or was taken from the dead set, or another one holds its lock: said, and kept; once that is over it can be released."""
    quarantine = world.quarantine()
    payload = orjson.dumps({**orjson.loads(PAYLOAD), "lock_digest": "uniquejobs:a"})
    await quarantine.take([candidate(payload, CameFrom.PROCESS)], WHY)

    await world.client.hset("uniquejobs:a:LOCKED", OTHER, "1.0")
    refusal = await quarantine.release(1, reason="mended", by="ada")
    assert isinstance(refusal, NotReleased)
    assert OTHER in refusal.why
    await world.client.delete("uniquejobs:a:LOCKED")
    await world.client.rpush("queue:push", payload)
    assert isinstance(await quarantine.release(1, reason="mended", by="ada"), NotReleased)
    assert await world.places() == {("queue", payload): 1, ("store", payload): 1}
    await world.client.delete("queue:push")
    assert isinstance(await quarantine.release(1, reason="mended", by="ada"), Released)
    assert await world.places() == {("queue", payload): 1}


async def test_the_locks_of_a_taken_job_are_given_back(world):
    """Or no job with these arguments would ever run again."""
    payload = orjson.dumps({**orjson.loads(PAYLOAD), "lock_digest": "uniquejobs:a"})
    await world.client.hset("uniquejobs:a:LOCKED", JID, "1.0")
    await world.client.set("uniquejobs:a", JID)

    await world.quarantine().take([candidate(payload, CameFrom.PROCESS)], WHY)

    assert await world.client.exists("uniquejobs:a", "uniquejobs:a:LOCKED") == 0


async def test_time_is_over_after_thirty_days(world, caplog):
    """Three days before it is said; then the bytes are deleted, and what they were is still told."""
    quarantine = world.quarantine()
    await quarantine.take([candidate(came_from=CameFrom.PROCESS)], WHY)
    world.store._clock.wall = lambda: world.now
    world.store.quarantine = Shelf(world.store._writer, wall=lambda: world.now)
    quarantine = world.quarantine()
    assert await quarantine.expire() == (0, 0)
    world.now += 28 * DAY
    assert await quarantine.expire() == (0, 1)
    assert "1 jobs in quarantine are deleted within 3 days" in caplog.text
    world.now += 2 * DAY
    assert await quarantine.expire() == (1, 0)
    assert await world.places() == {}
    assert [entry.state for entry in await world.store.quarantine.entries()] == [Kept.DROPPED]
    await world.store.prune(world.now + 1)
    assert await world.store.quarantine.entries() == []


async def take(world: World, quarantine: Quarantine) -> None:
    """Two of the retries, one of a process."""
    await quarantine.take([candidate(token="1"), candidate(SECOND, CameFrom.QUEUE, "2"), candidate(b"3", CameFrom.PROCESS, "3")], WHY)


async def release(world: World, quarantine: Quarantine) -> None:
    """All of them."""
    for id_ in (1, 2, 3):
        await quarantine.release(id_, reason="mended", by="ada")


async def drop(world: World, quarantine: Quarantine) -> None:
    """All of them."""
    for id_ in (1, 2, 3):
        await quarantine.drop(id_, reason="enough", by="ada")


async def fill(world: World) -> None:
    """A retry, and a job in a queue."""
    await world.client.zadd("retry", {PAYLOAD: 5.5})
    await world.client.rpush("queue:push", SECOND)


THREE: Final = (PAYLOAD, SECOND, b"3")


@pytest.mark.parametrize("work", [take, release, drop])
@pytest.mark.parametrize("in_dead_set", [False, True])
async def test_a_kill_between_any_two_lines_loses_and_doubles_nothing(world, work, in_dead_set):
    """Before and after each step there is: the next start finishes it, and it is as if nothing had happened."""
    for last in range(200):
        await world.client.flushdb()
        for entry in await world.store.quarantine.entries():
            await world.store._writer.write(
                lambda connection, id_=entry.id: connection.execute("DELETE FROM quarantine WHERE id = ?", (id_,))
            )
        await world.store._writer.write(lambda connection: connection.execute("DELETE FROM sqlite_sequence"))
        await fill(world)
        if work is not take:
            await take(world, world.quarantine(in_dead_set=in_dead_set))
        killed = False
        try:
            await work(world, world.quarantine(steps=Steps(last), in_dead_set=in_dead_set))
        except KilledError:
            killed = True
        await world.quarantine().resume()
        if killed:
            # What whoever asked would do, not having been answered.
            with contextlib.suppress(EditError):
                await work(world, world.quarantine(in_dead_set=in_dead_set))
        places = await world.places()
        dead = {("dead", one): 1 for one in THREE} if in_dead_set else {}
        wanted: dict[Callable[..., Any], dict[tuple[str, bytes], int]] = {
            take: {("store", one): 1 for one in THREE} | dead,
            release: {("retry", PAYLOAD): 1, ("queue", SECOND): 1, ("queue", b"3"): 1},
            drop: {},
        }
        assert places == wanted[work], last
        if not killed:
            assert last > 15
            return
    pytest.fail("it never came to its end")


@pytest.mark.parametrize("work", [take, release, drop])
async def test_an_outage_in_the_middle_is_outlasted(world, work):
    """Redis is gone or takes no writes when it is asked: what was begun stands in the store, and is finished when Redis is back."""
    await fill(world)
    if work is not take:
        await take(world, world.quarantine(in_dead_set=True))
    await world.client.replicaof("127.0.0.1", "1")
    await world.client.config_set("replica-serve-stale-data", "yes")

    with pytest.raises(NotEditedError) as caught:
        await work(world, world.quarantine(in_dead_set=True))
    assert caught.value.code == "readonly"
    with pytest.raises(NotEditedError):
        await world.quarantine().resume()
    await world.client.replicaof("NO", "ONE")

    assert await world.quarantine().resume() == (3 if work is take else 1)
    await work(world, world.quarantine(in_dead_set=True))
    found = await world.places()
    assert sum(found.values()) == {take: 6, release: 3, drop: 0}[work], found
