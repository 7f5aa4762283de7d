"""
Recoveries with nothing but real parts: of every job that was pushed it is known where it is afterwards.

Each is a story of a minute, most of it waiting for beats; so they are all told at the same time, each in a room of its own, and the tests ask how they ended.
"""

import asyncio
import contextlib
import json
import re
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import orjson
import pytest
from jsonschema import Draft202012Validator

from tests.patience import PATIENCE
from tests.service.agent import AgentProcess, write_config, write_recovery
from tests.service.conftest import RedisServer, SidekiqFactory, SidekiqProcess, _eventually, push_job
from tests.service.gem_stand_ins import UniqueJobsStandIn
from tests.service.reports import spine
from tests.service.whereabouts import running, runs, stored
from watchdog.picture.schema import status_schema

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(300)]
KILLED = -signal.SIGKILL


class Room:
    """A Redis, a client of it, Sidekiqs and agents of one story alone."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.server = RedisServer(folder)
        self.sidekiq = SidekiqFactory(self.server, folder)
        self._agents = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.server.start()
        self.client: Any = self.server.client()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._agents.aclose()
        for process in self.sidekiq.started:
            await process.kill()
        await self.server.close()

    async def agent(self, config: Path, **env: str) -> AgentProcess:
        """One that runs, until the story is over."""
        agent = AgentProcess(config, env=env)
        self._agents.push_async_callback(agent.aclose)
        return await agent.start()


Story = Callable[[Room], Awaitable[None]]
STORIES: dict[str, Story] = {}


def story(told: Story) -> Story:
    """One more."""
    STORIES[told.__name__] = told
    return told


def config_in(folder: Path, url: str, *, log: Path | None = None, **rules: str) -> Path:
    """A config whose rules recover; `log` is the file into which the victim writes."""
    config = write_recovery(write_config(folder, url=url), **rules)
    with config.open("a") as text:
        text.write("log: {journal: false}\n" if log is None else f"log: {{journal: false, files: {{any: {log}}}}}\n")
    return config


async def _shows(client: Any, victim: SidekiqProcess, jids: set[str]) -> bool:
    return await running(client, [victim.identity]) == jids


async def _are_done(victim: SidekiqProcess, jids: set[str]) -> bool:
    return jids <= set(runs([victim.log], "done"))


async def _began(victim: SidekiqProcess, jid: str) -> bool:
    return jid in runs([victim.log], "start")


async def _is_empty(client: Any, key: str) -> bool:
    return not await client.smembers(key)


async def _is_taken_from_among_its_neighbours(room: Room, poison: str) -> AgentProcess:
    """The stuck one waits for its second chance, the long one is next to run, those that end in time have ended, and what waits is untouched."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=4)
    stuck, long = await push_job(client, poison), await push_job(client, "Sleep", [600])
    waiting = [await push_job(client, "Quick", queue="other")]
    sign = room.folder / "go"
    short = [await push_job(client, "WaitForFile", [str(sign)]) for _ in range(2)]
    agent = await room.agent(config_in(room.folder, room.server.url, where=f'job.class == "{poison}"'))
    await agent.wait_for("outcome: .*stage='two beats'.*outcome='drain'")
    sign.touch()

    assert await agent.sees_off(victim, 90) == KILLED
    await agent.wait_for("outcome: .*stage='put_back'.*outcome='2 done'")
    done, places = runs([victim.log], "done"), await stored(client)
    assert set(done) == set(short)
    assert places == {stuck: ["retry"], long: ["queue"], waiting[0]: ["queue"]}
    await _eventually(lambda: _is_empty(client, "processes"), within=PATIENCE, what=lambda: "the dead one to be taken off the list")

    successor = await room.sidekiq.start(("push",), concurrency=4)
    await agent.wait_for("incident: .*outcome='ended'", within=70)
    rows = await agent.audit(lambda row: row["kind"] == "incident")
    assert (
        "2 finished by themselves; 1 put back into its queue (1 from work hash); 1 put into the retry set (1 from work hash)"
        in rows[-1]["reason"]
    )
    await _eventually(lambda: _began(successor, long), within=PATIENCE, what=lambda: "what came back to be run")
    return agent


@story
async def a_job_that_sleeps_for_ever(room: Room) -> None:
    """TERM would interrupt it, and hand it on. The incident can be told as a report, which says what became of each job and nothing of what they were told to do."""
    agent = await _is_taken_from_among_its_neighbours(room, "SleepForever")
    incident = (await agent.audit(lambda row: row["kind"] == "incident" and row["outcome"] == "ended"))[-1]["incident"]
    status, report = await agent.ask("incidents", "show", incident, "--markdown")
    assert status == 0, report
    assert spine(report) == (Path(__file__).parent / "golden" / "recovery.md").read_text(), report
    assert "- Jobs: 4 in flight: 2 finished by themselves; 2 put back." in report
    assert str(room.folder / "go") not in report
    status, listed = await agent.ask("incidents", "--json")
    assert (incident, "ended") in [(one["id"], one["outcome"]) for one in map(json.loads, listed.splitlines())]
    _, seen = await agent.ask("status", "--json")
    assert [str(error) for error in Draft202012Validator(status_schema()).iter_errors(json.loads(seen))] == []


