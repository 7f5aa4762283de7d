"""
Instances of a template come and go under a real systemd, and no job is lost by it.

Carried out by the agent as it runs on a server: a service with a user of its own, which may signal and, by the polkit rule of the package, start and stop units.
"""

import contextlib
import json
import re
import secrets
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.host.systemd.conftest import NEEDS, RedisInside, service
from tests.suites.booted import INTERPRETER, PROGRAM, Booted

pytestmark = [pytest.mark.needs(*NEEDS), pytest.mark.timeout(300)]

TEMPLATE = "mastodon-sidekiq-scaled@.service"
ONE, TWO, THREE = (f"mastodon-sidekiq-scaled@{number}.service" for number in (1, 2, 3))
SCHEDULES = "mastodon-sidekiq-clock@.service"
CONFIG = "mode: act\nredis: {url: 'redis://127.0.0.1:6400/0'}\nrules: [rules.yml]\nstate: /var/lib/scaled\n"
GUARDS = "{cooldown: 1s, cooldown_max: 1s, budget: 9/1h, target_budget: 90/1d, host_budget: 90/1h, settle: 0, baseline: allow, surge: allow, deploy: 0s, keep: 0%, trials: 0, idle: 0%, max_unhealthy: 100%}"
RULES = f"""\
rules:
  - rule: one-more
    each: queue
    where: queue.name == "scaled"
    when: queue.size > 20
    for: 1s
    then:
      - scale_out: {{template: {TEMPLATE}, max: 3, start_within: 1m}}
    guards: {GUARDS}
  - rule: never
    each: queue
    where: queue.name == "scaled"
    when: queue.size > 20
    for: 1s
    then:
      - scale_out: {{template: {SCHEDULES}, max: 3}}
    guards: {GUARDS}
  - rule: one-less
    each: queue
    where: queue.name == "less"
    when: queue.size > 0
    for: 1s
    then:
      - scale_in: {{template: {TEMPLATE}, min: 1, drain: 3s, grace: 20s, stuck_after: 0s}}
    guards: {GUARDS}
  - rule: stuck
    each: job
    when: job.class == "SleepForever" and job.elapsed > 2s
"""
POLKIT = "/etc/polkit-1/rules.d/50-sidekiq-watchdog.rules"
AGENT = "watchdog-scaled.service"
OVER = ("ended", "failed", "abandoned")
DONE = re.compile(r"jid=(?P<jid>\w+).*\bdone\b")


@contextlib.contextmanager
def two_instances(lent: Booted) -> Iterator[Booted]:
    """
    Two instances run, and no agent yet, whose rules wait for queues that are empty; systemd would start each of them again whatever it ends by.

    Not within its usual 0.1 s, which an agent on a busy machine can miss: what follows then is a conversation of its own (tests/scenario).
    """
    environment = "REDIS_URL=redis://127.0.0.1:6400/0 BEAT=3"
    for template, queue in ((TEMPLATE, "scaled"), (SCHEDULES, "scheduler")):
        command = f"/usr/bin/sidekiq -r {PROGRAM}/tests/host/systemd/app/scaling.rb -q {queue} -c 2 -t 4"
        lent.unit(template, service(command, Environment=environment, Restart="always", RestartSec="20", TimeoutStopSec="15"))
    lent.write("/etc/scaled/config.yml", CONFIG)
    lent.write("/etc/scaled/rules.yml", RULES)
    lent.run("rm", "-rf", "/var/lib/scaled")
    lent.run("install", "-d", "-o", "sidekiq-watchdog", "-m", "0700", "/var/lib/scaled")
    lent.run("cp", f"{PROGRAM}/packaging/polkit.rules", POLKIT)
    lent.run("systemctl", "restart", "polkit")
    lent.run("systemctl", "start", ONE, TWO, SCHEDULES.replace("@.", "@1."))
    try:
        yield lent
    finally:
        print(lent.run("journalctl", "--unit", AGENT, "--no-pager", "-n", "60"))  # shown where a test fails
        lent.run("systemctl", "stop", AGENT, "mastodon-sidekiq-scaled@*", "mastodon-sidekiq-clock@*")
        lent.run("rm", POLKIT)
        lent.run("systemctl", "restart", "polkit")


@pytest.fixture
def scaled(lent: Booted, redis_inside: RedisInside) -> Iterator[Booted]:
    """That machine."""
    with two_instances(lent) as ready:
        yield ready


