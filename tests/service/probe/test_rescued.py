"""What the probe knows brings the jobs back: after a crash that nobody watched, in a recovery, and when the agent itself is killed in the middle of one."""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.agent import NO_SYSTEMD, AgentProcess, write_config, write_recovery
from tests.service.matrix.parts import SIDEKIQS, Sidekiq
from tests.service.probe.crashing import crash_under_load, killed, rescuer
from tests.service.probe.running import THREADS, Place
from watchdog.model.effects import When
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, PlaceKind

pytestmark = [pytest.mark.needs("bookworm"), pytest.mark.timeout(180)]

SUITES = [pytest.param(suite, id=f"Sidekiq {release}", marks=pytest.mark.needs(suite)) for suite, release in SIDEKIQS.items()]
RESCUE = """\
rules:
  - {rule: rescue, each: process, on: JobsLeftBehind, then: [{put_back_jobs: {process: process}}], notify: [ops]}
"""
LEFT = """\
rules:
  - {rule: left, each: process, on: JobsLeftBehind, where: 'process.local and process.probe == "fetch"', keep_firing_for: 10m, notify: [ops]}
"""


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("strength", ["observe", "fetch"])
async def test_a_crash_under_load(suite, strength, tmp_path):
    """Killed under 300 jobs a second: *fetch* loses none; *observe* no more than the recovery says that it can't name, one for each idle thread. Nothing is left of the probe."""
    async with Place(suite, tmp_path / "place") as place, rescuer(place, tmp_path / "state") as hands:
        row = await crash_under_load(hands, strength, "SIGKILL", rate=300, chance=random.Random(strength))

    assert row["lost"] <= row["unnamed at most"] <= (THREADS if strength == "observe" else 0), row
    # A job that was done in the very moment of the kill, and not acknowledged yet, runs again: one a thread at most.
    assert row["duplicated"] <= THREADS, row
    assert row["keys left"] == 0, row


@pytest.mark.parametrize("suite", SUITES[:1])
@pytest.mark.parametrize("strength", ["observe", "fetch"])
async def test_what_ran_when_it_was_asked_and_ended_before_the_end(suite, strength, tmp_path):
    """A job that was in flight, and kept for it, and that is done by the time of the death is not put back; one that began since is."""
    async with Place(suite, tmp_path / "place") as place, rescuer(place, tmp_path / "state") as hands:
        victim = await place.start(strength, threads=1)
        await hands.watch(victim)
        (early,) = await place.push("Held")
        await place.until(lambda: place.lines("began") == [early], "it to begin")
        before = await hands.gather(victim, When.BEFORE, incident="7.0")
        assert [(job.jid, job.certainty, job.sources) for job in before.jobs] == [(early, Certainty.PROVEN, ("probe",))]
        (place.folder / "go").touch()
        await place.until(lambda: place.lines("done") == [early], "it to be done")
        (place.folder / "go").unlink()
        (late,) = await place.push("Held")
        await place.until(lambda: place.lines("began") == [early, late], "the other to begin")
        await killed(place, victim)
        found = await hands.gather(victim, incident="7.0")

        assert ([job.jid for job in found.jobs], found.unnamed) == ([late], 0)
        assert [one.jid for one in (await hands.put_back(found, PlaceKind.RETRY)).placed if one.fate is Fate.DONE] == [late]
        assert await place.client.zcard("retry") == 1
        assert await _left(place) == []


@pytest.mark.parametrize("suite", SUITES[:1])
async def test_a_crash_while_nobody_watched(suite, tmp_path):
    """An agent that is started after the last trace of the process has gone from Redis finds what its probe left, and tells it; it is there to be put back, and to run."""
    async with Place(suite, tmp_path / "place") as place, rescuer(place, tmp_path / "state") as hands:
        victim = await place.start("fetch")
        held = await place.push("Held", ["private"], count=2)
        await place.until(lambda: len(place.lines("began")) == 2, "both to begin")
        await killed(place, victim)
        # A minute passes, and somebody looks at Sidekiq's page of processes.
        await place.client.delete(victim.identity, f"{victim.identity}:work", f"{victim.identity}:workers")
        await place.client.srem("processes", victim.identity)
        folder = tmp_path / "agent"
        folder.mkdir()
        config = write_config(folder, url=place.store.url, mode="observe")
        (folder / "rules.yml").write_text(LEFT)
        async with _agent(config) as agent, asyncio.TaskGroup() as group:
            followed = group.create_task(_follows(config))
            await agent.wait_for(f"{victim.identity} is gone; jobs that its probe has left in Redis: 2")
            await agent.wait_for(f"rule='left' entity='{victim.identity}'")
            await place.until(lambda: _shown(agent, victim), "status to show it")
            assert "private" not in "\n".join(agent.lines)
        assert followed.result() == {"change": "JobsLeftBehind", "id": victim.identity}
        found = await hands.gather(victim)
        assert (sorted(job.jid for job in found.jobs), found.unnamed) == (sorted(held), 0)
        await hands.put_back(found)

        (place.folder / "go").touch()
        await place.start("off")
        await place.until(lambda: sorted(place.lines("done")) == sorted(held), "both to be done")
        assert await _left(place) == []


