"""
Recoveries during which somebody else is at work: a second agent, another host, an operator, an opened Busy page, a Redis that is gone or full.

Told as those in `test_recover`, all at the same time: no job is rescued twice, and none is not.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.patience import PATIENCE
from tests.service.agent import AgentProcess
from tests.service.conftest import APP, Served, _die_with_parent, _eventually, push_job
from tests.service.other_host import OtherHost
from tests.service.test_recover import KILLED, Room, config_in
from tests.service.whereabouts import running, runs, stored

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(300)]
RESTARTS: Final = 3
AT_ONCE: Final = 2
"""So many agents start at a time: a dozen at once would be late."""


class Company(Room):
    """A room in which agents start one after the other; whoever starts, in whatever room, is in `turns`."""

    def __init__(self, folder: Path, turns: asyncio.Semaphore) -> None:
        super().__init__(folder)
        self._turns = turns

    async def begin(self, agent: AgentProcess) -> AgentProcess:
        """Start it when its turn has come."""
        async with self._turns:
            return await agent.start()

    async def agent(self, config: Path, **env: str) -> AgentProcess:
        """As in any room."""
        agent = AgentProcess(config, env=env)
        self._agents.push_async_callback(agent.aclose)
        return await self.begin(agent)


Story = Callable[[Company], Awaitable[None]]
STORIES: Final[dict[str, Story]] = {}


def story(told: Story) -> Story:
    """One more."""
    STORIES[told.__name__] = told
    return told


def config_of(room: Company, name: str, *, drain: str, url: str = "") -> Path:
    """The config of one of several agents, in a folder of its own."""
    folder = room.folder / name
    folder.mkdir()
    return config_in(folder, url or room.server.url, drain=drain)


def halted(pid: int) -> bool:
    """Whether that process is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def kills(*agents: AgentProcess) -> list[dict[str, Any]]:
    """What their audits say of signals that ended somebody."""
    rows = [row for agent in agents for row in await agent.audit()]
    return [row for row in rows if row["kind"] == "outcome" and row["stage"] == "KILL" and row["outcome"] == "sent"]


@story
async def two_agents_on_one_host(room: Company) -> None:
    """Both see the same process: one has the lock and ends it, the other says who acts, and each job is in one place."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=3)
    both = [await room.agent(config_of(room, name, drain="6s")) for name in ("one", "two")]
    poison, long = await push_job(client, "SleepForever"), await push_job(client, "Sleep", [600])
    waits = [asyncio.create_task(agent.wait_for("outcome: .*stage='put_back'.*outcome='2 done'", within=90)) for agent in both]
    done, open_ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in open_:
        task.cancel()
    await asyncio.gather(*open_, return_exceptions=True)
    for task in done:
        task.result()

    assert await victim.wait_exit() == KILLED
    assert await stored(client) == {poison: ["retry"], long: ["queue"]}
    assert len(await kills(*both)) == 1


@story
async def an_agent_that_comes_late_puts_nothing_back_again(room: Company) -> None:
    """It stands still in the middle for longer than its lock lives, while the other ends the process and its jobs come back and are through: it takes the lock again, and puts nothing back twice."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=3)
    sign = room.folder / "go"
    poison, long = await push_job(client, "SleepForever"), await push_job(client, "WaitForFile", [str(sign)])
    late = await room.agent(config_of(room, "late", drain="120s"))
    # By then it knows for sure what the process holds.
    await late.wait_for("outcome: .*stage='two beats'.*outcome='drain'", within=60)
    late.signal(signal.SIGSTOP)
    # Its minute is over: to wait for it would take one.
    assert await client.delete("sidekiq-watchdog:fleet:lock") == 1
    early = await room.agent(config_of(room, "early", drain="20s"))
    assert await early.sees_off(victim, 60) == KILLED
    await early.wait_for("outcome: .*stage='put_back'.*outcome='2 done'")
    sign.touch()
    successor = await room.sidekiq.start(("push",), concurrency=3)

    await _eventually(lambda: _is_done(successor.log, long), within=PATIENCE, what=lambda: "the job that came back to be done")
    late.signal(signal.SIGCONT)
    await late.wait_for("fleet: outcome='lock lost'", within=60)
    await late.wait_for("incident: .*outcome='(ended|abandoned)'", within=90)

    assert runs([one.log for one in room.sidekiq.started], "done") == {long: 1}
    assert await stored(client) == {poison: ["retry"]}
    assert len(await kills(late, early)) == 1


