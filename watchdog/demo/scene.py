"""
The story of the demo: all is well; a job wedges its worker; the agent says what it would do; then it does it, and once more when the job comes again.

Every turn waits for what it tells, so the story can't claim what did not happen: where the agent or
the machine does not play along, it says so and ends with exit code 1.
"""

import asyncio
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson
from redis.asyncio import Redis

from watchdog.demo import jobs
from watchdog.demo.agent import DRAIN_S, STUCK_S, Agent
from watchdog.demo.heart import BEAT_S
from watchdog.demo.open_house import OpenHouse, tell
from watchdog.demo.producer import produce
from watchdog.demo.report import Report
from watchdog.demo.screen import Screen
from watchdog.demo.server import connect, running_server
from watchdog.demo.stage import Stage, StoryError
from watchdog.demo.supervisor import Supervisor, Unit
from watchdog.demo.tally import Tally
from watchdog.demo.telling import Tone
from watchdog.store.chain import Verified
from watchdog.store.reading import verify

UNITS: Final = (Unit("push-1", ("push",), 5), Unit("push-2", ("push", "pull"), 5), Unit("pull-1", ("pull", "default"), 5))
RATES: Final = {"push": 10.0, "pull": 2.0, "default": 2.0}
"""Jobs a second. A thread does two and a half."""
CALM_S: Final = 2.0
IN_HANDS: Final = 2
"""So many long jobs the worker with the poison is to hold besides."""
TRIES: Final = 5


class Recovered(msgspec.Struct, frozen=True):
    """A worker that was recovered: its unit, the pid that it had and the one that came after."""

    unit: str
    old_pid: int
    new_pid: int


async def play(screen: Screen, folder: Path, house: OpenHouse | None = None) -> Report:
    """
    The whole story in that folder, which is to be empty, and then the open `house`, if there is one.

    Whatever was started is stopped at the end, however it comes.
    """
    async with running_server(folder) as socket:
        client = connect(socket)
        supervisor = Supervisor(UNITS, socket=socket, folder=folder)
        agent = Agent(folder, socket, page=None if house is None else house.page)
        stage = Stage(client=client, supervisor=supervisor, agent=agent, screen=screen)
        tally = Tally()
        try:
            async with asyncio.TaskGroup() as group:
                world = group.create_task(supervisor.run(), name="supervisor")
                work = group.create_task(produce(client, RATES, tally), name="producer")
                report = await _story(stage, client, tally, work, state=folder / "state")
                if house is not None:
                    await house.receive(stage, client, RATES)
                stage.say("the curtain falls: workers, agent and server are stopped")
                world.cancel()
        finally:
            await client.aclose()
    return report


async def _story(stage: Stage, client: Redis, tally: Tally, work: asyncio.Task[None], *, state: Path) -> Report:
    began = time.monotonic()
    stage.screen.chapter("three workers, all is well")
    await stage.until(lambda: all(worker.state == "working" for worker in stage.picture.workers), within=20, what="three workers that beat")
    await stage.linger(CALM_S)
    poison = jobs.payload(jobs.POISON, "push", [])
    name = await _dry_run(stage, client, tally, poison)

    logs = [stage.supervisor.log(unit.name) for unit in UNITS]
    stage.screen.chapter("the same agent, the same rule, in act")
    async with stage.agent.running("act") as agent:
        first = await _recover(stage, name, beside=agent)
        await stage.until(lambda: not tally.unfinished(logs, job_class=jobs.LONG), within=60, what="the end of the long jobs", beside=agent)
        stage.say("the jobs that were put back have run to their end", Tone.GOOD)
        stage.screen.chapter("the job is tried again")
        stage.say("somebody presses 'Retry now' in Sidekiq's Web UI: the poison is taken by the next worker that is free", Tone.WARNING)
        await _retry_now(client, poison)
        name = await _wedged(stage, beside=agent)
        second = await _recover(stage, name, beside=agent)
        stage.screen.chapter("the queue moves again")
        work.cancel()
        jid = orjson.loads(poison)["jid"]
        await stage.until(lambda: tally.unfinished(logs) <= {jid}, within=60, what="the end of every other job", beside=agent)
        taken = [orjson.loads(line) for line in (await stage.agent.ask("quarantine", "list", "--json")).splitlines()]
        if [entry["jid"] for entry in taken] != [jid]:
            raise StoryError(f"the poison alone was to be in quarantine, but there are {len(taken)} jobs")

    checked = await asyncio.to_thread(verify, state)
    if not isinstance(checked, Verified):
        raise StoryError(f"the audit trail is broken at row {checked.seq}: {checked.what}")
    return Report(
        units=(first.unit, second.unit), old_pids=(first.old_pid, second.old_pid), new_pids=(first.new_pid, second.new_pid), pushed=len(tally.pushed),
        ran=len(tally.pushed) - len(tally.unfinished(logs)), anew=tally.begun_anew(logs), job_class=taken[0]["class"], why=taken[0]["reason"],
        peak=stage.peak["push"], rows=checked.rows, seconds=time.monotonic() - began,
    )  # fmt: skip