@pytest.mark.parametrize("suite", SUITES[:1])
@pytest.mark.parametrize("strength", ["observe", "fetch"])
async def test_a_crash_while_nobody_watched_is_made_good(suite, strength, tmp_path):
    """A rule that waits for it puts the jobs back, once; they run, and nothing is left of the probe."""
    async with Place(suite, tmp_path / "place") as place:
        victim = await place.start(strength)
        held = await place.push("Held", count=2)
        await place.until(lambda: len(place.lines("began")) == 2, "both to begin")
        await killed(place, victim)
        # A minute passes, and somebody looks at Sidekiq's page of processes.
        await place.client.delete(victim.identity, f"{victim.identity}:work", f"{victim.identity}:workers")
        await place.client.srem("processes", victim.identity)
        folder = tmp_path / "agent"
        folder.mkdir()
        config = write_config(folder, url=place.store.url)
        (folder / "rules.yml").write_text(RESCUE)
        async with _agent(config) as agent:
            await agent.wait_for("outcome: .*stage='put_back'.*outcome='2 done'")
            (place.folder / "go").touch()
            await place.start("off")
            await place.until(lambda: len(place.lines("done")) >= 2, "both to be done")
            ended = await agent.wait_for("incident: .*outcome='ended'")

        assert "2 put back into its queue (2 from probe)" in ended
        assert sorted(place.lines("done")) == sorted(held)
        assert await _left(place) == []


async def _follows(config: Path) -> dict[str, str]:
    """The first such change that is shown without an agent."""
    program = Path(sys.executable).with_name("sidekiq-watchdog")
    options = ("changes", "--follow", "--json", "--kind", "JobsLeftBehind", "--config", str(config))
    process = await asyncio.create_subprocess_exec(program, *options, stdout=asyncio.subprocess.PIPE, env={**os.environ, **NO_SYSTEMD})
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            async for line in process.stdout:
                if (shown := json.loads(line))["kind"] == "process":
                    return {key: shown[key] for key in ("change", "id")}
    finally:
        process.terminate()
        await process.communicate()
    raise AssertionError("it has ended")


async def _shown(agent: AgentProcess, victim: Sidekiq) -> bool:
    picture = json.loads((await agent.ask("status", "--json"))[1])
    return [(one["identity"], one["strength"], one["jobs"]) for one in picture["left_behind"]] == [(victim.identity, "fetch", 2)]


@pytest.mark.parametrize("suite", SUITES[:1])
async def test_a_wedged_process(suite, tmp_path):
    """
    The real agent recovers it: the stuck job waits for its second chance, the other one is next, and nothing is left of the probe.

    With either strength; and with *fetch* also where the agent is killed when it has put back a job, or both, and has not written it down.
    """
    stories = [("observe", ""), ("fetch", ""), ("fetch", "place:1:after"), ("fetch", "PutBack:1:after")]
    async with asyncio.TaskGroup() as group:
        for number, (strength, point) in enumerate(stories):
            group.create_task(_recovered(suite, tmp_path / str(number), strength, point))


async def _recovered(suite: str, folder: Path, strength: str, point: str) -> None:
    async with Place(suite, folder / "p") as place:
        victim = await place.start(strength, queues=("push",), threads=2, timeout=25)
        (stuck,), (long,) = await place.push("Held"), await place.push("Count", [600])
        config = write_recovery(write_config(folder, url=place.store.url), where='job.class == "Held"', drain="4s")
        if point:
            async with _agent(config, DIE_AT=point) as mortal:
                assert await mortal.wait_exit(90) == -signal.SIGKILL
        async with _agent(config) as agent:
            assert await agent.sees_off(victim, 90) == -signal.SIGKILL
            await agent.audit_has(lambda row: row["kind"] == "outcome" and row["stage"] == "put_back" and row["outcome"] == "2 done")
            incidents = {row["incident"] for row in await agent.audit(lambda row: row["stage"] == "put_back")}
            named = await agent.audit(lambda row: "in flight: 2 proven" in row["outcome"])

        assert len(incidents) == 1, point
        assert named, point
        assert [_jid(job) for job in await place.client.lrange("queue:push", 0, -1)] == [long], point
        assert [_jid(job) for job in await place.client.zrange("retry", 0, -1)] == [stuck], point
        assert await _left(place) == [], point


def _jid(job: Any) -> Any:
    return json.loads(job)["jid"]


async def _left(place: Place) -> list[str]:
    """The keys of probes."""
    return [key for key in await place.keys() if key.startswith(("sidekiq-watchdog:probe", "sidekiq-watchdog:fetch:"))]


@contextlib.asynccontextmanager
async def _agent(config: Path, **env: str) -> AsyncIterator[AgentProcess]:
    async with contextlib.aclosing(AgentProcess(config, env=env)) as agent:
        await agent.start(ready=False)
        yield agent
