"""An agent on a machine without systemd: a container, or another init."""

import contextlib
import json
from pathlib import Path

import pytest

from tests.service.agent import AgentProcess, write_config

pytestmark = pytest.mark.needs("redis-server")
RULES = """\
rules:
  - {rule: climbing, each: process, when: unit(process.unit).restarts > 3}
  - {rule: failed, each: unit, when: unit.failed}
"""


async def test_it_works_and_says_what_it_can_not_do(redis_server, tmp_path, until):
    """One line in the log and one in `status`; nothing is lost, no alert, and the library that speaks D-Bus is not even loaded."""
    config = write_config(tmp_path, url=redis_server.url)
    (tmp_path / "rules.yml").write_text(RULES)
    async with contextlib.AsyncExitStack() as stack:
        agent = AgentProcess(config)
        stack.push_async_callback(agent.aclose)
        await agent.start()
        await agent.wait_for("there is no system bus at /nowhere/bus: rules on units are not judged, and no unit can be started or stopped")
        assert "dbus_fast" not in Path(f"/proc/{agent.pid}/maps").read_text()

        async def picture() -> dict | None:
            code, output = await agent.ask("status", "--json")
            shown = json.loads(output.splitlines()[0])
            return shown if code == 0 and shown["sources"]["redis"]["ok"] else None

        shown = await until(picture)
        assert (shown["units"], shown["units_absent"]) == ([], "there is no system bus at /nowhere/bus")
        assert "systemd" not in shown["sources"]
        _, output = await agent.ask("status")
        assert "systemd: not there (there is no system bus at /nowhere/bus)" in output
        assert await agent.stop() == 0
    assert not [line for line in agent.lines if "lost" in line]
