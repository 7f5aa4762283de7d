"""`changes --follow` beside a real Redis and a real Sidekiq: what it says, and how it ends."""

import asyncio
import contextlib
import json
import os
import select
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.service.agent import AgentProcess, write_config

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]

COMMAND = Path(sys.executable).parent / "sidekiq-watchdog"


class Shown:
    """A running `changes --follow` and all that it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    @property
    def changes(self) -> list[dict[str, Any]]:
        """What `--json` has printed."""
        return [json.loads(line) for line in self.lines]

    def named(self, name: str) -> list[dict[str, Any]]:
        """The changes of that name."""
        return [change for change in self.changes if change["change"] == name]

    async def until(self, name: str, *, within: float = PATIENCE) -> dict[str, Any]:
        """The first change of that name, printed or still to come."""
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(within):
                while not (found := self.named(name)):
                    line = await self.process.stdout.readline()
                    assert line, f"it ended before {name}; it said {self.lines}"
                    self.lines.append(line.decode().rstrip("\n"))
        except TimeoutError:
            pytest.fail(f"waited {within} s for {name}; said was {self.lines}")
        return found[0]

    async def end(self, number: int) -> tuple[int, str]:
        """Its exit code after that signal, and what stands on standard error."""
        self.process.send_signal(number)
        _, complaints = await asyncio.wait_for(self.process.communicate(), PATIENCE)
        assert self.process.returncode is not None
        return self.process.returncode, complaints.decode()


@pytest.fixture
async def show(redis_server, tmp_path) -> AsyncIterator[Callable[..., Any]]:
    """What starts the command with these arguments, and a config that names the test's Redis."""
    (tmp_path / "config.yml").write_text(f"redis: {{url: '{redis_server.url}'}}\nrules: [none.yml]\nstate: state\n")
    started: list[asyncio.subprocess.Process] = []

    async def start(*arguments: str, **more: Any) -> Shown:
        process = await asyncio.create_subprocess_exec(
            COMMAND, "changes", "--follow", "--config", "config.yml", *arguments,
            cwd=tmp_path, stderr=asyncio.subprocess.PIPE, **{"stdout": asyncio.subprocess.PIPE, **more},
        )  # fmt: skip
        started.append(process)
        return Shown(process)

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.mark.needs("sidekiq")
async def test_a_life_and_a_death(redis_server, sidekiq, show, push, tmp_path):
    """
    A Sidekiq comes, runs jobs and is killed; Redis goes.

    Each is one line as it comes, without an agent, and of the private arguments nothing is shown. Nothing is left behind.
    """
    shown = await show("--json")
    assert (await shown.until("SourceRead"))["reason"] == "processes 0, jobs 0, queues 0"
    client = redis_server.client()
    await push(client, "SleepForever", ["PRIVATE"], "push")
    appeared = await shown.until("QueueAppeared")
    assert (appeared["kind"], appeared["id"], appeared["seen"]["size"]) == ("queue", "push", 1)
    process = await sidekiq.start(queues=("push",), concurrency=2, tag="live app")
    came = await shown.until("ProcessAppeared")
    assert (came["id"], came["seen"]["tag"], came["seen"]["threads"]) == (process.identity, "live app", 2)
    emptied = await shown.until("QueueEmptied")
    assert (emptied["from"], emptied["to"]) == (1, 0)
    started = await shown.until("JobStarted")
    assert (started["seen"]["class"], started["seen"]["queue"], started["seen"]["process"]) == ("SleepForever", "push", process.identity)

    await process.kill()
    lost = await shown.until("JobLost")
    assert (lost["id"], lost["reason"]) == (started["id"], "its process ended without a clean stop")
    assert shown.named("ProcessVanished")[0]["reason"] == shown.named("ProcessCrashed")[0]["reason"] == "ended without a clean stop"
    await redis_server.stop()
    assert (await shown.until("SourceLost"))["kind"] == "source"
    await redis_server.start()
    await shown.until("SourceBack")

    assert await shown.end(signal.SIGTERM) == (0, "")
    assert "PRIVATE" not in "".join(shown.lines)
    assert all(change["at"].endswith("Z") for change in shown.changes)
    assert not (tmp_path / "state").exists()


