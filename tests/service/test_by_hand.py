"""
`recover` as somebody types it, beside a running agent and without one; all parts are real, and each story is told at the same time as the others.

Nothing restarts a process here but the test, as a supervisor would.
"""

import asyncio
import json
import signal

import pytest

from tests.patience import PATIENCE
from tests.service.by_hand import Typed, replaced
from tests.service.conftest import _eventually, push_job
from tests.service.test_recover import Room, config_in
from tests.service.whereabouts import running, runs, stored

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(200)]


async def _in_a_room(folder, story):
    async with Room(folder) as room:
        await story(room)


async def _asked_and_done(room: Room) -> None:
    """In dry-run mode: asked, it says everything and does nothing; ordered, it is done, and of two jobs one is next to run and the stuck one waits."""
    client = room.client
    victim = await room.sidekiq.start(("push",), concurrency=3)
    stuck, long = await push_job(client, "SleepForever", ["private"]), await push_job(client, "Sleep", [600])
    config = config_in(room.folder, room.server.url)
    config.write_text(config.read_text().replace("mode: act", "mode: dry-run"))
    agent = await room.agent(config)
    await _eventually(lambda: _runs(client, victim, {stuck, long}), within=PATIENCE, what=lambda: "both in one beat")
    options = ("--drain", "2s", "--stuck-after", "0s", "--force", "cooldown")

    await agent.wait_for("would: .*stage='TSTP'")
    asked = await Typed.type(config, "recover", str(victim.pid), "--dry-run", *options)
    assert await asked.ends() == 0
    for word in (
        "in flight: SleepForever",
        "in flight: Sleep",
        "coverage     PASS: it is the only process of queue push",
        "last_look    PASS",
        "would SIGTSTP",
    ):
        assert word in asked.said
    assert victim.alive

    ordered = await Typed.type(config, "recover", victim.identity, "--reason", "it is fat", *options)
    successor = await replaced(room.sidekiq, victim, ("push",))
    assert await ordered.ends() == 0, ordered.said
    assert "a new process of its name beats" in ordered.lines[-1]
    assert (await stored(client))[stuck] == ["retry"]
    await _eventually(lambda: _has_begun(successor, long), within=PATIENCE, what=lambda: "what came back to be run")
    rows = await agent.audit(lambda row: row["kind"] == "order")
    assert [row["outcome"] for row in rows] == ["taken", "would", "taken", "ended"]
    assert rows[2]["reason"] == "it is fat"
    assert rows[3]["detail"]["successor"] == successor.identity
    assert "private" not in asked.said + ordered.said + "\n".join(agent.lines)


async def _without_an_agent(room: Room) -> None:
    """One is begun for it, does just that, gives the folder back, and what it did can be read."""
    victim = await room.sidekiq.start(("push",), concurrency=2)
    config = config_in(room.folder, room.server.url)
    ordered = await Typed.type(config, "recover", str(victim.pid), "--reason", "by hand", "--json")
    await ordered.wait_for("TSTP")
    await replaced(room.sidekiq, victim, ("push",))
    assert await ordered.ends() == 0, ordered.said
    assert "no agent runs: one is begun for this order" in ordered.lines[0]
    rows = [json.loads(line) for line in ordered.lines if line.startswith("{")]
    assert (rows[0]["kind"], rows[0]["outcome"], rows[-1]["outcome"]) == ("order", "taken", "ended")
    assert ("intent", "TERM") in {(row["kind"], row.get("stage")) for row in rows}
    assert "KILL" not in {row.get("stage") for row in rows}
    refused = await Typed.type(config, "restart", "mastodon-sidekiq*", "--reason", "by hand")
    assert await refused.ends() == 2
    assert "there is no system bus" in refused.said
    assert "`recover PROCESS` ends a process without losing" in refused.said
    state = await Typed.type(config, "status", "--json")
    assert (await state.ends(), json.loads(state.said)["running"]) == (3, False)


