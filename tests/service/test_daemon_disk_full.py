"""A full disk: without an audit row nothing is done, the agent lives on, and goes on when there is room again."""

import contextlib
import errno
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.hook import Hook

pytestmark = pytest.mark.needs("redis-server", "sidekiq", "mount")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The state folder on a disk of its own, of 2 MB."""
    disk = tmp_path / "state"
    disk.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk: Path) -> Path:
    """Takes all the room that is left; the file to be removed."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017
    return ballast


async def test_no_row_no_action_and_on_it_goes(redis_server, sidekiq, push, small_disk, tmp_path):
    """
    A stuck process is left alone while nothing can be written down, and ended when it can; systemd hears of a living agent all the time.

    People hear of it although no outbox can be written: by the line that systemd shows, by the log, and by their receivers, at once and when it is over.
    """
    victim = await sidekiq.start(("push",), timeout=2)
    async with Hook() as hook, contextlib.AsyncExitStack() as stack:
        config = write_config(tmp_path, url=redis_server.url, elapsed="3s", grace="20s", hook=hook.url)
        agent = await stack.enter_async_context(contextlib.aclosing(AgentProcess(config, env={"WATCHDOG_USEC": "6000000"})))
        await agent.start()
        await agent.wait_for(f"is process {victim.pid} of this host")
        rows = len(await agent.audit())
        ballast = fill(small_disk)
        await push(redis_server.client(), "SleepForever")
        await agent.wait_for("nothing can be written down, so nothing is done: .*full")
        await agent.notified("can't write anything down and does nothing")
        told = await hook.wait_for("agent.warning")
        assert told["data"]["severity"] == "critical"
        assert "full" in told["data"]["title"]
        for _ in range(4):
            await agent.notified("WATCHDOG=1")
        status, output = await agent.ask("status", "--json")
        assert victim.alive
        assert "Shutting down" not in victim.log.read_text()
        assert len(await agent.audit()) == rows
        assert status == 0, output
        assert json.loads(output.splitlines()[0])

        ballast.unlink()
        await agent.wait_for("the store can be written again")
        await hook.wait_for("agent.warning", title="the store can be written again")
        assert await victim.wait_exit() == 0
        await agent.wait_for("incident: .*outcome='ended'")
        written = await agent.audit(lambda row: row["kind"] in ("intent", "incident"))
        assert [(row["kind"], row["stage"], row["outcome"]) for row in written] == [
            ("incident", "evidence", "opened"), ("intent", "TERM", ""), ("incident", "over", "ended"),
        ]  # fmt: skip
        assert (await agent.ask("audit", "--verify"))[0] == 0
        assert await agent.stop() == 0


async def test_an_agent_is_ended_on_a_full_disk(redis_server, sidekiq, push, small_disk, tmp_path):
    """SIGTERM while nothing can be written ends it within 5 s; the next one, with room, begins where the first could last write."""
    await sidekiq.start(("push",))
    config = write_config(tmp_path, url=redis_server.url, mode="dry-run", elapsed="1s")
    async with contextlib.aclosing(AgentProcess(config)) as agent:
        await agent.start()
        ballast = fill(small_disk)
        await push(redis_server.client(), "SleepForever")
        await agent.wait_for("nothing can be written down")
        agent.signal(15)
        assert await agent.wait_exit() == 0
        assert "the end could not be written down" in "\n".join(agent.lines)
    ballast.unlink()
    async with contextlib.aclosing(AgentProcess(config)) as agent:
        await agent.start()
        await agent.wait_for("would: .*stage='TERM'")
        assert (await agent.ask("audit", "--verify"))[0] == 0
        assert await agent.stop() == 0
