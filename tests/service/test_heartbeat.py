"""A real agent and whoever listens to its heart: it beats while the agent works, and says when it can't."""

import asyncio
import re

import pytest

from tests.patience import PATIENCE
from tests.service.agent import AgentProcess, write_config
from tests.unit.receivers.conftest import Endpoint

pytestmark = pytest.mark.needs("redis-server")


async def test_the_heart_of_an_agent(redis_server, tmp_path):
    """Its beginning, then a beat once it makes turns, with counts alone; that it can't read Redis any more is a failure."""
    listener = Endpoint()
    await listener.up()

    async def said() -> str:
        return (await asyncio.wait_for(listener.requests.get(), PATIENCE))[1].decode()

    config = write_config(tmp_path, url=redis_server.url, mode="dry-run")
    config.write_text(f"{config.read_text()}heartbeat: {{url: '{listener.url}', every: 10s}}\n")
    agent = AgentProcess(config)
    try:
        await agent.start()
        assert await said() == "begins"
        assert re.fullmatch(r"dry-run: 0 alerts, 0 incidents, \d+ turns since the last beat(, can't read [a-z_, ]+)?", await said())
        await redis_server.stop()
        async with asyncio.timeout(3 * PATIENCE):
            while "can't read redis" not in await said():
                pass
        assert "topsecret" not in "".join(agent.lines)
    finally:
        await agent.aclose()
        await listener.down()
