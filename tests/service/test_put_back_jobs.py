"""
Sidekiqs that end by another hand than the agent's, with nothing but real parts: what they held runs again, once.

All stories are told at the same time, each in a room of its own, and the tests ask how they ended.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest

from tests.patience import PATIENCE
from tests.service.agent import AgentProcess, write_config
from tests.service.conftest import SidekiqProcess, _eventually, push_job
from tests.service.test_recover import Room
from tests.service.whereabouts import running, runs, stored
from watchdog.engine import ledger as ledgers
from watchdog.store.opening import DATABASE, connect

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(300)]
KILLED: Final = -signal.SIGKILL
RULES: Final = """\
rules:
  - rule: ended-elsewhere
    each: process
    on: {change}
    then:
      - put_back_jobs: {{process: process}}
    notify: [ops]
"""
STEPS: Final = ("GatherInFlight:1", "flight:1", "PutBack:1", "place:1", "place:2")
POINTS: Final = tuple(f"{step}:{when}" for step in STEPS for when in ("before", "after"))
"""Every command and every piece of one putting back; `make trial ARGS=put_back_crashes` goes through all of them and the transactions between them."""
WORST: Final = ("flight:1:before", "flight:1:after", "PutBack:1:before", "place:1:after", "PutBack:1:after")
Story = Callable[[Room], Awaitable[None]]
STORIES: dict[str, Story] = {}


def story(told: Story) -> Story:
    """One more."""
    STORIES[told.__name__] = told
    return told


def config_in(room: Room, *, log: Path | None = None, change: str = "ProcessCrashed") -> Path:
    """A config whose rule waits for that change; `log` is the file into which the victim writes."""
    config = write_config(room.folder, url=room.server.url)
    (room.folder / "rules.yml").write_text(RULES.format(change=change))
    with config.open("a") as text:
        text.write("log: {journal: false}\n" if log is None else f"log: {{journal: false, files: {{any: {log}}}}}\n")
    return config


async def busy(room: Room, *, queues: tuple[str, ...] = ("push",)) -> tuple[SidekiqProcess, list[str]]:
    """A Sidekiq that has said in a beat that it runs two jobs, and their jids; in its log a short one has begun and ended, or that would prove nothing."""
    victim = await room.sidekiq.start(queues, concurrency=2)
    short = await push_job(room.client, "Quick")

    async def has_ended() -> bool:
        return short in runs([victim.log], "done")

    await _eventually(has_ended, within=PATIENCE, what=victim.log.read_text)
    jids = [await push_job(room.client, "Sleep", [600]), await push_job(room.client, "Sleep", [601])]

    async def shows() -> bool:
        return await running(room.client, [victim.identity]) == set(jids)

    await _eventually(shows, within=PATIENCE, what=lambda: "both in one beat")
    return victim, jids


async def knows(agent: AgentProcess, victim: SidekiqProcess) -> None:
    """The agent has found it among the processes of this host, and will still know it when it is started again."""
    await agent.wait_for(f"{victim.identity} is process {victim.pid} of this host")
    connection = connect(agent.config.parent / "state" / DATABASE)

    async def remembers() -> bool:
        ((ledger,),) = connection.execute("SELECT body FROM ledger").fetchall() or [(b"{}",)]
        return victim.identity in ledgers.decode(ledger).here

    try:
        await _eventually(remembers, within=PATIENCE, what=lambda: "\n".join(agent.lines))
    finally:
        connection.close()


@story
async def killed_from_outside_its_jobs_are_the_next_to_run(room: Room) -> None:
    """Somebody's `kill -9`: its log proves what ran; the successor runs it, before what waits, and once."""
    victim, jids = await busy(room)
    agent = await room.agent(config_in(room, log=victim.log))
    await knows(agent, victim)
    waiting = await push_job(room.client, "Quick")
    victim.signal(signal.SIGKILL)
    await agent.wait_for("incident: .*outcome='ended'.*2 put back into its queue")
    assert await stored(room.client) == {jid: ["queue"] for jid in (*jids, waiting)}
    successor = await room.sidekiq.start(concurrency=2)

    async def both_run() -> bool:
        return set(runs([successor.log], "start")) == set(jids)

    await _eventually(both_run, within=PATIENCE, what=successor.log.read_text)
    assert await stored(room.client) == {waiting: ["queue"]}