async def test_only_what_was_asked_for(redis_server, show):
    """`--kind` by entity and by name; that the source is read is said in any case; people get lines; Ctrl-C is a good end."""
    client = redis_server.client()
    await client.sadd("queues", "push")
    shown = await show("--kind", "RetriesGrew", "--kind", "redis")
    first = (await shown.process.stdout.readline()).decode()
    assert first.split()[1:3] == ["source", "SourceRead"]
    await client.sadd("queues", "pull")
    await client.zadd("retry", {b"x": 1})
    async with asyncio.timeout(PATIENCE):
        second = (await shown.process.stdout.readline()).decode()
    assert second.split()[1:] == ["sidekiq", "RetriesGrew", "sidekiq", "0", "->", "1"]
    assert await shown.end(signal.SIGINT) == (0, "")


async def test_a_redis_that_can_not_be_read_is_said_and_waited_for(redis_server, show):
    """Even where it was never read: one line with a code and a sentence, then the beginning as soon as it answers."""
    await redis_server.stop()
    shown = await show("--json", "--kind", "job")
    lost = await shown.until("SourceLost")
    assert lost["seen"]["code"] == "refused"
    assert "nothing listens" in lost["reason"]
    await redis_server.start()
    await shown.until("SourceBack")
    assert [change["change"] for change in shown.changes] == ["SourceLost", "SourceRead", "SourceBack"]


async def test_it_ends_when_its_reader_does(redis_server, show):
    """`changes --follow | head -1`: no traceback, and no wait for another change to notice it."""
    reading, writing = os.pipe()
    shown = await show(stdout=writing)
    os.close(writing)
    assert b"SourceRead" in await asyncio.to_thread(os.read, reading, 4096)
    os.close(reading)
    _, complaints = await asyncio.wait_for(shown.process.communicate(), PATIENCE)
    assert (shown.process.returncode, complaints) == (128 + signal.SIGPIPE, b"")


async def test_what_an_agent_recorded(redis_server, tmp_path, until):
    """`changes` shows beside the agent what it has recorded a second ago, and the same when it was killed."""
    async with contextlib.aclosing(AgentProcess(write_config(tmp_path, url=redis_server.url, mode="observe"))) as agent:
        await agent.start()
        client = redis_server.client()

        async def shown() -> list[str]:
            status, output = await agent.ask("changes", "--json", "--kind", "queue", "--since", "10m")
            # For its first second an agent has recorded nothing.
            assert status == 0 or (status == 3 and "no agent has recorded anything" in output), output
            return [json.loads(line)["change"] for line in output.splitlines() if not status]

        async def reads() -> bool:
            return "SourceRead" in await shown()

        await until(reads, what="the agent to have recorded that it reads Redis")
        await client.sadd("queues", "push")
        await client.lpush("queue:push", b'{"jid":"a","class":"C","args":["PRIVATE"],"enqueued_at":1.7e9}')

        async def appeared() -> bool:
            return "QueueAppeared" in await shown()

        await until(appeared, what="the queue to have been recorded")
        agent.signal(signal.SIGKILL)
        await agent.wait_exit()
        assert "QueueAppeared" in await shown()
        assert "PRIVATE" not in (await agent.ask("changes"))[1]


async def test_it_ends_although_nobody_reads(redis_server, show, until):
    """A pager that was left at its first page: SIGTERM ends the command at once all the same."""
    reading, writing = os.pipe()
    try:
        shown = await show("--json", stdout=writing)
        assert b"SourceRead" in await asyncio.to_thread(os.read, reading, 4096)
        client = redis_server.client()
        await client.sadd("queues", *(f"queue-{number}" for number in range(1_000)))
        # As soon as these are told of, no room is left in the pipe.
        room = select.poll()
        room.register(writing, select.POLLOUT)
        await until(lambda: not room.poll(0), what="the pipe to be full")
        assert await shown.end(signal.SIGTERM) == (0, "")
    finally:
        os.close(reading)
        os.close(writing)
