"""
The story of the demo: all is well; a worker is wedged; the agent says what it would do; then it does it.

Every turn waits for what it tells, so the story can't claim what did not happen: where the agent or
the machine does not play along, it says so and ends with exit code 1.
"""

import asyncio
import signal
import time
from pathlib import Path
from typing import Final

import msgspec
from redis.asyncio import Redis

from watchdog.demo import jobs
from watchdog.demo.agent import GRACE_S, STUCK_S, Agent
from watchdog.demo.producer import produce
from watchdog.demo.screen import Screen
from watchdog.demo.server import connect, running_server
from watchdog.demo.stage import Stage, StoryError
from watchdog.demo.supervisor import Supervisor, Unit
from watchdog.demo.telling import Tone
from watchdog.store.chain import Verified
from watchdog.store.reading import verify

UNITS: Final = (Unit("push-1", ("push",), 5), Unit("push-2", ("push", "pull"), 5), Unit("pull-1", ("pull", "default"), 5))
RATES: Final = {"push": 17.0, "pull": 2.0, "default": 2.0}
"""Jobs a second. A worker does twelve: two of them keep up with `push`, one alone does not."""
CALM_S: Final = 4.0


class Report(msgspec.Struct, frozen=True):
    """What happened, to be told at the end."""

    unit: str
    old_pid: int
    new_pid: int
    held_s: int
    lost: int
    peak: int
    now: int
    rows: int
    seconds: float

    def lines(self) -> list[str]:
        """In sentences."""
        return [
            f"Worker {self.unit} (pid {self.old_pid}) held {self.lost} jobs for up to {self.held_s} s and ignored SIGTERM.",
            "In dry-run the agent said what it would do, and sent nothing.",
            f"In act it sent SIGTERM, waited {GRACE_S} s, sent SIGKILL; the supervisor started pid {self.new_pid}.",
            f"The {self.lost} jobs in the worker's hands went with it, as they do whenever Sidekiq is killed.",
            f"Queue push had grown to {self.peak} jobs and is down to {self.now}.",
            f"The audit trail of all this has {self.rows} rows, and its chain of hashes is whole. It took {self.seconds:.0f} s.",
        ]


async def play(screen: Screen, folder: Path) -> Report:
    """The whole story in that folder, which is to be empty; whatever was started is stopped at the end, however it comes."""
    async with running_server(folder) as socket:
        client = connect(socket)
        supervisor = Supervisor(UNITS, socket=socket, folder=folder)
        agent = Agent(folder, socket)
        stage = Stage(client=client, supervisor=supervisor, agent=agent, screen=screen)
        try:
            async with asyncio.TaskGroup() as group:
                world = (
                    group.create_task(supervisor.run(), name="supervisor"),
                    group.create_task(produce(client, RATES), name="producer"),
                )
                report = await _story(stage, client, state=folder / "state")
                stage.say("the curtain falls: workers, agent and server are stopped")
                for task in world:
                    task.cancel()
        finally:
            await client.aclose()
    return report


async def _story(stage: Stage, client: Redis, *, state: Path) -> Report:
    began = time.monotonic()
    stage.screen.chapter("three workers, all is well")
    await stage.until(lambda: all(worker.state == "working" for worker in stage.picture.workers), within=20, what="three workers that beat")
    await stage.linger(CALM_S)

    async with stage.agent.running("dry-run") as agent:
        await stage.until(
            lambda: _seen(stage, "agent", outcome="rules in force"), within=20, what="an agent with its rules in force", beside=agent
        )
        stage.screen.chapter("a job wedges its worker; the agent, in dry-run, says what it would do")
        stage.say("a job goes into queue push after which its worker ends no other, and ignores SIGTERM", Tone.WARNING)
        await jobs.push(client, "push", jobs.payload(jobs.WEDGE, "push", []))
        await stage.until(lambda: _wedged(stage) is not None, within=20, what="a wedged worker", beside=agent)
        name = _wedged(stage) or ""
        old_pid = stage.worker(name).pid or 0
        await stage.until(lambda: _seen(stage, "would", stage="KILL"), within=STUCK_S + 20, what="what dry-run would do", beside=agent)
        await stage.linger(GRACE_S + 2, beside=agent)
        if stage.supervisor.pids.get(name) != old_pid or "received" in stage.supervisor.log(name).read_text():
            raise StoryError("dry-run was to send nothing, but the worker got a signal")
        stage.say(f"that time has passed, and {name} got no signal: dry-run touches nothing", Tone.GOOD)

    stage.screen.chapter("the same agent, the same rule, in act")
    async with stage.agent.running("act") as agent:
        await stage.until(lambda: _seen(stage, "intent", stage="TERM"), within=30, what="TERM", beside=agent)
        held = stage.worker(name)
        await stage.until(lambda: _seen(stage, "intent", stage="KILL"), within=GRACE_S + 15, what="KILL after TERM", beside=agent)
        await stage.until(
            lambda: any(ended.pid == old_pid for ended in stage.supervisor.ended), within=10, what=f"the end of {name}", beside=agent
        )
        end = next(ended for ended in stage.supervisor.ended if ended.pid == old_pid)
        if end.code != -signal.SIGKILL or "received TERM, but is wedged" not in stage.supervisor.log(name).read_text():
            raise StoryError(f"{name} was to ignore TERM and be ended by KILL; it ended with code {end.code}")
        stage.say(f"{name} (pid {old_pid}) is dead; the supervisor starts it again", Tone.ACTION)
        await stage.until(lambda: stage.worker(name).state == "working", within=20, what=f"a new {name}", beside=agent)
        new_pid = stage.worker(name).pid or 0
        stage.screen.chapter("the queue moves again")
        stage.say(f"{name} works again, with pid {new_pid}", Tone.GOOD)
        await stage.until(lambda: _seen(stage, "incident", outcome="verified"), within=60, what="the proof that it helped", beside=agent)

    checked = await asyncio.to_thread(verify, state)
    if not isinstance(checked, Verified):
        raise StoryError(f"the audit trail is broken at row {checked.seq}: {checked.what}")
    return Report(
        unit=name, old_pid=old_pid, new_pid=new_pid, held_s=held.held_s, lost=held.held, peak=stage.peak["push"], now=stage.picture.waiting["push"],
        rows=checked.rows, seconds=time.monotonic() - began,
    )  # fmt: skip


def _seen(on: Stage, kind: str, /, **fields: str) -> bool:
    return any(row["kind"] == kind and all(row[name] == value for name, value in fields.items()) for row in on.rows)


def _wedged(stage: Stage) -> str | None:
    return next((worker.name for worker in stage.picture.workers if worker.held), None)
