"""How an agent ends: within 5 s of SIGTERM whatever hangs, and never silently when something in it has died."""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.service.agent import ROOT, AgentProcess, write_config

pytestmark = pytest.mark.needs("redis-server")
SOON = 15
"""Seconds: the five that it may take, and what a busy machine adds. What hangs in these tests hangs for a minute, or for ever."""

STUCK_TASK = """
import asyncio
from watchdog.sidekiq.follow import Follower
async def run(self):
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass
Follower.run = run
"""
DEAD_NAME_SERVER = """
import socket, time
ask = socket.getaddrinfo
def getaddrinfo(host, *rest, **more):
    if host == "hook.invalid":
        print("asked for the hook", file=__import__("sys").stderr, flush=True)
        time.sleep(60)
    return ask(host, *rest, **more)
socket.getaddrinfo = getaddrinfo
"""
HUNG_DISK = """
import time
from watchdog.store import store
advance = store._advance
def hang(connection, seq):
    if seq > 3:
        print("the disk hangs", file=__import__("sys").stderr, flush=True)
        time.sleep(60)
    advance(connection, seq)
store._advance = hang
"""
DAMAGE = """
import sqlite3
from watchdog.store import store
advance = store._advance
def find_damage(connection, seq):
    if seq > 3:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT"
        raise error
    advance(connection, seq)
store._advance = find_damage
"""
DYING = """
import asyncio
from watchdog.sidekiq.follow import Follower
async def run(self):
    await asyncio.sleep(0.2)
    {end}
Follower.run = run
"""


@pytest.fixture
async def agent_with(tmp_path: Path) -> AsyncIterator[Callable[..., AgentProcess]]:
    """An agent with a fault: a piece of Python that runs before the program does."""
    async with contextlib.AsyncExitStack() as stack:

        def make(config: Path, fault: str = "") -> AgentProcess:
            folder = tmp_path / "fault"
            folder.mkdir(exist_ok=True)
            (folder / "sitecustomize.py").write_text(fault)
            agent = AgentProcess(config, env={"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"})
            stack.push_async_callback(agent.aclose)
            return agent

        yield make


async def ended(agent: AgentProcess) -> tuple[int, float]:
    """SIGTERM: exit code, and the seconds it took."""
    before = time.monotonic()
    agent.signal(signal.SIGTERM)
    status = await agent.wait_exit()
    return status, time.monotonic() - before


async def test_redis_that_hangs(redis_server, agent_with, tmp_path):
    """A Redis that is stopped (SIGSTOP) answers nothing and breaks no connection; the agent ends in order."""
    agent = await agent_with(write_config(tmp_path, url=redis_server.url)).start()
    await agent.wait_for("agent: .*rules in force")
    redis_server.pause()
    status, took = await ended(agent)
    redis_server.resume()
    assert status == 0
    assert took < SOON
    assert (await agent.audit())[-1]["outcome"] == "stopping"


async def test_a_webhook_that_hangs(redis_server, agent_with, tmp_path):
    """A receiver that takes the connection and never answers holds nothing up; its message waits for the next agent."""
    asked = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with server:
        hook = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
        agent = await agent_with(write_config(tmp_path, url=redis_server.url, hook=hook)).start()
        await redis_server.stop()
        await asyncio.wait_for(asked.wait(), PATIENCE)
        status, took = await ended(agent)
        server.close()
    assert status == 0
    assert took < SOON
    _, output = await agent.ask("status", "--json")
    assert json.loads(output.splitlines()[0])["outbox"]["ops"]["waiting"] == 1


async def test_a_name_server_that_is_dead(redis_server, agent_with, tmp_path):
    """A thread that asks for the address of a receiver, and is not answered for a minute, is not waited for."""
    agent = await agent_with(write_config(tmp_path, url=redis_server.url, hook="http://hook.invalid/hook"), DEAD_NAME_SERVER).start()
    await redis_server.stop()
    await agent.wait_for("asked for the hook")
    status, took = await ended(agent)
    assert status == 0
    assert took < SOON