class Server:
    """What happens on it, as a test asks for it."""

    def __init__(self, machine: Booted, inside: RedisInside) -> None:
        self._machine = machine
        self._client = inside.client
        self.pushed: list[str] = []

    def start_agent(self, *, program: str = "", **environment: str) -> None:
        """It runs once this returns; `program` is run in its place."""
        given = " ".join(f"{name}={value}" for name, value in {**Booted.environment(), **environment}.items())
        rights = {"User": "sidekiq-watchdog", "AmbientCapabilities": "CAP_KILL", "Type": "notify", "Environment": given}
        self._machine.unit(AGENT, service(f"{INTERPRETER} {program or Booted.script()} run --config /etc/scaled/config.yml", **rights))
        self._machine.run("systemctl", "restart", AGENT)

    async def push(self, job_class: str, *arguments: object, queue: str = "scaled", count: int = 1) -> None:
        """So many jobs of that class."""
        for _ in range(count):
            jid = secrets.token_hex(12)
            job = {"retry": True, "queue": queue, "class": job_class, "args": arguments, "jid": jid, "created_at": time.time()}
            await self._client.sadd("queues", queue)
            await self._client.lpush(f"queue:{queue}", json.dumps(job))
            if queue == "scaled":
                self.pushed.append(jid)

    async def clear(self, queue: str) -> None:
        """Nothing is left in it."""
        await self._client.delete(f"queue:{queue}")

    def states(self, *units: str) -> list[str]:
        """`ActiveState` of each."""
        return [self._machine.run("systemctl", "show", "-P", "ActiveState", unit).strip() for unit in units]

    async def beating(self) -> int:
        """How many processes of the template beat."""
        found = 0
        for identity in await self._client.smembers("processes"):
            info = await self._client.hget(identity, "info")
            found += info is not None and b'"scaled"' in info
        return found

    async def ran(self) -> bool:
        """Each job that was pushed has been done."""
        return set(self.pushed) <= self.done()

    def done(self) -> set[str]:
        """The jids of what has been, as the log says."""
        lines = self._machine.run("journalctl", "--unit", "mastodon-sidekiq-scaled@*", "--no-pager", "--output=cat", "--all")
        return {match["jid"] for match in DONE.finditer(lines)}

    async def waiting(self, key: str) -> list[str]:
        """The jids of what stands in a queue, or waits for its next try."""
        entries: list[Any] = list(await (self._client.zrange(key, 0, -1) if key == "retry" else self._client.lrange(key, 0, -1)))
        return [json.loads(entry)["jid"] for entry in entries]

    async def in_hand(self) -> list[str]:
        """The jids of what runs, by the work hashes of those that are listed."""
        found = []
        for identity in await self._client.smembers("processes"):
            works = await self._client.hvals(f"{identity.decode()}:work")
            found += [json.loads(json.loads(work)["payload"])["jid"] for work in works]
        return found

    async def running(self) -> int:
        """How many that are."""
        return len(await self.in_hand())

    def restarts(self, unit: str) -> int:
        """How often systemd has started it again by itself."""
        return int(self._machine.run("systemctl", "show", "-P", "NRestarts", unit))

    def audit(self, rule: str) -> list[dict[str, Any]]:
        """The audit rows of that rule, the oldest first."""
        command = self._machine.python(Booted.script(), "audit", "--json", "--rule", rule, "--config", "/etc/scaled/config.yml")
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
        return [json.loads(line) for line in said.splitlines()]

    def ends(self, rule: str) -> list[str]:
        """How the incidents of that rule have ended that are over."""
        return [row["outcome"] for row in self.audit(rule) if row["kind"] == "incident" and row["outcome"] in OVER]

    async def is_over(self, rule: str) -> bool:
        """Whether one is."""
        return bool(self.ends(rule))


@pytest.fixture
def server(scaled: Booted, redis_inside: RedisInside) -> Server:
    """That machine."""
    return Server(scaled, redis_inside)


async def test_one_more_for_a_backlog_and_never_for_the_scheduler(server, until):
    """The third instance of two is started, and no fourth; the template that serves the queue `scheduler` is left alone, with that for a reason."""
    if not Path("/proc/pressure/memory").exists():
        pytest.skip("this kernel does not measure memory pressure, and what is not known has no room")
    server.start_agent()
    await until(lambda: _is(server.beating, 2), within=60)
    await server.push("SleepForever", count=40)

    await until(lambda: _is(server.beating, 3), within=90, what="a third process of the template to beat")
    assert server.states(ONE, TWO, THREE) == ["active"] * 3
    (begun,) = [row for row in server.audit("one-more") if row["kind"] == "intent"]
    assert begun["target"].endswith(f"/{TEMPLATE}")
    await until(lambda: server.is_over("one-more"))

    async def is_denied() -> bool:
        rows = [row for row in server.audit("never") if row["kind"] == "decision"]
        return any("serves the queue scheduler" in row["reason"] for row in rows if row["decision"] == "DENY")

    await until(is_denied, what="the reason why no second scheduler is started")
    assert not [row for row in server.audit("never") if row["kind"] == "intent"]
    assert server.states(SCHEDULES.replace("@.", "@2.")) == ["inactive"]


