"""Recoveries with nothing but real parts: of every job that was pushed it is known where it is afterwards."""

import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.service.agent import AgentProcess, write_config, write_recovery
from tests.service.conftest import SidekiqProcess, _eventually
from tests.service.whereabouts import running, runs, stored

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(240)]
Start = Callable[..., Awaitable[AgentProcess]]
KILLED = -signal.SIGKILL


@pytest.fixture
async def agents() -> AsyncIterator[Start]:
    """Starts agents, and ends them all."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(config: Path, *, env: dict[str, str] | None = None, ready: bool = True) -> AgentProcess:
            agent = AgentProcess(config, env=env)
            stack.push_async_callback(agent.aclose)
            return await agent.start(ready=ready)

        yield start


def config_in(folder: Path, url: str, *, log: Path | None = None, **rules: str) -> Path:
    """A config whose rules recover; `log` is the file into which the victim writes."""
    config = write_recovery(write_config(folder, url=url), **rules)
    with config.open("a") as text:
        text.write("log: {journal: false}\n" if log is None else f"log: {{journal: false, files: {{any: {log}}}}}\n")
    return config


async def _shows(client: Any, victim: SidekiqProcess, jids: set[str]) -> bool:
    return await running(client, [victim.identity]) == jids


@pytest.mark.parametrize("poison", ["SleepForever", "RescueAll"])
async def test_a_stuck_job_is_taken_from_among_its_neighbours(redis_server, sidekiq, push, agents, tmp_path, poison):
    """The stuck one waits for its second chance, the long one is next to run, those that end in time have ended, and what waits is untouched."""
    client = redis_server.client()
    victim = await sidekiq.start(("push",), concurrency=4)
    stuck, long = await push(client, poison), await push(client, "Sleep", [600])
    short = [await push(client, "Sleep", [8]) for _ in range(2)]
    waiting = [await push(client, "Quick", queue="other")]
    agent = await agents(config_in(tmp_path, redis_server.url, where=f'job.class == "{poison}"'))

    assert await agent.sees_off(victim, 90) == KILLED
    await agent.wait_for("outcome: .*stage='put_back'.*outcome='2 done'", within=20)
    done, places = runs([victim.log], "done"), await stored(client)
    assert set(done) == set(short)
    assert places == {stuck: ["retry"], long: ["queue"], waiting[0]: ["queue"]}
    assert await client.smembers("processes") == set()

    successor = await sidekiq.start(("push",), concurrency=4)
    await agent.wait_for("incident: .*outcome='ended'", within=70)
    rows = await agent.audit(lambda row: row["kind"] == "incident")
    assert (
        "2 finished by themselves; 1 put back into its queue (1 from work hash); 1 put into the retry set (1 from work hash)"
        in rows[-1]["reason"]
    )
    assert long in runs([successor.log], "start")


async def test_caught_again_it_goes_into_quarantine(redis_server, sidekiq, push, agents, tmp_path):
    """The job wedges its second process as well: it is taken out of the way, kept whole, and whoever comes third works on."""
    client = redis_server.client()
    agent = await agents(config_in(tmp_path, redis_server.url))
    victim = await sidekiq.start(("push",), concurrency=2)
    poison = await push(client, "SleepForever", ["private"])
    assert await agent.sees_off(victim, 60) == KILLED
    await agent.wait_for("outcome: .*stage='put_back'.*outcome='1 done'")
    # Minutes pass: the poller would do just this.
    (payload,) = await client.zrange("retry", 0, -1)
    await client.zrem("retry", payload)
    await client.lpush("queue:push", payload)
    second = await sidekiq.start(("push",), concurrency=2)
    assert await agent.sees_off(second, 90) == KILLED
    await agent.wait_for("intent: .*stage='put_back'.*strike 2 of 2")
    third = await sidekiq.start(("push",), concurrency=2)
    quick = await push(client, "Quick")
    await agent.wait_for("incident: .*outcome='ended'.*1 put into quarantine", within=70)

    assert await stored(client, tmp_path / "state") == {poison: ["quarantine"]}
    assert quick in runs([third.log], "done")
    assert "private" not in "\n".join(agent.lines)


async def test_a_process_that_gives_everything_back_is_left_to_do_so(redis_server, sidekiq, push, agents, tmp_path):
    """Somebody else ends it in the middle of the recovery: Sidekiq has pushed its jobs back itself, and nothing is there twice."""
    client = redis_server.client()
    victim = await sidekiq.start(("push",), concurrency=2, timeout=4)
    poison = await push(client, "SleepForever")
    agent = await agents(config_in(tmp_path, redis_server.url, drain="60s", where='job.class == "SleepForever" and job.queue == "push"'))
    long = await push(client, "Sleep", [600])
    await agent.wait_for("outcome: .*stage='two beats'", within=60)
    victim.signal(signal.SIGTERM)
    assert await victim.wait_exit(20) == 0
    await agent.wait_for("outcome: .*stage='reckon'.*it has given everything back")

    assert await stored(client) == {poison: ["queue"], long: ["queue"]}


async def test_a_stopped_process_is_woken_and_that_is_all(redis_server, sidekiq, push, agents, tmp_path):
    """SIGSTOPped for more than a minute: it is woken, its jobs end, and since it beats again nothing more is done to it."""
    client = redis_server.client()
    victim = await sidekiq.start(("push",), concurrency=3)
    agent = await agents(config_in(tmp_path, redis_server.url, where='job.class == "Nobody"'))
    short = [await push(client, "Sleep", [5]) for _ in range(2)]
    await _eventually(lambda: _shows(client, victim, set(short)), within=20, what=lambda: "both in one beat")
    victim.signal(signal.SIGSTOP)
    await agent.wait_for("outcome: .*stage='CONT'.*outcome='sent'", within=100)
    await agent.wait_for("incident: .*outcome='abandoned'.*the condition no longer holds", within=60)

    assert victim.alive
    assert set(runs([victim.log], "done")) == set(short)
    assert "Received TSTP" not in victim.log.read_text()
    assert await stored(client) == {}


async def test_a_frozen_process_is_killed_and_its_jobs_come_back_one_by_one(redis_server, sidekiq, push, agents, tmp_path):
    """Ruby's lock held in native code: what stood in its last beat comes back through the retries, spread out; what nobody can name is counted."""
    client = redis_server.client()
    victim = await sidekiq.start(("push",), concurrency=3)
    agent = await agents(config_in(tmp_path, redis_server.url, where='job.class == "Nobody"', rescue="likely"))
    seen = [await push(client, "Sleep", [300]), await push(client, "Sleep", [301])]
    await _eventually(lambda: _shows(client, victim, set(seen)), within=20, what=lambda: "both in one beat")
    await push(client, "Freeze", [600])
    assert await agent.sees_off(victim, 150) == KILLED
    await agent.wait_for("outcome: .*stage='put_back'")

    places = await stored(client)
    assert {jid: places.get(jid) for jid in seen} == {jid: ["retry"] for jid in seen}
    scores = sorted([score for _, score in await client.zrange("retry", 0, -1, withscores=True)])
    assert 29 < scores[1] - scores[0] < 31


async def test_redis_that_takes_nothing_keeps_the_process_alive(redis_server, sidekiq, push, agents, tmp_path):
    """It becomes a replica when the process is already quiet: nothing is ended until it can be written again, and then nothing is lost."""
    client = redis_server.client()
    victim = await sidekiq.start(("push",), concurrency=2)
    long = await push(client, "Sleep", [600])
    poison = await push(client, "SleepForever")
    agent = await agents(config_in(tmp_path, redis_server.url, drain="8s"))
    await agent.wait_for("outcome: .*stage='two beats'", within=60)
    await client.config_set("min-replicas-to-write", 1)
    await agent.wait_for("incident: .*stage='record'.*outcome='held'", within=60)
    assert victim.alive
    await client.config_set("min-replicas-to-write", 0)
    assert await agent.sees_off(victim, 60) == KILLED
    await agent.wait_for("outcome: .*stage='put_back'.*outcome='2 done'")

    assert await stored(client) == {poison: ["retry"], long: ["queue"]}
