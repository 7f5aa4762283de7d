"""The real agent, a real Sidekiq and its jobs' programs: those that hang are ended, those that are slow are not, wherever the agent is killed."""

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson
import pytest
from redis.asyncio import Redis

from tests.patience import PATIENCE
from tests.service.agent import AgentProcess, write_config
from tests.service.conftest import RedisServer, SidekiqFactory, SidekiqProcess, _eventually, push_job
from tests.service.whereabouts import runs, stored
from watchdog.host.boot import here
from watchdog.host.child_tree import read_tree

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(240)]
RULES: Final = """\
rules:
  - rule: hung-child
    each: process
    when: process.child_still > {still}
    then:
      - kill_child: {{process: process, still_for: {still}}}
    guards: {{deploy: 0s, settle: 0, cooldown: 1s, cooldown_max: 0s, max_unhealthy: 100%, baseline: allow}}
    notify: [ops]
"""
COMPUTES: Final = "while :; do i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done; sleep 0.2; done"
READS: Final = "(while :; do echo; sleep 0.2; done) | cat > /dev/null"
ENDED: Final = r"incident: .*kill_child.*outcome='ended'"
POINTS: Final = ("LookAtChild:1:after", "EndChild:1:before", "EndChild:1:after")
LONG: Final = 3 * PATIENCE
"""Seconds for an agent that looks every five seconds, where everybody wants the processor."""


def write_rules(config: Path, still: str) -> None:
    """The one rule."""
    (config.parent / "rules.yml").write_text(RULES.format(still=still))


async def push_once(client: Redis, argv: list[str], queue: str) -> str:
    """A job that Sidekiq does not run again."""
    jid, now = secrets.token_hex(12), time.time()
    job = {"retry": False, "queue": queue, "class": "RunProgram", "args": argv, "jid": jid, "created_at": now, "enqueued_at": now}
    await client.sadd("queues", queue)
    await client.lpush(f"queue:{queue}", orjson.dumps(job))
    return jid


def end_programs(one: SidekiqProcess) -> None:
    """All that its jobs have started: it leaves them behind where it is killed itself."""
    for member in read_tree(one.pid, here(name="web1"))[1:]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member.pid, signal.SIGKILL)


@pytest.fixture
def programs(sidekiq: SidekiqFactory) -> Iterator[SidekiqFactory]:
    """Starts Sidekiqs, of which no program is left afterwards."""
    yield sidekiq
    for one in sidekiq.started:
        end_programs(one)


async def _failed_once(client: Redis, one: SidekiqProcess, *jids: str) -> None:
    """These jobs, and no others, have failed, each once, and wait for their next try."""

    async def so() -> bool:
        return await stored(client) == {jid: ["retry"] for jid in jids} and runs([one.log], "fail") == dict.fromkeys(jids, 1)

    await _eventually(so, within=PATIENCE, what=lambda: f"one failure of {jids}:\n{one.log.read_text()}")


async def test_what_hangs_is_ended_and_what_is_slow_is_not(redis_server, programs, tmp_path):
    """
    Twice a program hangs, and is ended with the one that it waits for; its job fails and waits for its next try. Beside it others compute and read all the time, ever so slowly.

    In another process the job that waits is one that would be lost: a person is asked.
    """
    client = redis_server.client()
    one, careful = await programs.start(("push",)), await programs.start(("once",), tag="careful")
    config = write_config(tmp_path, url=redis_server.url)
    write_rules(config, "8s")
    later = tmp_path / "PRIVATE"
    hung = ["sh", "-c", f"sleep 600; touch {later}"]
    for script in (COMPUTES, READS):
        await push_job(client, "RunProgram", ["sh", "-c", script])
    first = await push_job(client, "RunProgram", hung)
    once = await push_once(client, hung, "once")
    async with contextlib.aclosing(AgentProcess(config, env={"STILL": "1000"})) as agent:
        await agent.start()
        await agent.wait_for(ENDED, within=LONG)
        seen = len(agent.lines)
        second = await push_job(client, "RunProgram", hung)
        await agent.wait_for(ENDED, within=LONG, after=seen)
        await agent.wait_for(r"decision: .*decision='ASK'.*guard='veto'", within=LONG)

        await _failed_once(client, one, first, second)
        rows = await agent.audit()
        told = "\n".join((*agent.lines, *(str(row) for row in rows)))

    assert one.alive
    assert careful.alive
    assert runs([careful.log], "start") == {once: 1}
    assert runs([careful.log], "fail") == {}
    assert not later.exists()
    assert "PRIVATE" not in told
    intents = [row for row in rows if row["kind"] == "intent"]
    assert [(row["stage"], row["target"].rpartition(" ")[2]) for row in intents] == [("KILL", "sh"), ("KILL", "sh")]


async def test_killed_around_the_end_of_a_program(tmp_path):
    """Wherever the agent is killed, at each point on a Redis and a Sidekiq of its own: the program is ended once, and its job fails once."""
    async with asyncio.TaskGroup() as group:
        for number, point in enumerate(POINTS):
            group.create_task(_ended_at(point, tmp_path / str(number)), name=point)


async def _ended_at(point: str, folder: Path) -> None:
    folder.mkdir()
    server = RedisServer(folder)
    await server.start()
    factory = SidekiqFactory(server, folder)
    try:
        one = await factory.start()
        client = server.client()
        config = write_config(folder, url=server.url)
        write_rules(config, "1s")
        jid = await push_job(client, "RunProgram", ["sleep", "600"])
        async with contextlib.AsyncExitStack() as stack:
            mortal = await stack.enter_async_context(contextlib.aclosing(AgentProcess(config, env={"STILL": "1000", "DIE_AT": point})))
            await mortal.start(ready=False)
            await mortal.wait_exit(LONG)
            successor = await stack.enter_async_context(contextlib.aclosing(AgentProcess(config, env={"STILL": "1000"})))
            await successor.start()
            await successor.wait_for(ENDED, within=LONG)

            await _failed_once(client, one, jid)
            verified = (await successor.ask("audit", "--verify"))[0]
        assert verified == 0
        assert one.alive
    finally:
        for process in factory.started:
            end_programs(process)
            await process.kill()
        await server.close()
