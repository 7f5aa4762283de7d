"""Settings of the application beside a real Sidekiq, as the real agent sees them."""

import asyncio
import os

import pytest

from tests.service.agent import AgentProcess, write_config

pytestmark = [pytest.mark.needs("redis-server", "sidekiq", "ruby"), pytest.mark.timeout(180)]
RULES = 'rules: [{rule: setting-off, each: setting, when: not setting.as_expected, summary: "{{ setting.key }} in {{ setting.file }}"}]\n'
SETTINGS = """\
settings:
  concurrency: {file: .env.production, key: SIDEKIQ_CONCURRENCY, is: hunter2}
  pool: {file: .env.production, key: DB_POOL}
"""


@pytest.fixture
async def agent(redis_server, tmp_path):
    """Watches, and does nothing."""
    config = write_config(tmp_path, url=redis_server.url, mode="observe")
    config.write_text(config.read_text() + SETTINGS)
    (tmp_path / "rules.yml").write_text(RULES)
    agent = AgentProcess(config)
    yield agent
    await agent.aclose()


async def test_a_setting_that_is_another_one(sidekiq, agent, tmp_path):
    """It is looked for where Sidekiq runs, told, and over when the file is corrected; what it holds or should hold stands nowhere."""
    env = sidekiq.folder / ".env.production"
    env.write_text("SIDEKIQ_CONCURRENCY=hunter3\nDB_POOL=25\n")
    await sidekiq.start()
    await agent.start()
    await agent.wait_for("rule='setting-off' entity='concurrency' outcome='firing' reason='SIDEKIQ_CONCURRENCY in .env.production'")
    env.write_text("SIDEKIQ_CONCURRENCY=hunter2\nDB_POOL=25\n")
    os.utime(env, (1, 1))
    await agent.wait_for("rule='setting-off' entity='concurrency' outcome='resolved'")
    told = "\n".join(agent.lines) + (await agent.ask("status", "--json"))[1] + str(await agent.audit())
    assert "entity='pool'" not in told
    await agent.stop()

    def kept() -> bytes:
        return b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())

    assert b"hunter" not in told.encode() + await asyncio.to_thread(kept)
