"""The users in packaging/redis.acl: the follower needs just what they may, and says what it is not allowed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import pytest
from redis.asyncio import Redis

from tests.bench.beats import SimulatedProcess
from tests.service.conftest import RedisServer
from tests.service.users import USERS, guarded
from watchdog.clock import Clock
from watchdog.mastodon.deliveries import Deliveries
from watchdog.mastodon.peers import Peers
from watchdog.model.events import Observed, Paused, SourceLost
from watchdog.model.kinds import Source
from watchdog.model.quarantine import CameFrom
from watchdog.recovery.traces import mend, tidy, tidy_probe
from watchdog.sidekiq.address import parse
from watchdog.sidekiq.connection import connect
from watchdog.sidekiq.edit.agents import Present, announce, see
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.failures import NotEditedError
from watchdog.sidekiq.edit.fenced import fenced
from watchdog.sidekiq.edit.finding import find_job, queues_of
from watchdog.sidekiq.edit.fleet_lock import About, give_back, renew, take
from watchdog.sidekiq.edit.fleet_lock import Taken as FleetLock
from watchdog.sidekiq.edit.lead import Leader, seek
from watchdog.sidekiq.edit.locks import give_back_locks, holder_of
from watchdog.sidekiq.edit.orphans import locked_by, standing
from watchdog.sidekiq.edit.put_back import Done, Place, Token, ToQuarantine, ToQueue, ToRetry, ToSchedule, put_back
from watchdog.sidekiq.edit.take_out import Taken, forget_dead, take_out
from watchdog.sidekiq.fleet_pause import FleetPause, to_pause, to_resume
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.probe import is_announced, read_all_left, read_probes
from watchdog.sidekiq.sentinel import expect_master
from watchdog.sidekiq.tracking import is_on

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
OBSERVE: Final = USERS["watchdog-observe"].split()
COMMANDS: Final = tuple(right.removeprefix("+") for right in OBSERVE if right.startswith("+"))
NOT_SAID: Final = ("client|setname", "client|trackinginfo", "config|get")
"""What the follower does without, and without a word: a courtesy, a check, and what a failed save means."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    """A Redis that has read the file; the first user is on, its password is `secret`."""
    async with guarded(tmp_path) as one:
        yield one


def url_of(server: RedisServer) -> str:
    """The database 2 of that server, for the user."""
    return f"redis://watchdog-observe:secret@127.0.0.1:{server.port}/2"


async def denied(client: Redis) -> set[str]:
    """Which commands the user was refused since it was asked last."""
    refused = {entry["object"] if isinstance(entry["object"], str) else entry["object"].decode() for entry in await client.acl_log()}
    await client.acl_log_reset()
    return refused


async def populate(client: Redis, push: Callable[..., Any]) -> SimulatedProcess:
    """One process that runs a job, a queue, a backlog that is looked into, and a retry."""
    process = SimulatedProcess()
    process.run("t1")
    await process.beat(client)
    await push(client, "Quick", queue="pull")
    await client.sadd("queues", "ingress")
    await client.lpush("queue:ingress", *[b'{"class":"A","args":[]}'] * 500)
    await client.zadd(
        "retry",
        {'{"class":"A","args":[],"queue":"push","jid":"b","error_class":"E","error_message":"","failed_at":1.0,"retry_count":0}': 1},
    )
    return process


async def go_through_everything(server: RedisServer, client: Redis, process: SimulatedProcess, following: Callable[..., Any]) -> None:
    """What a follower does in its life: begin, hear beats, be refused to hear, find that Redis can't save, ask for a master."""
    one = following(url=url_of(server))
    await one.until(lambda: one.said)
    assert one.follower.tracking
    await client.set("sidekiq-watchdog:pause", "deploy", px=60_000)
    await one.until(lambda: any(isinstance(body, Paused) for body in one.said), within=10)
    await client.unlink("sidekiq-watchdog:pause")
    process.jobs.clear()
    await process.beat(client)
    await one.until(lambda: one.readings(process.identity)["busy"] == 0)
    await one.follower.reread(process.identity)
    await one.close()
    wire = await connect(parse(url_of(server)), lambda _: None)
    await read_probes(wire.ask, Keys(), where=wire.where)
    await read_all_left(wire.ask, Keys(), "vm:1:a", where=wire.where)
    await expect_master(wire, wire.where)
    assert await is_on(wire) is False
    wire.close()
    await look_for_deliveries(server)


async def look_for_deliveries(server: RedisServer) -> None:
    """One round of the source that reads Mastodon's records."""
    said: list[Any] = []
    done = asyncio.Event()

    def emit(body: Any) -> None:
        said.append(body)
        done.set()

    source = Deliveries(url=url_of(server), namespace="", peers=Peers(()), clock=Clock(), emit=emit)
    task = asyncio.create_task(source.run())
    await asyncio.wait_for(done.wait(), 10)
    task.cancel()
    await asyncio.wait({task})
    assert isinstance(said[0], Observed)
    assert said[0].complete


