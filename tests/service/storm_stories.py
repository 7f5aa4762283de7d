"""Each storm by its name: what befalls everybody at once, and what the agent makes of it, in a minute."""

import contextlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from tests.service.migration import OF_NOBODY, migrating
from tests.service.postgres_server import PASSWORD, ROOM, PostgresServer
from tests.service.storms import CAUSES, HELD, SILENT, STUCK, THEN, Storm, held_up
from tests.service.test_unwritable import can_not_save
from tests.service.whereabouts import runs

CHECKS: Final = """\
checks:
  postgres: {{type: postgres, host: 127.0.0.1, port: {port}, user: watchdog, database: postgres, password: "{password}", every: 1s, timeout: 5s}}
"""
LOAD: Final = (
    "rules:\n"
    '  - rule: slow-queue\n    each: process\n    when: queue("push").latency > 1m and queue("push").size > 100\n'
    + THEN.replace("PROCESS", "process")
    + "  - rule: full-house\n    each: process\n    when: process.busy > 5\n    for: 5s\n"
    + THEN.replace("PROCESS", "process")
    + STUCK
)
STUCK_AT_A_DEPLOYMENT: Final = STUCK.replace("deploy: 0s, ", "")
"""With the guard as it is where nobody says otherwise; the others don't heed what else goes on on the machine of the tests."""
JOB_SECONDS: Final = 2
THREADS: Final = 10
BEHIND: Final = 180
"""Seconds that the oldest of the jobs in a surge has waited."""
Story = Callable[[Storm], Awaitable[dict[str, float] | None]]
STORIES: Final[dict[str, Story]] = {}


def story(told: Story) -> Story:
    """One more."""
    STORIES[told.__name__] = told
    return told


@story
async def redis_can_not_save(storm: Storm) -> None:
    """MISCONF: nobody beats and nobody fetches for longer than any rule would wait."""
    agent = await storm.begin(CAUSES + STUCK + SILENT)
    victim = await storm.hold_every_thread()
    await can_not_save(storm.server)
    await agent.wait_for("source: .*outcome='lost'.*could not save")
    await storm.last(HELD + 10)
    cause = (
        "redis can't be read: Redis refuses every write because it could not save its data to disk; nothing that Sidekiq does is recorded"
    )
    await storm.told_once("source.changed", cause)
    await storm.nobody_was_touched()

    storm.sign.touch()
    await storm.client.config_set("dir", str(storm.server.folder))
    await storm.client.execute_command("BGSAVE")
    await agent.wait_for("source: .*outcome='back'")
    await storm.ends_nobody_but(victim)


@story
async def redis_is_full(storm: Storm) -> None:
    """OOM: it can be read, and nobody can write a beat: each process is silent, and it is no process' fault."""
    agent = await storm.begin(CAUSES + STUCK + SILENT)
    victim = await storm.hold_every_thread()
    await storm.client.config_set("maxmemory", 1_000)
    await agent.wait_for("alert: rule='redis-full'.*outcome='firing'")
    await storm.all_are_denied("silent-process", "common_cause", "Redis has reached its memory limit and refuses writes")
    await storm.told_once("alert.firing", "Redis is full")
    await storm.nobody_was_touched()

    storm.sign.touch()
    await storm.client.config_set("maxmemory", 0)
    await storm.ends_nobody_but(victim)


