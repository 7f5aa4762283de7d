"""
What an agent does to units of a booted machine while it is killed (SIGKILL) at one point of its work, as `tests.service.mortal_agent` names it, and started again.

Whatever the moment: a unit that was killed is started once, a command is run once, an instance is stopped once and each of its jobs is in one place; and the audit log tells all of it: one
incident, and for each intent one outcome, or that nobody knows it.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from tests.host.systemd import test_commands as of_commands
from tests.host.systemd import test_scaling as of_scaling
from tests.host.systemd import test_start_unit as of_units
from tests.host.systemd.conftest import RedisInside, service
from tests.suites.booted import INTERPRETER, PROGRAM, Booted

Until = Callable[..., Awaitable[Any]]
"""The fixture `until`, or what does the same."""
OVER: Final = ("ended", "failed", "abandoned")
MORTAL: Final = f"{PROGRAM}/tests/service/mortal_agent.py"
LATER: Final = 60.0
"""Seconds, beside `tests.patience`: an agent has two lives here, and one that has begun anew first reads everything."""
AROUND: Final = [f"commit:{number}:{when}" for number in range(1, 13) for when in ("before", "after")]
POINTS: Final[dict[str, list[str]]] = {
    "start_unit": [*AROUND, *(f"{step}:1:{when}" for step in ("LookAtUnit", "CallUnit") for when in ("before", "after"))],
    "run": [*AROUND, *(f"{step}:1:{when}" for step in ("LookAtCommand", "RunCommand") for when in ("before", "after"))],
    "scale_in": [
        f"{step}:{when}"
        for step in (
            *(f"commit:{number}" for number in range(2, 25)), *(f"Measure:{number}" for number in (1, 2, 3)), "GatherInFlight:1", "GatherInFlight:2", "GatherInFlight:3", "flight:1", "flight:2",
            "SendSignal:1", "SendSignal:2", "AwaitExit:1", "AwaitExit:2", "TakeFleetLock:1", "GiveFleetLockBack:1", "CallUnit:1", "PutBack:1", "place:1", "place:2", "LookAfterLocks:1",
        )
        for when in ("before", "after")
    ],
}  # fmt: skip
"""By the action. How many transactions there are before it depends on what the machine tells and when; one that has done its work before such a point simply lives."""


class Agent(msgspec.Struct, frozen=True):
    """One that runs on that machine as `unit`, by the config of that path."""

    machine: Booted
    unit: str
    config: str

    def start(self, point: str = "") -> None:
        """It is being started once this returns, and is killed at that point if one is named."""
        told = {**Booted.environment(), **({"DIE_AT": point} if point else {})}
        environment = " ".join(f"{name}={value}" for name, value in told.items())
        command = f"{INTERPRETER} {MORTAL if point else Booted.script()} run --config {self.config}"
        rights = {
            "User": "sidekiq-watchdog",
            "AmbientCapabilities": "CAP_KILL",
            "Type": "notify",
            "Environment": environment,
            "UMask": "0077",
        }
        self.machine.unit(self.unit, service(command, **rights))
        self.machine.run("systemctl", "restart", "--no-block", self.unit)

    def state(self) -> str:
        """As systemd tells it: active, failed, …"""
        return self.machine.run("systemctl", "is-active", self.unit, check=False).strip()

    async def ask(self, *what: str) -> tuple[int, str]:
        """Exit code and output of a command of the program."""
        command = self.machine.python(Booted.script(), *what, "--config", self.config, user="sidekiq-watchdog")
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
        said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode()

    async def rows(self, rule: str) -> list[dict[str, Any]]:
        """The audit rows of that rule, the oldest first; none where nothing has been written yet."""
        _, said = await self.ask("audit", "--json", "--limit", "1000", "--rule", rule)
        return [json.loads(line) for line in said.splitlines()]

    async def is_over(self, rule: str) -> bool:
        """Whether an incident of that rule has come to its end."""
        return any(row["kind"] == "incident" and row["outcome"] in OVER for row in await self.rows(rule))

    async def two_lives(self, until: Until, point: str, rule: str, happens: Callable[[], Awaitable[None]]) -> bool:
        """It starts, something happens, and it dies at that point if it comes to it; another one goes on to the end of the incident. Whether it has died."""
        self.start(point)
        await until(lambda: self.state() in ("active", "failed"), within=LATER)
        await happens()

        async def has_ended() -> bool:
            return self.state() == "failed" or await self.is_over(rule)

        await until(has_ended, within=3 * LATER, what=f"the end of the agent at {point}, or of its work")
        # It may have died in its very last transaction; then nothing is left to be done.
        if died := self.state() == "failed":
            self.start()
        await until(lambda: self.is_over(rule), within=3 * LATER, what=f"the end of what was begun before {point}")
        return died

    async def told_truly(self, rule: str) -> list[dict[str, Any]]:
        """The rows of the only incident; raises `AssertionError` where an outcome is missing, or told twice."""
        rows = await self.rows(rule)
        open_intent = ""
        for row in rows:
            if row["kind"] == "intent":
                # Where jobs are put back there is an intent for each, and they have one outcome.
                assert not open_intent or row["stage"] == open_intent == "put_back", (
                    f"{row['stage']} is intended, and nothing is said of {open_intent}"
                )
                open_intent = row["stage"]
            elif row["kind"] == "outcome" and row["stage"] == open_intent:
                open_intent = ""
        assert not open_intent, f"nothing is said of {open_intent}"
        incidents = [row for row in rows if row["kind"] == "incident"]
        assert len({row["incident"] for row in incidents}) == 1, "one incident, however often it was taken up"
        assert [row["outcome"] for row in incidents].count("opened") == 1
        assert len([row for row in incidents if row["outcome"] in OVER]) == 1
        assert (await self.ask("audit", "--verify"))[0] == 0
        return rows


async def started(machine: Booted, inside: RedisInside, until: Until, point: str) -> bool:
    """A unit is killed, and the agent that starts it is killed at that point. Whether that was so; needs what the fixture `beside` makes."""
    assert inside.url in of_units.CONFIG
    which = point.replace(":", "-").lower()
    name = of_units.NAME.format(which)
    machine.write(f"{of_units.FOLDER}/rules.yml", of_units.DOWN)
    machine.unit(name, service(of_units.COUNTED.format(which)))
    machine.run("systemctl", "start", name)
    agent = Agent(machine, of_units.AGENT, f"{of_units.FOLDER}/config.yml")

    async def killed() -> None:
        machine.run("systemctl", "kill", "--signal=KILL", name)

    died = await agent.two_lives(until, point, "down", killed)
    rows = await agent.told_truly("down")
    assert [row["outcome"] for row in rows if row["kind"] == "incident"][-1] == "ended"
    assert machine.run("systemctl", "is-active", name).strip() == "active"
    assert machine.run("wc", "-l", f"/run/{which}.starts").split()[0] == "2", "once by the test, and once by the agent"
    return died


async def ran(machine: Booted, inside: RedisInside, until: Until, point: str) -> bool:
    """A job fails, and the agent that has a command run for its class is killed at that point. Whether that was so; needs what the fixture `commands` makes."""
    noted = f"{of_commands.FOLDER}/noted"
    machine.write("/etc/sidekiq-watchdog/config.yml", of_commands.CONFIG)
    # The job may have failed by the time at which everything has been read for the first time.
    machine.write(
        "/etc/sidekiq-watchdog/rules.yml", of_commands.RULES.replace("guards: {", "guards: {baseline: allow, settle: 0, deploy: 0s, ")
    )
    machine.run("sh", "-c", f"rm -rf /var/lib/sidekiq-watchdog/* {noted}")
    agent = Agent(machine, of_commands.RUNNING, "/etc/sidekiq-watchdog/config.yml")

    async def fails() -> None:
        await inside.client.zadd("retry", {of_commands.failed("ActivityPub::DeliveryWorker"): time.time() + 25})

    try:
        died = await agent.two_lives(until, point, "failing", fails)
        rows = await agent.told_truly("failing")
    finally:
        machine.run("systemctl", "stop", of_commands.RUNNING)
        await inside.client.delete("retry")
    assert [row["outcome"] for row in rows if row["kind"] == "incident"][-1] == "ended"
    assert (machine.root / noted.lstrip("/")).read_text() == "1 ActivityPub::DeliveryWorker\n", "once"
    return died


async def stopped(machine: Booted, inside: RedisInside, until: Until, point: str) -> bool:
    """One of two instances goes with stuck jobs in it, and the agent that stops it is killed at that point. Whether that was so; needs what `two_instances` makes."""
    server = of_scaling.Server(machine, inside)
    agent = Agent(machine, of_scaling.AGENT, "/etc/scaled/config.yml")

    async def goes() -> None:
        await until(lambda: _is(server.beating, 2), within=2 * LATER)
        await server.push("SleepForever", count=4)
        await until(lambda: _is(server.running, 4), within=LATER, what="both to be busy")
        await inside.client.lpush("queue:less", json.dumps({"class": "Nobody", "jid": secrets.token_hex(12), "queue": "less", "args": []}))
        await inside.client.sadd("queues", "less")

    died = await agent.two_lives(until, point, "one-less", goes)
    await server.clear("less")
    rows = await agent.told_truly("one-less")
    end = [row["outcome"] for row in rows if row["kind"] == "incident"][-1]
    if end == "ended":
        assert server.states(of_scaling.TWO)[0] in ("inactive", "failed")
        assert server.restarts(of_scaling.TWO) == 0
    else:
        # Systemd was quicker while there was no agent, and that is told.
        assert (end, server.states(of_scaling.TWO), server.restarts(of_scaling.TWO)) == ("failed", ["active"], 1)

    async def accounted_for() -> bool:
        places = [*await server.waiting("retry"), *await server.waiting("queue:scaled"), *await server.in_hand()]
        return sorted(places) == sorted(server.pushed)

    await until(accounted_for, within=2 * LATER, what="each job to be in one place")
    assert server.states(of_scaling.ONE) == ["active"]
    return died


async def _is(counted: Callable[[], Awaitable[int]], number: int) -> bool:
    return await counted() == number
