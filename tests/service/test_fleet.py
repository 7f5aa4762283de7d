"""
Two hosts with an agent each and one Redis: they act one after the other, whoever of them dies or is held up.

Each host has a network and processes of its own, and a Sidekiq that serves `push`, as the other's does, and a queue that is called like the host. The stories are told
at the same time, each in a room of its own.
"""

import asyncio
import contextlib
import json
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Self

import orjson
import pytest

from tests.ending import end_task
from tests.patience import PATIENCE
from tests.service.agent import ROOT, AgentProcess
from tests.service.conftest import APP, Served, _die_with_parent, _eventually, push_job
from tests.service.other_host import OtherHost
from tests.service.test_recover import KILLED
from tests.service.test_recover_company import AT_ONCE, Company, config_of, halted, kills
from tests.service.whereabouts import running, stored

pytestmark = [pytest.mark.needs("redis-server", "sidekiq", "mount"), pytest.mark.timeout(400)]
LOCK: Final = "sidekiq-watchdog:fleet:lock"
BEFORE_IT: Final = "TakeFleetLock:1:before"
THREADS: Final = 4
LONG: Final = 120.0
"""Seconds that an end may take, that of another before it included."""


class Worker(Served):
    """A Sidekiq on a host: how it is called in Redis, and what it has logged."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        super().__init__(process)
        self.log = log
        self.identity = ""

    @property
    def is_quiet(self) -> bool:
        """Somebody has told it to take no more jobs."""
        return "Received TSTP" in self.log.read_text(errors="replace")


class Site(Company):
    """A room with two hosts."""

    def __init__(self, folder: Path, turns: asyncio.Semaphore) -> None:
        super().__init__(folder, turns)
        self._hosts = contextlib.AsyncExitStack()
        self._running_there = contextlib.AsyncExitStack()
        self.workers: list[Worker] = []

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.web1, self.web2 = [await self._hosts.enter_async_context(OtherHost(name)) for name in ("web1", "web2")]
        return self

    async def __aexit__(self, *_: object) -> None:
        # Whatever runs on a host ends with it, before it is waited for.
        await self._hosts.aclose()
        await self._running_there.aclose()
        await super().__aexit__()

    async def works(self, host: OtherHost) -> Worker:
        """What runs a Sidekiq there that beats."""
        log = self.folder / f"{host.name}-{len(self.workers)}.log"
        before: set[bytes] = await self.client.smembers("processes")
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *host.inside(self.folder), f"REDIS_URL=unix://{self.server.socket}",
                "sidekiq", "-r", str(APP), "-g", "app", "-q", "push", "-q", host.name, "-c", str(THREADS),
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=_die_with_parent,
            )  # fmt: skip
        worker = Worker(process, log)
        self._running_there.push_async_callback(worker.kill)

        async def beats() -> str:
            new = [member.decode() for member in await self.client.smembers("processes") if member not in before]
            return next((member for member in new if member.split(":")[0] == host.name), "")

        worker.identity = await _eventually(beats, within=PATIENCE, what=lambda: f"a beat from {host.name}:\n{log.read_text()}")
        self.workers.append(worker)
        return worker

    async def looks_after(self, host: OtherHost, *, keep: str = "0%", drain: str = "6s", **env: str) -> AgentProcess:
        """An agent there; one that is to stop or die may do so before it is ready. One that ran there before leaves it what it remembers."""
        folder = self.folder / host.name
        config = folder / "config.yml" if folder.exists() else config_of(self, host.name, drain=drain, url=self.server.unix_url)
        rules = config.parent / "rules.yml"
        rules.write_text(rules.read_text().replace("keep: 0%", f"keep: {keep}"))
        agent = AgentProcess(config, env=env, before=host.inside(ROOT))
        self._running_there.push_async_callback(agent.aclose)
        return await (agent.start(ready=False) if env else self.begin(agent))

    async def gets_stuck(self, worker: Worker, *classes: str) -> list[str]:
        """Jobs that are running there now, by what Redis says."""
        queue = worker.identity.split(":")[0]
        jids = [await push_job(self.client, name, [600] if name == "Sleep" else [], queue=queue) for name in classes or ("SleepForever",)]

        async def run() -> bool:
            return set(jids) <= await running(self.client, [worker.identity])

        await _eventually(run, within=PATIENCE, what=lambda: f"jobs to run on {worker.identity}")
        return jids

    async def working(self) -> int:
        """
        Threads that work for `push`, as the guard counts them: of processes that beat and are not quiet, less those that a stuck job holds.

        Whoever has been told to be quiet counts no more from then on, which his beat says only later.
        """
        # Looked at first: whoever came in his place meanwhile was there by then.
        quiet = {worker.identity for worker in self.workers if worker.is_quiet}
        stuck = {worker.identity for worker in self.workers[:2]}
        count = 0
        for member in await self.client.smembers("processes"):
            info, is_quiet = await self.client.hmget(member, "info", "quiet")
            identity = member.decode()
            if info is not None and is_quiet != b"true" and identity not in quiet and "push" in orjson.loads(info)["queues"]:
                count += THREADS - (identity in stuck)
        return count


@contextlib.asynccontextmanager
async def sampled(site: Site) -> AsyncIterator[list[int]]:
    """How many threads worked for `push`, twenty times a second, and at the end once more."""
    samples: list[int] = []

    async def sample() -> None:
        while True:
            samples.append(await site.working())
            await asyncio.sleep(0.05)  # sleeps on purpose: it is how often it looks

    task = asyncio.create_task(sample())
    try:
        yield samples
    finally:
        await end_task(task)
    assert task.cancelled(), task.exception()
    samples.append(await site.working())


async def stands_still(agent: AgentProcess) -> None:
    """Wait until it has stopped where it was to."""

    async def is_halted() -> bool:
        return halted(agent.pid)

    await _eventually(is_halted, within=LONG, what=lambda: "the agent to stand still:\n" + "\n".join(agent.lines))


Story = Callable[[Site], Awaitable[None]]
STORIES: Final[dict[str, Story]] = {}


def story(told: Story) -> Story:
    """One more."""
    STORIES[told.__name__] = told
    return told


@story
async def two_rules_fire_in_the_same_second(site: Site) -> None:
    """Each may end its process, but not both: one acts, the other says for whom it waits, and never does less than half of `push` work; in the end both were helped."""
    hosts = {"web1": site.web1, "web2": site.web2}
    victims = {name: await site.works(host) for name, host in hosts.items()}
    poison = [jid for victim in victims.values() for jid in await site.gets_stuck(victim)]
    # So that only `push` stands in the way. No agent looks after this one.
    await site.sidekiq.start(("web1", "web2"), concurrency=8)
    assert await site.working() == 2 * (THREADS - 1)
    agents = {name: await site.looks_after(host, keep="50%", STOP_AT=BEFORE_IT) for name, host in hosts.items()}
    for agent in agents.values():
        await stands_still(agent)

    async def who_has_it() -> str:
        return next((name for name, agent in agents.items() if any("outcome='lock taken'" in line for line in agent.lines)), "")

    async with sampled(site) as samples:
        for agent in agents.values():
            agent.signal(signal.SIGCONT)
        first = await _eventually(who_has_it, within=PATIENCE, what=lambda: "one of them to have the lock")
        (second,) = {"web1", "web2"} - {first}
        await agents[second].wait_for(rf"an action on {first} is under way \(recover_process on {first}/app")
        assert await agents[first].sees_off(victims[first]) == KILLED
        # As systemd would.
        await site.works(hosts[first])
        assert await agents[second].sees_off(victims[second], LONG) == KILLED
        await agents[second].wait_for("outcome: .*stage='put_back'.*outcome='1 done'", within=LONG)

    assert min(samples) == THREADS - 1, "half of those that worked"
    assert [len(await kills(agent)) for agent in agents.values()] == [1, 1]
    assert {jid: len(places) for jid, places in (await stored(site.client)).items()} == dict.fromkeys(poison, 1)

    async def is_shown() -> bool:
        picture: Any = json.loads((await agents[second].ask("status", "--json"))[1])
        return {one["host"] for one in picture["fleet"]["agents"]} == set(hosts) and picture["fleet"]["without"] == [socket.gethostname()]

    await _eventually(is_shown, within=PATIENCE, what=lambda: "both agents, and the host without one, in the picture")


@story
async def the_holder_dies_before_its_signal(site: Site) -> None:
    """SIGKILL between lock and signal: the other waits until the lock has run out, and then acts; the successor of the dead one begins anew when it is over."""
    left, mine = [await site.works(host) for host in (site.web1, site.web2)]
    poison = [*await site.gets_stuck(left), *await site.gets_stuck(mine)]
    other = await site.looks_after(site.web2, STOP_AT=BEFORE_IT)
    await stands_still(other)
    mortal = await site.looks_after(site.web1, DIE_AT="TakeFleetLock:1:after")
    assert await mortal.wait_exit(LONG) == KILLED
    other.signal(signal.SIGCONT)
    await other.wait_for(r"an action on web1 is under way \(recover_process on web1/app")
    assert 0 < await site.client.pttl(LOCK) <= 60_000
    assert not mine.is_quiet
    # Its minute is over: to wait for it would take one.
    await site.client.pexpire(LOCK, 1)

    assert await other.sees_off(mine, LONG) == KILLED
    await other.wait_for("outcome: .*stage='put_back'.*outcome='1 done'", within=LONG)
    assert left.alive
    assert not left.is_quiet
    # Until there is somebody in its place it is not over.
    await site.works(site.web2)
    successor = await site.looks_after(site.web1)
    assert await successor.sees_off(left, LONG) == KILLED
    await successor.wait_for("outcome: .*stage='put_back'.*outcome='1 done'", within=LONG)
    assert await stored(site.client) == {jid: ["retry"] for jid in poison}
    assert [len(await kills(agent)) for agent in (other, successor)] == [1, 1]


@story
async def the_holder_is_held_up_while_the_other_acts(site: Site) -> None:
    """It stands still right before it puts back, until its lock has run out: its late write is refused, it takes the lock again when the other is through, and puts back once."""
    done, next_one = [await site.works(host) for host in (site.web1, site.web2)]
    (poison,) = await site.gets_stuck(next_one)
    other = await site.looks_after(site.web2, drain="20s", STOP_AT=BEFORE_IT)
    await stands_still(other)
    late = await site.looks_after(site.web1, STOP_AT="place:1:before")
    stuck, long = await site.gets_stuck(done, "SleepForever", "Sleep")
    assert await late.sees_off(done, LONG) == KILLED
    await stands_still(late)
    other.signal(signal.SIGCONT)
    await other.wait_for(r"an action on web1 is under way \(recover_process on web1/app")
    await site.client.pexpire(LOCK, 1)
    await other.wait_for("fleet: outcome='lock taken'")
    late.signal(signal.SIGCONT)
    await late.wait_for("incident: .*outcome='held'.*lock of the fleet was lost")
    assert await stored(site.client) == {}

    assert await other.sees_off(next_one, LONG) == KILLED
    await other.wait_for("outcome: .*stage='put_back'.*outcome='1 done'", within=LONG)
    await site.works(site.web2)
    await late.wait_for("outcome: .*stage='put_back'.*outcome='2 done'", within=LONG)
    assert await stored(site.client) == {stuck: ["retry"], long: ["queue"], poison: ["retry"]}
    assert [len(await kills(agent)) for agent in (late, other)] == [1, 1]


@pytest.fixture(scope="module")
def ends(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, BaseException | None]:
    """Name of each story that is asked for → what went wrong in it."""
    wanted = [name for name in STORIES if any(item.name == f"test_two_hosts[{name}]" for item in request.session.items)]
    folder = tmp_path_factory.mktemp("fleet")

    async def tell(number: int, name: str, turns: asyncio.Semaphore) -> None:
        # The path of a unix socket has no room for the name.
        async with Site(folder / str(number), turns) as site:
            await STORIES[name](site)

    async def tell_all() -> list[BaseException | None]:
        turns = asyncio.Semaphore(AT_ONCE)
        return await asyncio.gather(*(tell(number, name, turns) for number, name in enumerate(wanted)), return_exceptions=True)

    return dict(zip(wanted, asyncio.run(tell_all()), strict=True))


@pytest.mark.parametrize("name", STORIES)
def test_two_hosts(ends, name):
    """What each story says; see there."""
    if (error := ends[name]) is not None:
        raise error