async def test_a_task_that_is_stuck(redis_server, agent_with, tmp_path):
    """One that does not heed its cancellation is named, and left behind: what counts is committed, and the code says that it was no orderly end."""
    agent = await agent_with(write_config(tmp_path, url=redis_server.url), STUCK_TASK).start()
    status, took = await ended(agent)
    assert status == 1
    assert took < SOON
    assert "Still there: follower" in "\n".join(agent.lines)
    assert (await agent.audit())[-1]["outcome"] == "stopping"


async def test_a_disk_that_hangs(redis_server, agent_with, tmp_path):
    """A store that does not answer can't be waited for; no sign of life was sent meanwhile."""
    agent = await agent_with(write_config(tmp_path, url=redis_server.url), HUNG_DISK).start()
    await redis_server.stop()
    await agent.wait_for("the disk hangs")
    status, took = await ended(agent)
    assert status == 1
    assert took < SOON


async def test_a_database_that_somebody_holds(redis_server, agent_with, tmp_path):
    """Somebody who has the database locked (`BEGIN IMMEDIATE` in a shell) does not keep the agent from ending."""
    agent = await agent_with(write_config(tmp_path, url=redis_server.url)).start()
    holder = sqlite3.connect(tmp_path / "state" / "watchdog.db", isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        _, took = await ended(agent)
    finally:
        holder.close()
    assert took < SOON


async def test_sigterm_while_the_start_cannot_be_written_down(redis_server, agent_with, tmp_path):
    """An agent that is not ready yet, because its database is held by somebody, ends as well."""
    config = write_config(tmp_path, url=redis_server.url)
    first = await agent_with(config).start()
    assert (await ended(first))[0] == 0
    holder = sqlite3.connect(tmp_path / "state" / "watchdog.db", isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        agent = await agent_with(config).start(ready=False)
        await agent.notified("STATUS=")
        _, took = await ended(agent)
    finally:
        holder.close()
    assert took < SOON
    assert "runs in mode" not in "\n".join(agent.lines)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("raise ValueError('somebodys private post')", "task 'follower' died, and the agent ends with it: ValueError"),
        ("return", "task 'follower' came to its end, and the agent ends with it"),
        ("never = asyncio.get_running_loop().create_future(); never.cancel(); await never", "task 'follower' was cancelled from within"),
    ],
    ids=["raises", "returns", "cancelled"],
)
async def test_a_task_that_dies_ends_the_agent_and_says_so(redis_server, agent_with, tmp_path, end, said):
    """However it ends, the agent ends with a code of failure and the name of the task in its log, for systemd to start it anew."""
    agent = agent_with(write_config(tmp_path, url=redis_server.url), DYING.format(end=end))
    await agent.start(ready=False)
    assert await agent.wait_exit() == 1
    assert said in "\n".join(agent.lines)


async def test_a_database_damaged_at_run_time_ends_the_agent_with_a_sentence(redis_server, agent_with, tmp_path):
    """No traceback, but what is wrong and a code of failure: the next start examines the database, and sets it aside if need be."""
    agent = await agent_with(write_config(tmp_path, url=redis_server.url), DAMAGE).start()
    await redis_server.stop()
    status = await agent.wait_exit()
    log = "\n".join(agent.lines)
    assert status not in (0, -signal.SIGKILL)
    assert "task 'turns' died, and the agent ends with it: the state database failed" in log
    assert "sidekiq-watchdog: the state database failed" in log
    assert "Traceback" not in log


async def test_the_order_of_the_end(redis_server, agent_with, tmp_path):
    """STOPPING is told before anything ends, and the last row of the audit trail says who asked for it."""
    agent = await agent_with(write_config(tmp_path, url=redis_server.url)).start()
    agent.signal(signal.SIGINT)
    await agent.notified("STOPPING=1")
    assert await agent.wait_exit() == 0
    rows = await agent.audit(lambda row: row["kind"] == "agent")
    assert [row["outcome"] for row in rows] == ["started", "rules in force", "stopping"]
    assert (await agent.ask("audit", "--verify"))[0] == 0
