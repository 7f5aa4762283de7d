"""What `log` says of real Sidekiqs whose lines went into a real journald: what is proven, and what no longer is once journald drops lines."""

import json
import secrets
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.host.systemd.conftest import NEEDS, RedisInside, service
from tests.suites.booted import PROGRAM, Booted
from watchdog.host.journal.child import NOT_ALLOWED

pytestmark = [pytest.mark.needs(*NEEDS), pytest.mark.timeout(120)]

UNIT = "mastodon-sidekiq-log.service"
CONFIG = "mode: dry-run\nredis: {{url: 'redis://127.0.0.1:6400/0'}}\nrules: [rules.yml]\nstate: state\nlog: {{burst: {burst}}}\n"
FLOOD = 5_000
"""Lines: journald lets six times the limit through where the disk has room (journald.conf(5) on RateLimitBurst)."""


class Logged:
    """A Sidekiq with two threads whose log is the journal."""

    def __init__(self, machine: Booted, server: RedisInside, until: Callable[..., Any]) -> None:
        self._machine = machine
        self._until = until
        self.redis = server.client
        self.pid = 0

    async def start(self) -> None:
        """Start it and let a job begin and end, without which nothing is proven of its log."""
        self._machine.run("systemctl", "start", UNIT)
        self.pid = int(self._machine.run("systemctl", "show", "-P", "MainPID", UNIT))
        first = await self.push("Quick")
        await self._until(lambda: any(first in line and "done" in line for line in self.lines()), within=30, what="the first job")

    async def push(self, name: str, *arguments: int) -> str:
        """Into its queue; the jid."""
        jid = secrets.token_hex(12)
        job = {"retry": True, "queue": "log", "class": name, "args": arguments, "jid": jid, "created_at": time.time()}
        await self.redis.lpush("queue:log", json.dumps(job))
        return jid

    async def runs(self, name: str) -> str:
        """Push one whose start comes into the journal, and wait for that."""
        jid = await self.push(name)
        await self._until(lambda: any(jid in line and "start" in line for line in self.lines()))
        return jid

    def lines(self) -> list[str]:
        """What journald has of this unit, and its own words on it."""
        return self._machine.run("journalctl", "--unit", UNIT, "--no-pager", "--output=cat", "--all").splitlines()

    def kill(self) -> None:
        """As the kernel does where memory is short; it is gone then."""
        self._machine.run("systemctl", "kill", "--signal=KILL", UNIT)
        self._machine.run("systemctl", "stop", UNIT)

    def log(self, *, burst: int = 200, user: str = "sidekiq-watchdog") -> "subprocess.CompletedProcess[str]":
        """Ask the program, as the agent's user."""
        asked = ("log", str(self.pid), "--json", "--config", f"/etc/logged/burst-{burst}.yml")
        command = self._machine.python(self._machine.script(), *asked, user=user)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    def said(self, **how: Any) -> dict[str, Any]:
        """What it answers."""
        done = self.log(**how)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def certainties(self, **how: Any) -> dict[str, str]:
        """The jobs that it names."""
        return {finding["jid"]: finding["certainty"] for finding in self.said(**how)["findings"]}


@pytest.fixture
async def logged(lent: Booted, redis_inside: RedisInside, until: Callable[..., Any]) -> AsyncIterator[Callable[..., Any]]:
    """Starts one, whose unit has these settings more."""
    for burst in (0, 200):
        lent.write(f"/etc/logged/burst-{burst}.yml", CONFIG.format(burst=burst))

    async def start(**settings: str) -> Logged:
        # An idle thread waits up to 2 s in Redis, even while Sidekiq shuts down: with a shorter patience it may take what was pushed back, and die with it.
        command = f"/usr/bin/sidekiq -r {PROGRAM}/tests/host/systemd/app/app.rb -q log -c 2 -t 4"
        lent.unit(UNIT, service(command, User="mastodon", Environment=f"REDIS_URL={redis_inside.url}", **settings))
        one = Logged(lent, redis_inside, until)
        await one.start()
        return one

    yield start
    lent.run("systemctl", "kill", "--signal=KILL", UNIT, check=False)
    lent.run("systemctl", "stop", UNIT)
    lent.run("systemctl", "reset-failed", UNIT, check=False)


async def test_killed_while_a_job_runs(logged: Callable[..., Any]) -> None:
    """The job that ran when the kernel killed its process is proven to have run; who may not read the journal is told so."""
    one = await logged()
    jid = await one.runs("SleepForever")
    assert one.certainties() == {jid: "proven"}
    one.kill()
    said = one.said()
    assert (said["running"], said["clean"], said["missing"]) == (False, None, [])
    assert [(found["jid"], found["class"], found["certainty"]) for found in said["findings"]] == [(jid, "SleepForever", "proven")]

    refused = one.log(user="stranger")
    assert refused.returncode != 0
    assert NOT_ALLOWED in " ".join(refused.stderr.split())


async def test_lines_that_journald_drops(logged: Callable[..., Any]) -> None:
    """Beyond its limit nothing is proven any more, whether journald has said by now that it dropped lines or not: a job named here had ended long before."""
    one = await logged(LogRateLimitIntervalSec="1h", LogRateLimitBurst="200")
    running = await one.runs("SleepForever")
    ended = await one.push("Talk", FLOOD)
    await one.push("Tell")
    assert await one.redis.blpop("told", 30)
    one.kill()

    assert not [line for line in one.lines() if "Suppressed" in line]
    said = one.said()
    assert {found["jid"]: found["certainty"] for found in said["findings"]} == {running: "likely", ended: "likely"}
    assert "journald may have dropped the last ones" in " ".join(said["missing"])
    # What the limit in the config is for.
    assert set(one.certainties(burst=0).values()) == {"proven"}

    # journald says so before the next line of that unit, once the interval is over.
    again = await logged(LogRateLimitIntervalSec="1ms", LogRateLimitBurst="200")
    assert [line for line in again.lines() if "Suppressed" in line]
    for burst in (200, 0):
        assert one.certainties(burst=burst) == {running: "likely", ended: "likely"}
    assert "journald suppressed lines" in " ".join(one.said(burst=0)["missing"])


async def test_a_dump_and_a_good_end(logged: Callable[..., Any], until: Callable[..., Any], lent: Booted) -> None:
    """The thread dump that SIGTTIN asks for is found and shows where the job stands; after a good end nothing is missing and all is pushed back."""
    one = await logged()
    jid = await one.runs("SleepForever")
    lent.run("systemctl", "kill", "--kill-whom=main", "--signal=TTIN", UNIT)

    def stands_in_it() -> bool:
        said = one.said()
        tid = next(found["tid"] for found in said["findings"] if found["jid"] == jid)
        frames = [frame for thread in said["threads"] if thread["tid"] == tid for frame in thread["frames"]]
        return any("app.rb" in frame and "perform" in frame for frame in frames)

    await until(stands_in_it)

    lent.run("systemctl", "stop", UNIT)
    said = one.said()
    assert (said["running"], said["clean"], said["pushed_back"], said["findings"]) == (False, True, 1, [])
    assert await one.redis.llen("queue:log") == 1