@story
async def a_job_that_rescues_every_exception(room: Room) -> None:
    """TERM would not even interrupt it."""
    await _is_taken_from_among_its_neighbours(room, "RescueAll")


@story
async def caught_again_it_goes_into_quarantine(room: Room) -> None:
    """The job wedges its second process as well: it is taken out of the way, kept whole, and whoever comes third works on."""
    client = room.client
    agent = await room.agent(config_in(room.folder, room.server.url))
    victim = await room.sidekiq.start(("push",), concurrency=2)
    poison = await push_job(client, "SleepForever", ["private"])
    assert await agent.sees_off(victim, 60) == KILLED
    await agent.wait_for("outcome: .*stage='put_back'.*outcome='1 done'")
    # Minutes pass: the poller would do just this.
    (payload,) = await client.zrange("retry", 0, -1)
    await client.zrem("retry", payload)
    await client.lpush("queue:push", payload)
    second = await room.sidekiq.start(("push",), concurrency=2)
    assert await agent.sees_off(second, 90) == KILLED
    await agent.wait_for("intent: .*stage='put_back'.*strike 2 of 2")
    third = await room.sidekiq.start(("push",), concurrency=2)
    quick = await push_job(client, "Quick")
    await agent.wait_for("incident: .*outcome='ended'.*1 put into quarantine", within=70)

    assert await stored(client, room.folder / "state") == {poison: ["quarantine"]}
    await _eventually(lambda: _are_done(third, {quick}), within=PATIENCE, what=lambda: "the third to work on")
    assert "private" not in "\n".join(agent.lines)


@story
async def the_locks_of_jobs_that_are_not_put_back_are_given_back(room: Room) -> None:
    """Nothing is to be put back: the locks of what was lost go with it, said and counted, and the next job with these arguments is not dropped; one that is held by another stays. The agent is killed in between."""
    client, gem = room.client, UniqueJobsStandIn(room.client)
    victim = await room.sidekiq.start(("push",), concurrency=2)
    pushed = [await gem.push(job_class, [], time.time()) or b"" for job_class in ("SleepForever", "Sleep", "Quick")]
    assert await gem.boot(time.time())
    await client.sadd("queues", "push")
    await client.lpush("queue:push", *[payload.replace(b'"args":[]', b'"args":[600]') for payload in pushed[:2]])
    config = config_in(room.folder, room.server.url, rescue="none", drain="5s")
    rules = config.parent / "rules.yml"
    rules.write_text(rules.read_text().replace("rescue: none", "rescue: none, unique_locks: release"))
    mortal = await room.agent(config, DIE_AT="LookAfterLocks:2:after")

    assert await mortal.sees_off(victim, 90) == KILLED
    await mortal.wait_for("outcome: .*stage='put_back'.*outcome='nothing'")
    assert not await client.exists("uniquejobs:reaper"), "its successor would leave the locks to the dead one"
    await mortal.wait_for("outcome: .*stage='locks'.*outcome='2 orphaned'")
    assert await mortal.wait_exit() == KILLED
    agent = await room.agent(config)
    await agent.wait_for("outcome: .*stage='unlock'.*outcome='2 released'")
    assert await client.zrange("uniquejobs:digests", 0, -1) == [orjson.loads(pushed[2])["lock_digest"].encode()]
    assert await gem.push("SleepForever", [], time.time())
    await agent.wait_for(r"incident: .*outcome='ended'.*2 unique-job locks \(1 Sleep, 1 SleepForever\)", within=90)


