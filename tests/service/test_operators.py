"""
People in command of the real agent: pauses by file, by command and for the whole fleet, and an incident that a person takes over half-way.

All parts are real, and each story is told at the same time as the others.
"""

import asyncio
import json
import re

import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.conftest import _eventually, push_job
from tests.service.test_by_hand import _runs
from tests.service.test_recover import Room, config_in

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(240)]
WHY = ("--reason", "maintenance")
DENIED = "decision: .*guard='paused'"


async def _in_a_room(folder, story):
    async with Room(folder) as room:
        await story(room)


async def _says(agent: AgentProcess, *line: str, code: int = 0) -> str:
    """What a command says, which must end with that code."""
    ended, output = await agent.ask(*line, *WHY)
    assert ended == code, output
    return output


async def _three_pauses(room: Room) -> None:
    """Each of the three ways stops a real action; each is lifted in its own way, and only with the last one it is done."""
    victim = await room.sidekiq.start(("push",), timeout=3)
    agent = await room.agent(write_config(room.folder, url=room.server.url, elapsed="2s"))
    (room.folder / "pause").write_text("deploy\n")
    (room.folder / "pause").rename(room.folder / "state" / "pause")
    await agent.wait_for("agent: outcome='paused' reason='the pause file: deploy'")
    assert (await _says(agent, "pause", "--for", "1h")).startswith("paused: maintenance; until 20")
    assert (await _says(agent, "pause", "--fleet", "--for", "1h")).startswith("paused: all agents of Redis at ")
    await agent.wait_for("agent: outcome='paused' reason='.*, for the whole fleet: maintenance")
    await push_job(room.client, "SleepForever")
    await agent.wait_for(DENIED)
    reason = await agent.wait_for("paused by the pause file: deploy; paused by .*: maintenance; paused for the whole fleet by ")
    assert "decision: " in reason
    _, shown = await agent.ask("status", "--json")
    assert sorted(one["source"] for one in json.loads(shown)["pauses"]) == ["", "command", "fleet"]

    (room.folder / "state" / "pause").unlink()
    await agent.wait_for("agent: outcome='resumed' reason='the pause file'")
    said = await _says(agent, "resume")
    assert re.search("lifted: that of .*; still paused: .*, for the whole fleet", said)
    assert "no such pause was given by command; still paused" in await _says(agent, "resume", code=1)
    assert victim.alive
    assert not [line for line in agent.lines if "intent:" in line]

    await _says(agent, "resume", "--fleet")
    await agent.wait_for("agent: outcome='resumed' reason='fleet'")
    assert await agent.sees_off(victim, 60) == 0
    assert "is not paused" in await _says(agent, "resume", "--fleet", code=1)


async def _before_the_agent(room: Room) -> None:
    """What is said while no agent runs is heeded before it does anything, and a key of Redis that somebody has set by hand, too; then it acts."""
    victim = await room.sidekiq.start(("push",), timeout=3)
    await push_job(room.client, "SleepForever")
    config = write_config(room.folder, url=room.server.url, elapsed="1s")
    (room.folder / "state").mkdir(mode=0o700)
    (room.folder / "state" / "pause").mkdir()
    first = await room.agent(config)
    await first.wait_for("agent: outcome='paused' reason='the pause file: no reason could be read")
    assert await first.stop() == 0
    assert "no agent runs; the command stays" in await _says(first, "pause", "--for", "1h", "--rule", "stuck-*", code=3)
    await room.client.set("sidekiq-watchdog:pause", "by hand")
    (room.folder / "state" / "pause").rmdir()

    agent = await room.agent(config)
    await agent.wait_for("operator: .*outcome='paused'")
    await agent.wait_for("agent: outcome='warning' reason='the pause of the whole fleet by somebody has no end")
    await _eventually(lambda: _is_denied(agent), within=60, what=lambda: "a denial of this agent's own:\n" + "\n".join(agent.lines))
    assert not [line for line in (*first.lines, *agent.lines) if "intent:" in line]
    await room.client.delete("sidekiq-watchdog:pause")
    await agent.wait_for("agent: outcome='resumed' reason='fleet'")
    assert victim.alive
    await _says(agent, "resume", "--rule", "stuck-*")
    assert await agent.sees_off(victim, 60) == 0


async def _is_denied(agent: AgentProcess) -> bool:
    """It has read Redis in full, and a pause is what keeps it from acting."""
    _, shown = await agent.ask("status", "--json")
    picture = json.loads(shown)
    wanted = [one for one in picture["requests"] if one["guard"] == "paused"]
    return bool(picture["agent"]["pid"] == agent.pid and picture["sources"]["redis"]["ok"] and wanted)


async def _taken_over(room: Room) -> None:
    """A recovery that is quiet and held by a pause: going on is denied anew, and closed it leaves the process quiet and alive, with its job in it."""
    victim = await room.sidekiq.start(("push",), concurrency=3)
    config = config_in(room.folder, room.server.url, drain="10m")
    agent = await room.agent(config)
    over = room.folder / "over"
    other = await push_job(room.client, "WaitForFile", [str(over)])
    await _eventually(lambda: _runs(room.client, victim, {other}), within=30, what=lambda: "the job that is waited for")
    await push_job(room.client, "SleepForever")
    await agent.wait_for("outcome: .*stage='TSTP'.*outcome='sent'", within=60)
    # Until its other job has ended it is drained, so the pause is in time however long that takes.
    await _says(agent, "pause", "--for", "1h")
    over.touch()
    held = await agent.wait_for("incident: .*outcome='held'", within=90)
    found = re.search("incident='([0-9.]+)'", held)
    assert found is not None, held
    incident = found[1]
    assert (await _says(agent, "go-on", incident)).startswith("goes on: maintenance; it was held: paused by ")
    said = await _says(agent, "close", incident)
    assert "it is quiet: it fetches no job until it is restarted" in said
    await agent.wait_for(f"incident: .*outcome='closed'.*incident='{incident}'")
    await _says(agent, "resume")
    assert "no incident" in await _says(agent, "close", incident, code=1)
    assert victim.alive
    assert await room.client.hget(victim.identity, "quiet") == b"true"
    signals = await agent.audit(lambda row: row["kind"] == "intent")
    assert [row["stage"] for row in signals] == ["TSTP"]


async def test_people_in_command(tmp_path):
    """Each story by itself."""
    stories = (_three_pauses, _before_the_agent, _taken_over)
    async with asyncio.TaskGroup() as group:
        for story in stories:
            group.create_task(_in_a_room(tmp_path / story.__name__.strip("_"), story), name=story.__name__)