@contextlib.asynccontextmanager
async def database() -> AsyncIterator[PostgresServer]:
    """A real PostgreSQL. Its folder is not among those of pytest, which its user may not enter."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = PostgresServer(Path(folder))
        await server.make()
        await server.start()
        try:
            yield server
        finally:
            await server.stop()


async def _without_a_database(storm: Storm, server: PostgresServer, gone: contextlib.AbstractAsyncContextManager[None], said: str) -> None:
    agent = await storm.begin(CAUSES + STUCK + SILENT, more=CHECKS.format(port=server.port, password=PASSWORD))
    await agent.wait_for("the check postgres succeeds")
    async with gone:
        await agent.wait_for("alert: rule='check-failing'.*outcome='firing'")
        victim = await storm.hold_every_thread()
        await storm.all_are_denied("stuck-job", "common_cause", f"the check postgres fails: {said}")
        await storm.told_once("alert.firing", f"postgres fails: {said}")
        await storm.nobody_was_touched()
        lines = len(agent.lines)
    # Jobs that waited for it end when it is back, and the beats that tell so come later than the check.
    await agent.wait_for("the check postgres succeeds", after=lines)
    storm.sign.touch()
    await storm.ends_nobody_but(victim)


@story
async def postgres_is_gone(storm: Storm) -> None:
    """Nothing listens there any more, and all jobs wait for it."""
    async with database() as server:

        @contextlib.asynccontextmanager
        async def gone() -> AsyncIterator[None]:
            await server.stop()
            yield
            await server.start()

        await _without_a_database(storm, server, gone(), f"no connection to 127.0.0.1 port {server.port}: Connection refused")


@story
async def postgres_has_no_room(storm: Storm) -> None:
    """A connection comes about, and a login does not: too many clients."""
    import asyncpg

    async with database() as server:

        @contextlib.asynccontextmanager
        async def crowded() -> AsyncIterator[None]:
            async with contextlib.AsyncExitStack() as stack:
                while len(held) < ROOM:
                    # The check itself may have a place until it is through.
                    with contextlib.suppress(asyncpg.TooManyConnectionsError):
                        one = await asyncpg.connect(
                            host=str(server.folder), port=server.port, user="watchdog", database="postgres", password=""
                        )
                        held.append(one)
                        stack.push_async_callback(one.close)
                yield

        held: list[Any] = []
        await _without_a_database(storm, server, crowded(), "the server says: sorry, too many clients already")


@story
async def a_deployment(storm: Storm) -> None:
    """One process after the other is started again with another version while rules fire on jobs that are held: somebody is at work."""
    agent = await storm.begin(CAUSES + STUCK_AT_A_DEPLOYMENT, size=2)
    await storm.is_replaced(0)
    await agent.wait_for("agent: outcome='sign of a deployment'.*v2")
    await storm.hold_every_thread(4)
    await storm.is_replaced(1)
    await storm.all_are_denied("stuck-job", "deploy", "somebody")
    await storm.nobody_was_touched()


@story
async def a_migration(storm: Storm) -> None:
    """Its command runs, and has written files that are newer than the processes: what is held now is held for that."""
    lock = storm.folder / "Gemfile.lock"
    lock.touch()
    os.utime(lock, (1, 1))
    agent = await storm.begin(CAUSES + STUCK_AT_A_DEPLOYMENT, size=2, more=OF_NOBODY)
    async with migrating():
        # A file that is hardly newer than a process may be what that was started with.
        os.utime(lock, (time.time() + 60,) * 2)
        await agent.wait_for("agent: outcome='sign of a deployment'.*rake db:migrate")
        await agent.wait_for("agent: outcome='sign of a deployment'.*Gemfile.lock")
        await storm.hold_every_thread(4)
        await storm.all_are_denied("stuck-job", "deploy", "somebody is deploying: rake db:migrate")
        await storm.nobody_was_touched()


@story
async def a_surge(storm: Storm) -> None:
    """Ten times as many short jobs as can be done, the oldest of which has waited for minutes: rules on latency and busy threads fire, and a restart would only make it worse."""
    at = time.time() - BEHIND
    usual = {"retry": True, "queue": "push", "class": "Sleep", "args": [JOB_SECONDS], "created_at": at, "enqueued_at": at}
    can_be_done = int(2 * THREADS / JOB_SECONDS * 20)
    # They are there before the agent, which has seen three beats full of them when it may act.
    await storm.begin(
        LOAD, size=2, threads=THREADS, jobs=[orjson.dumps(usual | {"jid": f"{number:024x}"}) for number in range(10 * can_be_done)]
    )
    await storm.all_are_denied("slow-queue", "surge", "it is load")
    await storm.all_are_denied("full-house", "surge", "it is load")
    await storm.last(20)
    await storm.nobody_was_touched()
    assert await storm.client.llen("queue:push") > 100, "it is over: that would prove nothing"
    assert len(runs([one.log for one in storm.fleet], "done")) > 50, "nobody works"


async def stands_still(storm: Storm, *, seconds: float) -> dict[str, float]:
    """The host is held up for so long with everything on it; how long after its push the job that is really stuck was acted upon, beside how long it had to be."""
    held = HELD + 10
    agent = await storm.begin(CAUSES + STUCK.replace("elapsed > 10s", "elapsed > 20s") + SILENT, size=2)
    pushed = time.time()
    victim = await storm.hold_every_thread(4)
    assert time.time() - pushed < held, "the rule was through before anybody stood still"
    began = time.time()
    await held_up(agent.pid, storm.server.pid, *(one.pid for one in storm.fleet), seconds=seconds)
    stood = time.time() - began
    storm.sign.touch()
    await agent.wait_for("agent: outcome='gap'")
    await storm.ends_nobody_but(victim)
    (sent,) = await agent.audit(lambda row: row["kind"] == "intent")
    after = datetime.fromisoformat(sent["at"]).timestamp() - pushed
    assert after >= stood + held - 1, (after, stood)
    return {"stood still": round(stood, 1), "acted after": round(after, 1), "at the earliest": round(stood + held - 1, 1)}


@story
async def the_host_stands_still(storm: Storm) -> dict[str, float]:
    """Agent, Redis and Sidekiqs are stopped together for as long as a rule waits: that time is nobody's, and what is really stuck is ended later by as much."""
    return await stands_still(storm, seconds=HELD)