@story
async def a_process_that_gives_everything_back_is_left_to_do_so(room: Room) -> None:
    """Somebody else ends it in the middle of the recovery: Sidekiq has pushed its jobs back itself, and nothing is there twice."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=2, timeout=4)
    poison = await push_job(client, "SleepForever")
    agent = await room.agent(
        config_in(room.folder, room.server.url, drain="60s", where='job.class == "SleepForever" and job.queue == "push"')
    )
    long = await push_job(client, "Sleep", [600])
    await agent.wait_for("outcome: .*stage='two beats'", within=60)
    victim.signal(signal.SIGTERM)
    assert await victim.wait_exit() == 0
    await agent.wait_for("outcome: .*stage='reckon'.*it has given everything back")

    assert await stored(client) == {poison: ["queue"], long: ["queue"]}


@story
async def a_stopped_process_is_woken_and_that_is_all(room: Room) -> None:
    """SIGSTOPped for more than a minute: it is woken, its jobs end, and since it beats again nothing more is done to it."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=3)
    agent = await room.agent(config_in(room.folder, room.server.url, where='job.class == "Nobody"'))
    short = [await push_job(client, "Sleep", [30]) for _ in range(2)]
    await _eventually(lambda: _shows(client, victim, set(short)), within=PATIENCE, what=lambda: "both in one beat")
    victim.signal(signal.SIGSTOP)
    await agent.wait_for("outcome: .*stage='CONT'.*outcome='sent'", within=100)
    # Its own poller, woken as well, can find that its beat has expired and take it off the list of processes, where it stands again a beat later.
    await agent.wait_for("incident: .*outcome='abandoned'.*(the condition no longer holds|it has stopped by itself)", within=60)

    assert victim.alive
    assert set(runs([victim.log], "done")) == set(short)
    assert "Received TSTP" not in victim.log.read_text()
    assert await stored(client) == {}


@story
async def a_frozen_process_is_killed_and_its_jobs_come_back_one_by_one(room: Room) -> None:
    """Ruby's lock held in native code: what stood in its last beat comes back through the retries, spread out; what nobody can name is counted."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=3)
    agent = await room.agent(config_in(room.folder, room.server.url, where='job.class == "Nobody"', rescue="likely"))
    seen = [await push_job(client, "Sleep", [300]), await push_job(client, "Sleep", [301])]
    await _eventually(lambda: _shows(client, victim, set(seen)), within=PATIENCE, what=lambda: "both in one beat")
    await push_job(client, "Freeze", [600])
    assert await agent.sees_off(victim, 150) == KILLED
    await agent.wait_for("outcome: .*stage='put_back'")

    places = await stored(client)
    assert {jid: places.get(jid) for jid in seen} == {jid: ["retry"] for jid in seen}
    scores = sorted([score for _, score in await client.zrange("retry", 0, -1, withscores=True)])
    assert 29 < scores[1] - scores[0] < 31


@story
async def bytes_that_are_not_utf_8_stop_the_heart(room: Room) -> None:
    """Sidekiq can't write such a job into its work hash, and beats no more while it runs. Its thread that beats moves, so nothing is done to it; the job is none of the agent's to lose."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=2)
    agent = await room.agent(config_in(room.folder, room.server.url, where='job.class == "Nobody"'))
    await client.lpush("queue:push", b'{"class":"SleepForever","args":["\xff\xfe"],"jid":"%s","queue":"push","retry":true}' % (b"a" * 24))
    await agent.wait_for("incident: .*outcome='abandoned'.*a job that is not UTF-8", within=150)

    assert victim.alive
    assert "malformed utf-8" in victim.log.read_text()
    assert "Received TSTP" not in victim.log.read_text()
    assert "fffe" not in "".join(agent.lines)


async def a_job_that_froze_its_process_alone_is_taken_out_at_once(room: Room) -> None:
    """The log proves that no other had begun, so it is the one, whatever idle threads may have taken. A process in which nothing moves is sent no signal but SIGKILL."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=3)
    agent = await room.agent(config_in(room.folder, room.server.url, log=victim.log, where='job.class == "Nobody"'))
    quick = {await push_job(client, "Quick") for _ in range(2)}
    await _eventually(lambda: _are_done(victim, quick), within=PATIENCE, what=lambda: "both done")
    freezing = await push_job(client, "FreezeLater", [7, 600])
    await _eventually(lambda: _shows(client, victim, {freezing}), within=PATIENCE, what=lambda: "it in a beat")
    assert await agent.sees_off(victim, 150) == KILLED
    line = await agent.wait_for("outcome: .*stage='evidence'")
    await agent.wait_for("outcome: .*stage='put_back'")

    assert (
        f"FreezeLater {freezing} is suspected (proven): nothing moves in the process, and the log proves that no other job had begun"
        in line
    )
    assert "thread_dump refused, log kept, proc kept, redis kept" in line
    assert "Thread TID" not in victim.log.read_text()
    assert await stored(client, room.folder / "state") == {freezing: ["quarantine"]}


@story
async def redis_that_takes_nothing_keeps_the_process_alive(room: Room) -> None:
    """It becomes a replica when the process is already quiet: nothing is ended until it can be written again, and then nothing is lost."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=2)
    long = await push_job(client, "Sleep", [600])
    poison = await push_job(client, "SleepForever")
    agent = await room.agent(config_in(room.folder, room.server.url, drain="8s"))
    await agent.wait_for("outcome: .*stage='two beats'", within=60)
    await client.config_set("min-replicas-to-write", 1)
    await agent.wait_for("incident: .*stage='record'.*outcome='held'", within=60)
    assert victim.alive
    await client.config_set("min-replicas-to-write", 0)
    assert await agent.sees_off(victim, 60) == KILLED
    await agent.wait_for("outcome: .*stage='put_back'.*outcome='2 done'")

    assert await stored(client) == {poison: ["retry"], long: ["queue"]}