async def _dry_run(stage: Stage, client: Redis, tally: Tally, poison: bytes) -> str:
    """The name of the worker that holds the poison, and at least two long jobs beside it; it was told nothing yet."""
    async with stage.agent.running("dry-run") as agent:
        await stage.until(
            lambda: _seen(stage.rows, "agent", outcome="rules in force"), within=20, what="an agent with its rules in force", beside=agent
        )
        if stage.agent.page is not None:
            tell(stage, stage.agent.page)
        stage.screen.chapter("a job wedges its worker; the agent, in dry-run, says what it would do")
        stage.say("a job goes into queue push that holds its thread for ever, and swallows whatever is raised in it", Tone.WARNING)
        await tally.push(client, "push", poison)
        name = await _wedged(stage, beside=agent)
        pid = stage.worker(name).pid or 0
        await stage.until(lambda: _seen(stage.rows, "would", stage="KILL"), within=STUCK_S + 20, what="what dry-run would do", beside=agent)
        stage.say(f"beside it {name} is given two jobs of {jobs.LONG_S} s, which are as they should be")
        await _give_long_jobs(stage, client, tally, name, beside=agent)
        if stage.supervisor.pids.get(name) != pid or "received" in stage.supervisor.log(name).read_text():
            raise StoryError("dry-run was to send nothing, but the worker got a signal")
        stage.say(f"{name} got no signal: dry-run touches nothing", Tone.GOOD)
    return name


async def _give_long_jobs(stage: Stage, client: Redis, tally: Tally, name: str, *, beside: asyncio.Task[None]) -> None:
    """Until it holds enough of them: who takes a job is not for the one to say who pushes it."""
    loop = asyncio.get_running_loop()
    for _ in range(TRIES):
        await tally.push(client, "push", *(jobs.long() for _ in range(IN_HANDS)))
        shown = loop.time() + BEAT_S + 1

        def is_over(shown: float = shown) -> bool:
            return stage.worker(name).long >= IN_HANDS or loop.time() >= shown

        await stage.until(is_over, within=BEAT_S + 10, what="a beat", beside=beside)
        if stage.worker(name).long >= IN_HANDS:
            return
    raise StoryError(f"{name} was to hold {IN_HANDS} long jobs beside the poison, but others took them")


async def _wedged(stage: Stage, *, beside: asyncio.Task[None]) -> str:
    """The name of a worker of which a thread is held."""
    await stage.until(lambda: any(worker.held for worker in stage.picture.workers), within=30, what="a wedged worker", beside=beside)
    return next(worker.name for worker in stage.picture.workers if worker.held)


async def _recover(stage: Stage, name: str, *, beside: asyncio.Task[None]) -> Recovered:
    """The agent quiets, drains and kills the worker and puts its jobs back; its successor works, and the proof is there that it helped."""
    pid, already = stage.worker(name).pid or 0, len(stage.rows)

    def seen(kind: str, **fields: str) -> bool:
        return _seen(stage.rows[already:], kind, **fields)

    await stage.until(lambda: seen("intent", stage="TSTP"), within=STUCK_S + 30, what=f"TSTP to {name}", beside=beside)
    await stage.until(lambda: seen("intent", stage="KILL"), within=4 * BEAT_S + DRAIN_S + 20, what=f"KILL to {name}", beside=beside)
    await stage.until(lambda: any(one.pid == pid for one in stage.supervisor.ended), within=10, what=f"the end of {name}", beside=beside)
    end = next(one for one in stage.supervisor.ended if one.pid == pid)
    heard = stage.supervisor.log(name).read_text()
    if end.code != -signal.SIGKILL or "received TSTP" not in heard or "received TERM" in heard:
        raise StoryError(f"{name} was to be told TSTP and then killed; it ended with code {end.code}")
    await stage.until(lambda: stage.worker(name).pid not in (None, pid), within=20, what=f"a new {name}", beside=beside)
    await stage.until(lambda: stage.worker(name).busy is not None, within=20, what=f"a beat of the new {name}", beside=beside)
    stage.say(f"the supervisor has started {name} again, with pid {stage.worker(name).pid}", Tone.GOOD)
    await stage.until(lambda: seen("incident", outcome="verified"), within=90, what="the proof that it helped", beside=beside)
    return Recovered(name, pid, stage.worker(name).pid or 0)


async def _retry_now(client: Redis, poison: bytes) -> None:
    """What the Web UI does with an entry of the retry set: take it out, and push it (`SortedEntry#retry` in api.rb)."""
    if not await client.zrem("retry", poison):
        raise StoryError("the poison was to wait among the retries, just as it was pushed")
    await jobs.push(client, "push", orjson.dumps({**orjson.loads(poison), "enqueued_at": time.time()}))


def _seen(rows: Iterable[dict[str, Any]], kind: str, /, **fields: str) -> bool:
    return any(row["kind"] == kind and all(row[name] == value for name, value in fields.items()) for row in rows)
