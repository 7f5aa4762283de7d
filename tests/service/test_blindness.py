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


async def source(agent: AgentProcess) -> dict:
    """What `status` says of Redis."""
    _, output = await agent.ask("status", "--json")
    return json.loads(output.splitlines()[0])["sources"]["redis"]


async def test_redis_stopped_for_30_seconds(redis_server, sidekiq, push, tmp_path):
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
        picture = await source(agent)
        with pytest.raises(AssertionError):
            await agent.wait_for("intent:|outcome='resolved'", within=while_away - asyncio.get_running_loop().time())
        assert victim.alive
        await redis_server.start()
        await agent.wait_for("source: .*outcome='back'")
        assert await victim.wait_exit(20) == 0
        await agent.wait_for("incident: .*outcome='ended'")

    assert (picture["ok"], picture["code"]) == (False, "refused")


async def test_every_way_of_not_answering_has_its_own_message(redis_server, sidekiq, push, tmp_path):
    """LOADING, MISCONF, NOAUTH, a reset in the middle of a reply: each makes the source unknown, says so in its own words, and stops actions."""
    victim = await sidekiq.start(("push",), timeout=3)
    pause(tmp_path)
    codes: dict[str, dict] = {}
    async with Proxy(redis_server.port) as proxy, contextlib.aclosing(AgentProcess(write_config(tmp_path, url=proxy.url, elapsed="2s"))) as agent:
        await agent.start()
        await push(redis_server.client(), "SleepForever")
        await agent.wait_for("decision: .*guard='paused'")
        for mode in ("loading", "misconf", "noauth", "reset"):
            seen = len(agent.lines)
            proxy.switch(mode)
            await agent.wait_for("source: .*outcome='lost'", after=seen)
            codes[mode] = {}
            async with asyncio.timeout(20):
                while codes[mode].get("code") != mode:
                    await agent.wait_for(".", after=0)
                    codes[mode] = await source(agent)
            if mode == "reset":
                unpause(tmp_path)
                await agent.wait_for("decision: .*guard='blind'", after=seen)
            proxy.switch("")
            await agent.wait_for("source: .*outcome='back'", after=seen)
        assert await victim.wait_exit(20) == 0

    assert len({picture["message"] for picture in codes.values()}) == 4
    assert not any(picture["ok"] for picture in codes.values())