@story
async def the_evidence_names_the_job_that_computes(room: Room) -> None:
    """Of one that spins and two that sleep, before anything is done: by what its thread uses, and where two dumps show it. Nothing that it was told stands anywhere."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=4)
    sleeping = [await push_job(client, "Sleep", [600]) for _ in range(2)]
    spinning = await push_job(client, "Spin", ["private"])
    agent = await room.agent(config_in(room.folder, room.server.url, log=victim.log, where='job.class == "Spin"'))
    line = await agent.wait_for("outcome: .*stage='evidence'", within=60)
    number = re.search(r"incident='([^']+)'", line)
    assert number is not None, line
    status, output = await agent.ask("evidence", number[1], "--json")
    assert status == 0, output
    kept = json.loads(output)
    dumps, threads = kept["evidence"]["thread_dump"]["dumps"], kept["evidence"]["proc"]["threads"]

    assert {piece["kind"]: piece["came"] for piece in kept["pieces"]} == dict.fromkeys(("thread_dump", "log", "proc", "redis"), "kept"), (
        kept
    )
    assert [(one["class"], one["jid"]) for one in kept["suspects"]] == [("Spin", spinning)], kept
    assert kept["suspects"][0]["certainty"] in ("proven", "likely"), kept
    assert f"Spin {spinning} is suspected" in line
    # On a busy machine it gets so little of a core that only the dump tells it from those that wait.
    assert re.search(
        "its thread is the only one (that computes|of a job that did not wait)|this job is the only one that does not wait", line
    ), line
    assert {job["jid"] for job in kept["evidence"]["redis"]["jobs"]} >= {spinning, *sleeping}
    assert len(dumps[0]["threads"]) == sum(thread["kind"] != "other" for thread in threads)
    assert max(threads, key=lambda thread: thread["used"] or 0)["kind"] == "processor"
    assert (await agent.ask("evidence", "list"))[1].count(spinning) == 1
    assert "private" not in output + "\n".join(agent.lines)


@story
async def a_job_that_must_not_be_interrupted_is_waited_for(room: Room) -> None:
    """Put under veto when the process is quiet already: beyond `drain` it is waited for, nothing is sent meanwhile, and when it has ended the stuck one is dealt with."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=3)
    sign = room.folder / "go"
    poison, block = await push_job(client, "SleepForever"), await push_job(client, "WaitForFile", [str(sign)])
    config = config_in(room.folder, room.server.url, drain="3s", where='job.class == "SleepForever"')
    agent = await room.agent(config)
    await agent.wait_for("outcome: .*stage='TSTP'.*outcome='sent'", within=60)
    with config.open("a") as text:
        text.write("adjust: {stuck-job: {guards: {veto: [WaitForFile]}}}\n")
    agent.signal(signal.SIGHUP)
    await agent.wait_for("outcome: .*stage='drain'.*outcome='left'", within=60)
    assert await _shows(client, victim, {poison, block})
    sign.touch()
    await agent.wait_for("outcome: .*stage='longer'.*outcome='record'", within=90)

    assert await agent.sees_off(victim, 60) == KILLED
    await agent.wait_for("outcome: .*stage='put_back'.*outcome='1 done'")
    assert set(runs([victim.log], "done")) == {block}
    assert await stored(client) == {poison: ["retry"]}


@pytest.fixture(scope="module")
def ends(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, BaseException | None]:
    """Name of each story that is asked for → what went wrong in it."""
    wanted = [name for name in STORIES if any(item.name == f"test_a_recovery[{name}]" for item in request.session.items)]
    folder = tmp_path_factory.mktemp("recoveries")

    async def tell(number: int, name: str) -> None:
        # The path of a unix socket has no room for the name.
        async with Room(folder / str(number)) as room:
            await STORIES[name](room)

    async def tell_all() -> list[BaseException | None]:
        return await asyncio.gather(*(tell(number, name) for number, name in enumerate(wanted)), return_exceptions=True)

    return dict(zip(wanted, asyncio.run(tell_all()), strict=True))


@pytest.mark.parametrize("name", STORIES)
def test_a_recovery(ends, name):
    """What each story says; see there."""
    if (error := ends[name]) is not None:
        raise error
