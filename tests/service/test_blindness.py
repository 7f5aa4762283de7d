"""A Redis that can't be read in the middle of a firing alert: nothing is done, nothing is resolved, and all goes on when it is back."""

import asyncio
import contextlib
import json

import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.proxy import Proxy

pytestmark = pytest.mark.needs("redis-server", "sidekiq")


def pause(folder, reason="the test holds it"):
    """All actions are denied from the next turn on."""
    (folder / "state").mkdir(exist_ok=True, mode=0o700)
    (folder / "state" / "pause").write_text(reason)


def unpause(folder):
    """They no longer are."""
    (folder / "state" / "pause").unlink()


async def unread(agent: AgentProcess, until, code: str) -> dict:
    """What `status` says of Redis once it gives that reason; the picture it shows may be half a second old."""

    async def says_so() -> dict | None:
        _, output = await agent.ask("status", "--json")
        picture = json.loads(output.splitlines()[0])["sources"]["redis"]
        return picture if picture.get("code") == code else None

    return await until(says_so, what=f"status to say {code}")


async def test_redis_stopped_for_30_seconds(redis_server, sidekiq, push, tmp_path, until):
    """No action while Redis is gone for 30 s though nothing else forbids it; the alert stays; afterwards the recovery is carried out."""
    victim = await sidekiq.start(("push",), timeout=3)
    pause(tmp_path)
    async with contextlib.aclosing(AgentProcess(write_config(tmp_path, url=redis_server.url, elapsed="2s"))) as agent:
        await agent.start()
        await push(redis_server.client(), "SleepForever")
        await agent.wait_for("decision: .*guard='paused'")
        await redis_server.stop()
        await agent.wait_for("source: .*outcome='lost'")
        unpause(tmp_path)
        await agent.wait_for("decision: .*guard='blind'")
        while_away = asyncio.get_running_loop().time() + 30
        picture = await unread(agent, until, "refused")
        with pytest.raises(AssertionError):
            await agent.wait_for("intent:|outcome='resolved'", within=while_away - asyncio.get_running_loop().time())
        assert victim.alive
        await redis_server.start()
        await agent.wait_for("source: .*outcome='back'")
        # A Sidekiq 7.3 that lost Redis in its first 15 s has lost its scheduler thread as well, and ends with 1 (scheduled.rb).
        assert await victim.wait_exit() in {0, 1}
        await agent.wait_for("incident: .*outcome='ended'")

    assert not picture["ok"]


async def test_every_way_of_not_answering_has_its_own_message(redis_server, sidekiq, push, tmp_path, until):
    """LOADING, MISCONF, NOAUTH, a reset in the middle of a reply: each makes the source unknown, says so in its own words, and stops actions."""
    victim = await sidekiq.start(("push",), timeout=3)
    pause(tmp_path)
    codes: dict[str, dict] = {}
    async with (
        Proxy(redis_server.port) as proxy,
        contextlib.aclosing(AgentProcess(write_config(tmp_path, url=proxy.url, elapsed="2s"))) as agent,
    ):
        await agent.start()
        await push(redis_server.client(), "SleepForever")
        await agent.wait_for("decision: .*guard='paused'")
        for mode in ("loading", "misconf", "noauth", "reset"):
            seen = len(agent.lines)
            proxy.switch(mode)
            await agent.wait_for("source: .*outcome='lost'", after=seen)
            codes[mode] = await unread(agent, until, mode)
            if mode == "reset":
                unpause(tmp_path)
                await agent.wait_for("decision: .*guard='blind'", after=seen)
            proxy.switch("")
            await agent.wait_for("source: .*outcome='back'", after=seen)
        assert await victim.wait_exit() == 0

    assert len({picture["message"] for picture in codes.values()}) == 4
    assert not any(picture["ok"] for picture in codes.values())