@story
async def killed_while_the_agent_was_away(room: Room) -> None:
    """Agent and Sidekiq are killed, the agent is started again: it tells the end that nobody saw, and puts back; a third start finds nothing to do."""
    victim, jids = await busy(room)
    config = config_in(room, log=victim.log)
    agent = await room.agent(config)
    await knows(agent, victim)
    await agent.aclose()
    victim.signal(signal.SIGKILL)
    assert await victim.wait_exit() == KILLED
    second = await room.agent(config)
    await second.wait_for(f"{victim.identity} ended while nobody looked")
    await second.wait_for("incident: .*outcome='ended'.*2 put back into its queue")
    await second.aclose()
    third = await room.agent(config)
    await third.wait_for("outcome='rules in force'")

    assert await stored(room.client) == {jid: ["queue"] for jid in jids}
    rows = await third.audit(lambda row: row["kind"] == "incident" and row["outcome"] == "opened")
    assert len(rows) == 1


@story
async def a_clean_stop_leaves_nothing_to_put_back(room: Room) -> None:
    """SIGTERM by somebody: Sidekiq gives its jobs back itself; that is said, and nothing is there twice."""
    victim = await room.sidekiq.start(concurrency=2, timeout=2)
    jid = await push_job(room.client, "Sleep", [600])
    agent = await room.agent(config_in(room, change="ProcessVanished"))
    await knows(agent, victim)

    async def shows() -> bool:
        return await running(room.client, [victim.identity]) == {jid}

    await _eventually(shows, within=PATIENCE, what=lambda: "a beat with the job")
    victim.signal(signal.SIGTERM)
    assert await victim.wait_exit() == 0
    await agent.wait_for("incident: .*outcome='ended'.*stopped in good order")

    assert await stored(room.client) == {jid: ["queue"]}


@story
async def a_redis_that_takes_nothing_is_waited_for(room: Room) -> None:
    """A replica that nobody follows, then one whose memory is full, and an agent that is killed meanwhile: what was found is kept, and put back as soon as it can be."""
    victim, jids = await busy(room)
    config = config_in(room, log=victim.log)
    agent = await room.agent(config)
    await knows(agent, victim)
    await room.client.config_set("min-replicas-to-write", 1)
    victim.signal(signal.SIGKILL)
    await agent.wait_for("incident: .*stage='put_back'.*outcome='held'")
    await agent.aclose()
    await room.client.config_set("min-replicas-to-write", 0)
    await room.client.delete(victim.identity, f"{victim.identity}:work")
    await room.client.config_set("maxmemory", 1)
    second = await room.agent(config)
    await second.wait_for("incident: .*stage='put_back'.*outcome='held'.*memory")
    assert await stored(room.client) == {}
    await room.client.config_set("maxmemory", 0)
    await second.wait_for("outcome: .*stage='put_back'.*outcome='2 done'")

    assert await stored(room.client) == {jid: ["queue"] for jid in jids}


@pytest.fixture(scope="module")
def ends(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, BaseException | None]:
    """Name of each story, and point at which an agent is killed, that is asked for → what went wrong in it."""
    wanted = [name for name in (*STORIES, *WORST) if any(item.name.endswith(f"[{name}]") for item in request.session.items)]
    folder = tmp_path_factory.mktemp("ends")

    async def tell(number: int, name: str) -> None:
        # The path of a unix socket has no room for the name.
        if name in STORIES:
            async with Room(folder / str(number)) as room:
                await STORIES[name](room)
        else:
            await put_back_at(name, folder / str(number))

    async def tell_all() -> list[BaseException | None]:
        return await asyncio.gather(*(tell(number, name) for number, name in enumerate(wanted)), return_exceptions=True)

    return dict(zip(wanted, asyncio.run(tell_all()), strict=True))


@pytest.mark.parametrize("name", STORIES)
def test_an_end_by_another_hand(ends, name):
    """What each story says; see there."""
    if (error := ends[name]) is not None:
        raise error


@pytest.mark.parametrize("point", WORST)
def test_killed_while_it_puts_back(ends, point):
    """An agent that is killed there and started again brings each job back once."""
    if (error := ends[point]) is not None:
        raise error


async def put_back_at(point: str, folder: Path) -> None:
    """One Sidekiq that is killed, with its agent killed at that point; raises `AssertionError` where a job is not where it belongs."""
    async with Room(folder) as room:
        victim, jids = await busy(room)
        config = config_in(room, log=victim.log)
        mortal = AgentProcess(config, env={"DIE_AT": point})
        try:
            await mortal.start()
            await knows(mortal, victim)
            victim.signal(signal.SIGKILL)
            await mortal.wait_exit(60)
        finally:
            await mortal.aclose()
        successor = await room.agent(config)
        if not await successor.audit(lambda row: row["kind"] == "incident" and row["outcome"] == "ended"):
            await successor.wait_for("incident: .*outcome='ended'")
        rows = await successor.audit()

        assert await stored(room.client) == {jid: ["queue"] for jid in jids}, point
        assert await running(room.client, [victim.identity]) == set(), point
        assert len({row["incident"] for row in rows if row["kind"] == "intent"}) == 1, point
        assert (await successor.ask("audit", "--verify"))[0] == 0
