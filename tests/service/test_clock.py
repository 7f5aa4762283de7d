"""A real agent whose clock on the wall is set forward by a day in the middle of an incident, and then back by two."""

import contextlib
import signal
from pathlib import Path

import msgspec
import pytest

from tests.service.agent import AgentProcess, write_config
from watchdog.model.effects import Effect, SendSignal
from watchdog.model.events import Event, decode

pytestmark = pytest.mark.needs("redis-server", "sidekiq")

DAY = 86_400_000
GRACE = 4_000
EFFECTS: msgspec.json.Decoder[tuple[Effect, ...]] = msgspec.json.Decoder(tuple[Effect, ...])


def turns(trace: Path) -> list[tuple[Event, tuple[Effect, ...]]]:
    """Every committed turn, as the agent wrote them down; a pair of lines that is just being written does not count."""
    lines = trace.read_bytes().splitlines()
    return [(decode(event), EFFECTS.decode(effects)) for event, effects in zip(lines[::2], lines[1::2], strict=False)]


async def test_a_clock_that_is_set_by_days(redis_server, sidekiq, push, until, tmp_path):
    """
    KILL comes after `grace` and not before, though a day has gone by on the wall; the cooldown holds although no time has, also for the next agent.

    Nothing is doubted: within one boot the clock on the wall says nothing of how long something took.
    """
    wall, trace = tmp_path / "wall", tmp_path / "trace"
    config = write_config(tmp_path, url=redis_server.url, elapsed="2s", grace=f"{GRACE}ms")
    async with contextlib.AsyncExitStack() as stack:

        def set_wall(off: int) -> None:
            (tmp_path / "draft").write_text(str(off))
            (tmp_path / "draft").rename(wall)

        async def agent(**env: str) -> AgentProcess:
            one = AgentProcess(config, env={"WALL": str(wall), "TRACE": str(trace), **env})
            stack.push_async_callback(one.aclose)
            return await one.start()

        set_wall(0)
        # It takes longer than `grace` to end, so that it is killed.
        victim = await sidekiq.start(("push",), timeout=60)
        first = await agent(STOP_AT="SendSignal:1:after")
        await push(redis_server.client(), "SleepForever")
        # It holds still right after its TERM: whatever follows, follows the setting of the clock.
        await until(lambda: "State:\tT" in Path(f"/proc/{first.pid}/status").read_text(), what="an agent that has sent TERM")
        set_wall(DAY)
        first.signal(signal.SIGCONT)
        assert await victim.wait_exit() == -9
        await first.wait_for("incident: .*outcome='ended'")
        assert await first.stop() == 0

        set_wall(-DAY)
        told = len(turns(trace))
        second = await agent()
        await sidekiq.start(("push",), timeout=25)
        await push(redis_server.client(), "SleepForever")
        await second.wait_for("decision: .*decision='DENY' guard='cooldown'")
        assert await second.stop() == 0

    all_turns = turns(trace)
    sent = [(effect.signal.value, event) for event, effects in all_turns for effect in effects if isinstance(effect, SendSignal)]
    assert [name for name, _ in sent] == ["TERM", "KILL"]
    (_, term), (_, kill) = sent
    assert kill.at - term.at >= GRACE
    assert kill.wall - term.wall >= DAY, "the clock was set in between"
    assert all_turns[told][0].wall < term.wall - DAY // 2, "and set back"
    assert not any("in doubt" in line or "nothing is done but" in line for line in (*first.lines, *second.lines))