@story
async def two_hosts_with_an_agent_each(room: Company) -> None:
    """One Redis, two hosts whose processes bear the same numbers: each agent ends only what is its own."""
    client = room.client
    # Whatever runs on a host ends with it, before it is waited for.
    async with contextlib.AsyncExitStack() as running_there, contextlib.AsyncExitStack() as hosts:
        agents = []
        for name in ("web1", "web2"):
            host = await hosts.enter_async_context(OtherHost(name))
            running_there.push_async_callback((await _start_sidekiq(room, host, queue=name)).kill)
            # The hosts have no network in common.
            config = config_of(room, name, drain="6s", url=room.server.unix_url)
            agent = AgentProcess(config, before=host.inside(Path(__file__).parents[2]))
            running_there.push_async_callback(agent.aclose)
            agents.append(await room.begin(agent))

        identities = {member.decode().split(":")[0]: member.decode() for member in await client.smembers("processes")}
        assert len({identity.split(":")[1] for identity in identities.values()}) == 1, "the same pid on both"
        poison, long = await push_job(client, "SleepForever", queue="web2"), await push_job(client, "Sleep", [600], queue="web2")
        innocent = await push_job(client, "Sleep", [601], queue="web1")
        _, owner = agents
        await owner.wait_for("outcome: .*stage='put_back'.*outcome='2 done'", within=90)

        assert await stored(client) == {poison: ["retry"], long: ["queue"]}
        assert await running(client, [identities["web1"]]) == {innocent}
        assert [len(await kills(agent)) for agent in agents] == [0, 1]


async def _start_sidekiq(room: Company, host: OtherHost, *, queue: str) -> Served:
    """What runs one on that host, that beats."""
    with (room.folder / f"{host.name}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *host.inside(room.folder), f"REDIS_URL=unix://{room.server.socket}", "sidekiq", "-r", str(APP), "-q", queue, "-c", "3",
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_parent,
        )  # fmt: skip

    async def beats() -> bool:
        members = [member.decode() for member in await room.client.smembers("processes")]
        return any(member.split(":")[0] == host.name for member in members)

    await _eventually(beats, within=PATIENCE, what=lambda: f"a beat from {host.name}")
    return Served(process)


@story
async def somebody_kills_it_by_hand(room: Company) -> None:
    """SIGKILL from outside while it drains: what it held is put back all the same, once."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=3)
    poison, long = await push_job(client, "SleepForever"), await push_job(client, "Sleep", [600])
    agent = await room.agent(config_in(room.folder, room.server.url, drain="120s"))
    await agent.wait_for("outcome: .*stage='two beats'.*outcome='drain'", within=60)
    victim.signal(signal.SIGKILL)
    await agent.wait_for("outcome: .*stage='put_back'.*outcome='2 done'")

    assert await stored(client) == {poison: ["retry"], long: ["queue"]}
    assert await kills(agent) == []


@story
async def a_busy_page_is_opened_during_a_freeze(room: Company) -> None:
    """Sidekiq's own ProcessSet prunes the frozen process from the list of processes: it is found, ended and its jobs rescued all the same."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=3)
    config = config_in(room.folder, room.server.url, where='job.class == "Nobody"', rescue="likely")
    rules = config.parent / "rules.yml"
    # Later than the page can prune it, which is a minute after its last beat.
    rules.write_text(rules.read_text().replace("beat_age > 60s", "beat_age > 75s"))
    agent = await room.agent(config)
    seen = [await push_job(client, "Sleep", [300]), await push_job(client, "Sleep", [301])]

    async def both() -> bool:
        return await running(client, [victim.identity]) == set(seen)

    await _eventually(both, within=PATIENCE, what=lambda: "both in one beat")
    await push_job(client, "Freeze", [600])
    page = await asyncio.create_subprocess_exec(
        "ruby", "-e", 'require "sidekiq/api"; loop { Sidekiq::ProcessSet.new; sleep 0.2 }', env={"REDIS_URL": room.server.url, "PATH": "/usr/bin:/bin"},
        stdin=asyncio.subprocess.DEVNULL, preexec_fn=_die_with_parent,
    )  # fmt: skip
    try:

        async def pruned() -> bool:
            return not await client.smembers("processes")

        await _eventually(pruned, within=90, what=lambda: "the page to prune it")
        assert victim.alive
        assert await agent.sees_off(victim, 60) == KILLED
        await agent.wait_for("outcome: .*stage='put_back'.*outcome='2 done'")
    finally:
        await Served(page).kill()

    places = await stored(client)
    assert {jid: places.get(jid) for jid in seen} == {jid: ["retry"] for jid in seen}


