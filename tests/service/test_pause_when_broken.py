"""The file `pause` where everything else is broken: the config, Redis, the disk, the database; each with a real agent."""

import contextlib
import signal
from pathlib import Path

import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.test_daemon_disk_full import fill, small_disk  # noqa: F401  (a fixture)

pytestmark = pytest.mark.needs("redis-server")


def put(folder: Path, state: Path, reason: str) -> None:
    """The file comes with its words."""
    (folder / "draft").write_text(f"{reason}\n")
    (folder / "draft").rename(state / "pause")


async def test_config_redis_and_database(redis_server, tmp_path):
    """
    A config that is refused at a reload, a Redis that is gone, a database that is damaged: with each of them, and with all of them, the file pauses the agent.

    Nothing else is needed for it: no config that can be read, no Redis, no memory.
    """
    config, state = write_config(tmp_path, url=redis_server.url), tmp_path / "state"
    good = config.read_text()
    async with contextlib.AsyncExitStack() as stack:
        agent = AgentProcess(config)
        stack.push_async_callback(agent.aclose)
        await agent.start()

        config.write_text("mode: [nonsense\n")
        agent.signal(signal.SIGHUP)
        await agent.wait_for("reload refused")
        put(tmp_path, state, "the config is broken")
        await agent.wait_for("outcome='paused' reason='the pause file: the config is broken'")
        (state / "pause").unlink()
        await agent.wait_for("outcome='resumed' reason='the pause file'")

        await redis_server.stop()
        await agent.wait_for("source: .*entity='redis'.* outcome='lost'")
        put(tmp_path, state, "Redis is gone")
        await agent.wait_for("outcome='paused' reason='the pause file: Redis is gone'")
        agent.signal(signal.SIGKILL)
        await agent.wait_exit()

        (state / "watchdog.db").write_bytes(b"no database any more\n" * 500)
        (state / "watchdog.db-wal").unlink(missing_ok=True)
        put(tmp_path, state, "and so is the database")
        config.write_text(good)
        successor = AgentProcess(config)
        stack.push_async_callback(successor.aclose)
        await successor.start()
        await successor.wait_for("the database was damaged and is set aside as")
        await successor.wait_for("outcome='paused' reason='the pause file: and so is the database'")
        assert await successor.stop() == 0


@pytest.mark.needs("mount")
async def test_a_full_disk(redis_server, small_disk, tmp_path):  # noqa: F811
    """Nothing can be written down, so nothing is done; when there is room again the pause is in force."""
    config = write_config(tmp_path, url=redis_server.url)
    async with contextlib.aclosing(AgentProcess(config)) as agent:
        await agent.start()
        (small_disk / "pause-to-be").write_text("deploy\n")
        ballast = fill(small_disk)
        # A name in the same folder needs no room.
        (small_disk / "pause-to-be").rename(small_disk / "pause")
        await agent.wait_for("nothing can be written down, so nothing is done: .*full")
        ballast.unlink()
        await agent.wait_for("outcome='paused' reason='the pause file: deploy'")
        assert await agent.stop() == 0