async def test_the_user_of_the_file_is_enough_and_no_more(server, following, push, until):
    """Nothing is refused all through a follower's life; each right that it has is one that it uses."""
    client = server.client(db=2)
    process = await populate(client, push)
    await client.config_resetstat()
    await go_through_everything(server, client, process, following)
    assert await denied(client) == set()

    # Without being told, it asks for each beat.
    await client.execute_command("ACL", "SETUSER", "watchdog-observe", "-client|tracking")
    two = following(url=url_of(server))
    await two.until(lambda: two.said)
    assert not two.follower.tracking
    process.run("t2")
    await process.beat(client)
    await two.until(lambda: two.readings(process.identity)["busy"] == 1)
    assert await denied(client) == {"client|tracking"}
    await client.execute_command("ACL", "SETUSER", "watchdog-observe", "+client|tracking")
    await two.close()

    # A folder that is no more: nothing can be saved.
    gone = server.folder / "gone"
    gone.mkdir()
    await client.config_set("dir", str(gone))
    gone.rmdir()
    await client.bgsave()
    await until(lambda: _failed(client), what="a save that failed")
    three = following(url=url_of(server))
    await three.until(lambda: three.said)
    await until(lambda: _asked(client, "lrange"), what="a look into the backlog")
    used = {name.removeprefix("cmdstat_") for name in await client.info("commandstats")}
    assert set(COMMANDS) <= used
    assert await denied(client) == set()


async def _asked(client: Redis, command: str) -> bool:
    return f"cmdstat_{command}" in await client.info("commandstats")


async def _failed(client: Redis) -> bool:
    return bool((await client.info("persistence"))["rdb_last_bgsave_status"] == "err")


async def test_a_right_that_is_missing_is_noticed(server, following, push, caplog, until):
    """Take any one away, and the follower can't read, or says what it does without it."""
    client = server.client(db=2)
    await populate(client, push)
    for command in COMMANDS:
        if command in ("role", "hget", "scan", *NOT_SAID):
            continue  # of Mastodon's records alone (test_deliveries), and asked only of a master that Sentinel named, and where nothing is told: below
        caplog.clear()
        await client.execute_command("ACL", "SETUSER", "watchdog-observe", f"-{command}")
        one = following(url=url_of(server))
        await until(lambda one=one, command=command: is_noticed(one, command, caplog), what=f"a word on {command}")
        await one.close()
        await client.execute_command("ACL", "SETUSER", "watchdog-observe", f"+{command}")


def is_noticed(one: Any, command: str, caplog: pytest.LogCaptureFixture) -> bool:
    """Redis is lost for want of a right, or the log names the command that was refused."""
    lost = any(isinstance(body, SourceLost) and body.code == "noperm" for body in one.said)
    return lost or any(command in record.getMessage() for record in caplog.records)


async def test_rights_for_what_is_seldom_asked(server, following, push):
    """Where Redis tells nothing, and where Sentinel named the server, a missing right is a failure as well."""
    client = server.client(db=2)
    await populate(client, push)
    await client.execute_command("ACL", "SETUSER", "watchdog-observe", "-role", "-hget", "-client|tracking")
    wire = await connect(parse(url_of(server)), lambda _: None)
    with pytest.raises(Exception, match="may not read"):
        await expect_master(wire, wire.where)
    wire.close()
    one = following(url=url_of(server))
    await one.until(lambda: any(isinstance(body, SourceLost) for body in one.said))
    (lost,) = (body for body in one.said if isinstance(body, SourceLost))
    assert (lost.source, lost.code) == (Source.REDIS, "noperm")


ABOUT: Final = About(token="t", subject="1.0", host="vm", action="recover_process", target="vm/app[push]")
LEADER: Final = Leader("t", "vm")
ACT: Final = USERS["watchdog-act"].split()
MOVING: Final = tuple(right.removeprefix("+") for right in ACT if right.startswith("+") and right not in OBSERVE)
"""What the second user may and the first may not."""


def test_the_second_user_has_the_rights_of_the_first():
    """And those to move jobs: never one to remove everything, to change settings, or to read what others send."""
    assert set(OBSERVE) < set(ACT)
    assert not set(MOVING) & {
        "eval",
        "del",
        "flushdb",
        "flushall",
        "ltrim",
        "zremrangebyscore",
        "zremrangebyrank",
        "rename",
        "keys",
        "config|set",
    }
    assert all("off" in user.split()[:1] and "-@all" in user for user in USERS.values())