async def test_one_less_with_stuck_jobs(server, until):
    """
    The highest of two goes with stuck jobs in it: killed, and kept from coming back though systemd would start it again.

    Each job that was pushed waits for its next try or in its queue, or runs in the one that stays, as `min` says.
    """
    server.start_agent()
    await until(lambda: _is(server.beating, 2), within=60)
    await server.push("SleepForever", count=4)
    await until(lambda: _is(server.running, 4), within=60, what="both to be busy")
    await server.push("Quick", count=5)

    await server.push("Nobody", queue="less")
    await until(lambda: server.is_over("one-less"), within=120, what="one less")
    await server.clear("less")
    assert server.ends("one-less") == ["ended"]
    assert [row["stage"] for row in server.audit("one-less") if row["kind"] == "intent"][:3] == ["TSTP", "KILL", "keep stopped"]
    assert server.states(ONE, TWO) in (["active", "inactive"], ["active", "failed"])
    await until(lambda: _is(server.running, 2), what="the work of the dead to be forgotten")
    left = [*await server.waiting("retry"), *await server.waiting("queue:scaled"), *await server.in_hand()]
    assert sorted(left) == sorted(server.pushed)
    assert server.restarts(TWO) == 0


async def test_an_agent_that_dies_before_it_can_keep_it_stopped(scaled, server, until):
    """Systemd has started it again by the time there is an agent once more: the new process is left alone, and the jobs of its predecessor are put back."""
    scaled.unit(f"{TWO}.d/soon.conf", "[Service]\nRestartSec=100ms\n")
    server.start_agent(program=f"{PROGRAM}/tests/service/mortal_agent.py", DIE_AT="CallUnit:1:before")
    await until(lambda: _is(server.beating, 2), within=60)
    await server.push("SleepForever", count=4)
    await until(lambda: _is(server.running, 4), within=60, what="both to be busy")
    await server.push("Nobody", queue="less")
    await until(lambda: server.states(AGENT) == ["failed"], within=120, what="the agent to die")
    await server.clear("less")
    await until(lambda: server.restarts(TWO) == 1, what="systemd to start it again")
    # That it works shows by what it does; the two of its predecessor nobody has put back yet.
    await server.push("Quick", count=5)
    await until(lambda: set(server.pushed[4:]) <= server.done(), within=60, what="the new process to work")

    server.start_agent()
    await until(lambda: server.is_over("one-less"), within=120, what="the end of what was begun")
    assert server.ends("one-less") == ["failed"]
    assert server.states(ONE, TWO) == ["active", "active"]
    assert server.restarts(TWO) == 1
    assert sorted([*await server.waiting("retry"), *await server.in_hand()]) == sorted(server.pushed[:4])


async def test_one_less_that_works(server, until):
    """Innocent jobs that take long are given back when systemd stops the unit, which waits long enough for that; the other does them, and none is lost."""
    server.start_agent()
    await until(lambda: _is(server.beating, 2), within=60)
    await server.push("Nap", 12, count=4)
    await server.push("Quick", count=20)

    await server.push("Nobody", queue="less")
    await until(lambda: server.is_over("one-less"), within=120, what="one less")
    await server.clear("less")
    assert server.ends("one-less") == ["ended"]
    assert [row["stage"] for row in server.audit("one-less") if row["kind"] == "intent"] == ["TSTP", "stop"]
    assert server.states(ONE, TWO) == ["active", "inactive"]
    await until(server.ran, within=90, what="all jobs to be done")

    # What the agent has stopped it starts again, if there can be room.
    if not Path("/proc/pressure/memory").exists():
        return
    await server.push("SleepForever", count=40)
    await until(lambda: _is(server.beating, 2), within=90, what="the second to beat again")
    assert server.states(ONE, TWO, THREE)[:2] == ["active", "active"]


async def _is(counted: Callable[[], Awaitable[int]], number: int) -> bool:
    return await counted() == number