async def _waits_for_redis(room: Company, spoil: Callable[[], Awaitable[object]], mend: Callable[[], Awaitable[object]]) -> None:
    """Redis fails right after the end of a process: that is said, its jobs are kept, and put back when it is well again."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=3)
    poison, long = await push_job(client, "SleepForever"), await push_job(client, "Sleep", [600])
    agent = await room.agent(config_in(room.folder, room.server.url, drain="3s"), STOP_AT="GatherInFlight:3:before")
    assert await agent.sees_off(victim, 90) == KILLED
    await _eventually(lambda: _is_halted(agent), within=PATIENCE, what=lambda: "the agent to stand still before it puts back")
    await spoil()
    agent.signal(signal.SIGCONT)
    await agent.wait_for("incident: .*outcome='held'", within=60)
    await mend()
    await agent.wait_for("outcome: .*stage='put_back'.*outcome='2 done'", within=60)

    assert await stored(room.server.client()) == {poison: ["retry"], long: ["queue"]}


async def _is_halted(agent: AgentProcess) -> bool:
    return halted(agent.pid)


@story
async def redis_is_gone_before_anything_is_put_back(room: Company) -> None:
    """For longer than what the process said of itself would have lived there."""

    async def go() -> None:
        await room.client.save()
        await room.server.stop()

    async def come_back() -> None:
        await room.server.start()
        client = room.server.client()
        for key in [key async for key in client.scan_iter("*:*:*")]:
            await client.delete(key)

    await _waits_for_redis(room, go, come_back)


@story
async def redis_is_a_replica_before_anything_is_put_back(room: Company) -> None:
    """It answers what is asked and takes nothing."""
    await _waits_for_redis(room, lambda: room.client.replicaof("127.0.0.1", "1"), lambda: room.client.replicaof("NO", "ONE"))


@story
async def redis_is_full_before_anything_is_put_back(room: Company) -> None:
    """It is at its limit of memory, and gives nothing up."""
    await _waits_for_redis(room, lambda: room.client.config_set("maxmemory", 1), lambda: room.client.config_set("maxmemory", 0))


@story
async def a_job_that_wedges_whoever_fetches_it(room: Company) -> None:
    """Restarted by hand, each process hands it to the next one and the queue stands; with the agent it is taken out of the way the second time."""
    client = room.client
    poison, behind = await push_job(client, "RescueAll"), await push_job(client, "Quick")
    for _ in range(RESTARTS):
        victim = await room.sidekiq.start(("push",), concurrency=1, timeout=3)
        await _eventually(lambda victim=victim: _began(victim.log, poison), within=PATIENCE, what=lambda: "the poison to be fetched")  # type: ignore[misc]
        victim.signal(signal.SIGTERM)
        assert await victim.wait_exit() == 0
    assert await stored(client) == {poison: ["queue"], behind: ["queue"]}

    agent = await room.agent(config_in(room.folder, room.server.url, where='job.class == "RescueAll"'))
    for number in (1, 2):
        victim = await room.sidekiq.start(("push",), concurrency=1, timeout=3)
        assert await agent.sees_off(victim, 60) == KILLED
        await agent.wait_for(f"intent: .*stage='put_back'.*strike {number} of 2")
        if number == 1:
            await agent.wait_for("outcome: .*stage='put_back'.*outcome='1 done'")
            (payload,) = await client.zrange("retry", 0, -1)
            # Minutes pass: the poller would do just this.
            await client.zrem("retry", payload)
            await client.rpush("queue:push", payload)
    last = await room.sidekiq.start(("push",), concurrency=1)
    await _eventually(lambda: _is_done(last.log, behind), within=PATIENCE, what=lambda: "the queue to flow")

    assert await stored(client, room.folder / "state") == {poison: ["quarantine"]}


async def _began(log: Path, jid: str) -> bool:
    return jid in runs([log], "start")


async def _is_done(log: Path, jid: str) -> bool:
    return jid in runs([log], "done")


@story
async def a_job_that_is_long_by_nature_is_left_to_finish(room: Company) -> None:
    """It is not stuck, and ends within the time that the rule gives: nobody ends its process before."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=3)
    poison, long = await push_job(client, "SleepForever"), await push_job(client, "Sleep", [25])
    agent = await room.agent(config_in(room.folder, room.server.url, drain="120s"))
    assert await agent.sees_off(victim, 90) == KILLED
    await agent.wait_for("outcome: .*stage='put_back'.*outcome='1 done'")

    assert runs([victim.log], "done") == {long: 1}
    assert await stored(client) == {poison: ["retry"]}


@pytest.fixture(scope="module")
def ends(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, BaseException | None]:
    """Name of each story that is asked for → what went wrong in it."""
    wanted = [name for name in STORIES if any(item.name == f"test_in_company[{name}]" for item in request.session.items)]
    folder = tmp_path_factory.mktemp("company")

    async def tell(number: int, name: str, turns: asyncio.Semaphore) -> None:
        # The path of a unix socket has no room for the name.
        async with Company(folder / str(number), turns) as room:
            await STORIES[name](room)

    async def tell_all() -> list[BaseException | None]:
        turns = asyncio.Semaphore(AT_ONCE)
        return await asyncio.gather(*(tell(number, name, turns) for number, name in enumerate(wanted)), return_exceptions=True)

    return dict(zip(wanted, asyncio.run(tell_all()), strict=True))


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.needs("mount")) if "hosts" in name else name for name in STORIES])
def test_in_company(ends, name):
    """What each story says; see there."""
    if (error := ends[name]) is not None:
        raise error