async def test_the_second_user_is_enough_and_no_more(server):
    """Nothing is refused while jobs are put back, taken, released and dropped in every way there is; each right is one that is used for it."""
    client = server.client(db=2)
    await client.execute_command("ACL", "SETUSER", "watchdog-act", "on", ">secret")
    edits = Edits(url=f"redis://watchdog-act:secret@127.0.0.1:{server.port}/2", keys=Keys())
    await client.config_resetstat()
    await client.sadd("processes", "vm:1:a")
    await client.hset("vm:1:a:work", "t", "{}")
    await client.lpush("queue:push", "other")
    now = (await client.time())[0]
    await client.zadd("retry", {"other": now + 18})
    places: tuple[Place, ...] = (ToQueue(), ToRetry(1000), ToSchedule(1000))
    for number, place in enumerate(places):
        payload = b'{"jid":"%d"}' % number
        put = await put_back(edits, token=Token("i", str(number)), payload=payload, queue="push", place=place, lost_by="vm:2:b")
        assert put == Done()
    for number, came_from in enumerate((CameFrom.QUEUE, CameFrom.RETRY, CameFrom.SCHEDULE, CameFrom.PROCESS)):
        payload = b'{"jid":"%d"}' % number
        assert isinstance(
            await take_out(edits, token=f"t{number}", payload=payload, came_from=came_from, queue="push", in_dead_set_at=1000), Taken
        )
    await client.hset("uniquejobs:x:LOCKED", "0", "1.0")
    assert await holder_of(edits, ("uniquejobs:x",)) == "0"
    assert (await locked_by(edits, ["0", "1"], {"0": ("uniquejobs:x",)})).locks == {"0": ("uniquejobs:x",)}
    assert await standing(edits, ["never"], but="vm:1:a") == (frozenset(), "")
    assert await give_back_locks(edits, jid="0", locks=("uniquejobs:x",)) == 1
    released = await put_back(edits, token=Token("r", "0"), payload=b'{"jid":"0"}', queue="push", place=ToQueue(), leaves_dead_set=True)
    assert released == Done()
    assert await forget_dead(edits, b'{"jid":"1"}')
    assert (await find_job(edits, "1", queues=await queues_of(edits))).fit == 0
    await client.rpush("sidekiq-watchdog:fetch:vm:2:b:push", '{"jid":"8"}', '{"jid":"9"}')
    back = await put_back(
        edits, token=Token("l", "8"), payload=b'{"jid":"8"}', queue="push", place=ToQueue(), lost_by="vm:2:b", in_list=True
    )
    taken = await put_back(
        edits, token=Token("l", "9"), payload=b'{"jid":"9"}', queue="push", place=ToQuarantine(), lost_by="vm:2:b", in_list=True
    )
    assert (back, taken) == (Done(), Done())
    await client.sadd("sidekiq-watchdog:probes", "vm:2:b")
    assert (await read_all_left(edits.ask, edits.keys, "vm:2:b", where=edits.where)).is_empty
    assert await is_announced(edits.ask, edits.keys, "vm:2:b", where=edits.where)
    assert await edits.ask([to_pause(edits.keys.pause, FleetPause("ada", "deploy"), lasts=60_000)]) == [b"OK"]
    assert await edits.ask([to_resume(edits.keys.pause)]) == [1]
    await mend(edits)
    await tidy(edits, "vm:1:a")
    await tidy_probe(edits, "vm:2:b", cared_for=())
    assert await client.keys("sidekiq-watchdog:probe*") == []
    lock = await take(edits, ABOUT, limit=1, window=1_000, again=False)
    assert isinstance(lock, FleetLock)
    assert await renew(edits, lock.fence)
    assert await put_back(fenced(edits, lock.fence), token=Token("f", "7"), payload=b'{"jid":"7"}', queue="push", place=ToQueue()) == Done()
    await announce(edits, Present(host="vm"), gone=("old",))
    assert await seek(edits, LEADER) == LEADER
    seen = await see(edits.ask, edits.keys, where=edits.where)
    assert (seen.agents, seen.lock is not None, seen.lead) == ((Present(host="vm"),), True, LEADER)
    assert await give_back(edits, lock.fence, used=False)
    edits.close()

    used = {name.removeprefix("cmdstat_") for name in await client.info("commandstats")}
    assert await denied(client) == set()
    assert set(MOVING) <= used


async def test_the_first_user_sees_who_is_there_and_says_nothing(server):
    """It may read who acts, who leads and who is there; to take the lock, to lead or to announce itself it has no right, and is told so."""
    client = server.client(db=2)
    edits = Edits(url=url_of(server), keys=Keys())
    await client.sadd("sidekiq-watchdog:agents", "vm")
    await client.set("sidekiq-watchdog:agent:vm", '{"host":"vm","mode":"act"}')
    await client.set("sidekiq-watchdog:lead", '{"token":"t","host":"vm"}')
    seen = await see(edits.ask, edits.keys, where=edits.where)
    assert (seen.agents, seen.lead) == ((Present(host="vm", mode="act"),), LEADER)
    for wish in (announce(edits, Present(host="web1")), take(edits, ABOUT, limit=1, window=1_000, again=False), seek(edits, LEADER)):
        with pytest.raises(NotEditedError) as refusal:
            await wish
        assert refusal.value.code == "noperm"
    edits.close()


async def test_the_second_user_can_be_read(server):
    """Redis knows every command of it."""
    user = await server.client().acl_getuser("watchdog-act")
    assert user is not None
    assert "off" in user["flags"]