async def _interrupted_too_late(room: Room) -> None:
    """Ctrl-C after SIGTSTP: it says that it can't be taken back, and the agent goes on to the end; killed in between, its successor does."""
    victim = await room.sidekiq.start(("push",), concurrency=2)
    config = config_in(room.folder, room.server.url)
    agent = await room.agent(config)
    ordered = await Typed.type(config, "recover", str(victim.pid), "--reason", "by hand")
    await ordered.wait_for("SIGTSTP: sent")
    ordered.process.send_signal(signal.SIGINT)
    assert await ordered.ends() == 1
    assert "can't be taken back any more" in ordered.said
    agent.signal(signal.SIGKILL)
    await agent.wait_exit()
    second = await room.agent(config)
    assert await second.sees_off(victim, 90) == 0
    await second.wait_for("outcome: .*stage='TERM'.*outcome='sent'")


async def _left_half_way(room: Room) -> None:
    """Without an agent, killed after SIGTSTP: the next order first brings that to its end; the process that it was for is gone then."""
    victim = await room.sidekiq.start(("push",), concurrency=2)
    config = config_in(room.folder, room.server.url)
    killed = await Typed.type(config, "recover", str(victim.pid), "--reason", "by hand")
    await killed.wait_for("SIGTSTP: sent")
    killed.process.kill()
    await killed.ends()
    second = await Typed.type(config, "recover", str(victim.pid), "--reason", "by hand")
    await replaced(room.sidekiq, victim, ("push",))
    assert await second.ends() == 2, second.said
    assert "first comes what an earlier order left half-way: recover_process on" in second.said
    assert f"there is no Sidekiq process {victim.pid}" in second.said
    assert victim.process.returncode == 0


async def _taken_back(room: Room) -> None:
    """Nobody takes it while the agent is stopped: Ctrl-C takes it back, and nothing is done when the agent goes on."""
    victim = await room.sidekiq.start(("push",), concurrency=2)
    config = config_in(room.folder, room.server.url)
    agent = await room.agent(config)
    await _eventually(lambda: _is_shown(config, victim.identity), within=PATIENCE, what=lambda: "the process in the picture")
    agent.signal(signal.SIGSTOP)
    ordered = await Typed.type(config, "recover", victim.identity, "--reason", "by hand")
    await _eventually(lambda: _lies(room), within=PATIENCE, what=lambda: "the order")
    ordered.process.send_signal(signal.SIGINT)
    assert await ordered.ends() == 3
    assert "it is taken back, and nothing was done" in ordered.said
    agent.signal(signal.SIGCONT)
    agent.signal(signal.SIGHUP)
    await agent.wait_for("reloaded: mode act")
    assert await agent.audit(lambda row: row["kind"] == "order") == []
    assert victim.alive


async def _has_begun(successor, jid) -> bool:
    return jid in runs([successor.log], "start")


async def _runs(client, victim, jids) -> bool:
    return await running(client, [victim.identity]) == jids


async def _is_shown(config, identity: str) -> bool:
    shown = await Typed.type(config, "status", "--json")
    await shown.ends()
    return (
        any(one["id"] == identity and one["local"] for one in json.loads(shown.said).get("processes", ()))
        if shown.said.startswith("{")
        else False
    )


async def _lies(room: Room) -> bool:
    return any((room.folder / "state" / "orders").glob("*.order"))


STORIES = {
    story.__name__.strip("_"): story for story in (_asked_and_done, _without_an_agent, _interrupted_too_late, _left_half_way, _taken_back)
}


@pytest.fixture(scope="module")
def ends(request, tmp_path_factory):
    """Name of each story that is asked for → what went wrong in it."""
    wanted = [name for name in STORIES if any(item.name == f"test_by_hand[{name}]" for item in request.session.items)]
    folder = tmp_path_factory.mktemp("hands")

    async def tell_all():
        told = (_in_a_room(folder / str(number), STORIES[name]) for number, name in enumerate(wanted))
        return await asyncio.gather(*told, return_exceptions=True)

    return dict(zip(wanted, asyncio.run(tell_all()), strict=True))


@pytest.mark.parametrize("name", STORIES)
def test_by_hand(ends, name):
    """What each story says; see there."""
    if (error := ends[name]) is not None:
        raise error
