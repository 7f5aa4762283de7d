"""Deployments beside a real Sidekiq, as the real agent sees them."""

import os
import re
import time

import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.migration import OF_NOBODY, migrating

pytestmark = [pytest.mark.needs("redis-server", "sidekiq", "ruby", "setuid"), pytest.mark.timeout(180)]
RULES = """\
rules:
  - {rule: deployment, each: host, when: host.deploying, summary: "{{ host.deploy_command }} runs"}
  - {rule: old-code, each: process, when: process.code_changed, summary: "{{ process.changed_file }} is newer"}
"""


@pytest.fixture
async def agent(redis_server, tmp_path):
    """Watches, and does nothing."""
    config = write_config(tmp_path, url=redis_server.url, mode="observe")
    with config.open("a") as text:
        text.write(OF_NOBODY)
    (tmp_path / "rules.yml").write_text(RULES)
    agent = AgentProcess(config)
    yield agent
    await agent.aclose()


async def test_a_deployment_is_seen(sidekiq, agent, tmp_path):
    """A migration while it runs, by its task alone; the file that it leaves, since it is newer than the process."""
    live = sidekiq.folder
    (live / "Gemfile.lock").touch()
    os.utime(live / "Gemfile.lock", (1, 1))
    one = await sidekiq.start()
    await agent.start()
    await agent.wait_for(f"{re.escape(one.identity)} is process {one.pid} of this host")
    async with migrating("PASSWORD=hunter2"):
        await agent.wait_for("rule='deployment'.*outcome='firing' reason='rake db:migrate runs'")
        (live / "db").mkdir()
        (live / "db/schema.rb").touch()
        # A file that is hardly newer than a process may be what that was started with.
        os.utime(live / "db/schema.rb", (time.time() + 60,) * 2)
    await agent.wait_for(f"rule='old-code' entity='{re.escape(one.identity)}' outcome='firing' reason='db/schema.rb is newer'")
    await agent.wait_for("rule='deployment'.*outcome='resolved'")
    told = "\n".join(agent.lines) + (await agent.ask("status", "--json"))[1] + str(await agent.audit())
    assert "hunter2" not in told
