"""`approve` and `deny` as somebody types them, with an agent in mode `ask` and a real Sidekiq: nothing is done before a yes, and all of it after."""

import json
import signal

import pytest

from tests.service.by_hand import Typed
from tests.service.conftest import _eventually, push_job
from tests.service.test_recover import Room, config_in
from tests.service.whereabouts import stored

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(200)]


async def typed(config, *words) -> tuple[int, str]:
    """A command: its exit code and all that it said."""
    command = await Typed.type(config, *words)
    return await command.ends(), command.said


async def test_a_yes_by_hand(tmp_path):
    """
    A stuck job: the agent asks, and does nothing though it is killed and started anew. A yes by hand, and the job is put into the retry set; a second answer
    comes too late.
    """
    async with Room(tmp_path / "room") as room:
        config = config_in(room.folder, room.server.url)
        config.write_text(config.read_text().replace("mode: act", "mode: ask"))
        victim = await room.sidekiq.start(("push",), concurrency=2)
        stuck = await push_job(room.client, "SleepForever", ["private"])
        first = await room.agent(config)
        await first.wait_for("approval: .*outcome='asked'", within=60)
        first.signal(signal.SIGKILL)
        await first.wait_exit()
        agent = await room.agent(config)
        asked = (await agent.audit(lambda row: row["kind"] == "approval"))[0]["detail"]["approval"]

        said: list[str] = []

        async def is_listed() -> bool:
            code, text = await typed(config, "approve", "--list")
            said.append(text)
            return code == 1 and f"sidekiq-watchdog approve {asked}" in text

        await _eventually(is_listed, within=60, what=lambda: said[-1])
        assert f"{asked}: recover_process on" in said[-1]
        assert "would send SIGTSTP" in said[-1]
        code, text = await typed(config, "approve", "xxxxx")
        assert (code, "nobody was asked anything under 'xxxxx'" in text) == (1, True)
        assert victim.alive

        code, text = await typed(config, "approve", asked, "--reason", "I have looked")
        assert (code, text.startswith("approved: recover_process on")) == (0, True), text
        assert await agent.sees_off(victim, 90) == -signal.SIGKILL
        await agent.wait_for("outcome: .*stage='put_back'.*outcome='1 done'", within=30)
        assert (await stored(room.client))[stuck] == ["retry"]
        code, text = await typed(config, "approve", asked, "--json")
        assert (code, json.loads(text)["reason"]) == (1, f"request {asked} is used already: approved by {_me()}")

        code, text = await typed(config, "deny", asked, "--reason", "too late")
        assert (code, "and has been begun" in text) == (1, True), text
        rows = await agent.audit(lambda row: row["kind"] == "approval")
        assert [row["outcome"] for row in rows] == ["asked", "approved", "used"]
        assert "private" not in text + "\n".join((*said, *first.lines, *agent.lines))


def _me() -> str:
    from watchdog.cli.orders import who

    return who()
