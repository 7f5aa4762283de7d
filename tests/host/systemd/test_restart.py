"""
`restart` as somebody types it: two services of real Sidekiqs, one after the other, under a stream of jobs of which none is lost.

Carried out by the agent as it runs on a server: a service with a user of its own, which may signal and, by the polkit rule of the package, start units.
"""

import asyncio
import contextlib
import json
import re
import secrets
import time

import pytest

from tests.host.systemd.conftest import NEEDS, service
from tests.suites.booted import INTERPRETER, PROGRAM, Booted

pytestmark = [pytest.mark.needs(*NEEDS), pytest.mark.timeout(300)]

TEMPLATE = "mastodon-sidekiq-rolling@.service"
ONE, TWO = "mastodon-sidekiq-rolling@one.service", "mastodon-sidekiq-rolling@two.service"
CONFIG = "mode: dry-run\nredis: {url: 'redis://127.0.0.1:6400/0'}\nrules: [rules.yml]\nstate: /var/lib/rolling\n"
POLKIT = "/etc/polkit-1/rules.d/50-sidekiq-watchdog.rules"
AGENT = "watchdog-rolling.service"
DONE = re.compile(r"jid=(?P<jid>\w+).*\bdone\b")


@pytest.fixture
async def rolling(lent, redis_inside, until):
    """Both run, no agent does; one of them systemd would not start again by itself after a clean end."""
    command = f"/usr/bin/sidekiq -r {PROGRAM}/tests/host/systemd/app/app.rb -q rolling -c 2 -t 4"
    environment = "REDIS_URL=redis://127.0.0.1:6400/0 BEAT=3"
    lent.unit(TEMPLATE, service(command, Environment=environment, Restart="on-failure", TimeoutStopSec="15"))
    lent.unit(f"{TWO}.d/again.conf", "[Service]\nRestart=always\n")
    lent.write("/etc/rolling/config.yml", CONFIG)
    lent.write("/etc/rolling/rules.yml", "rules: []\n")
    # The folder of the agent's own user, in which root is about to work.
    lent.run("install", "-d", "-o", "sidekiq-watchdog", "-m", "0700", "/var/lib/rolling")
    lent.run("systemctl", "start", ONE, TWO)

    async def both_beat() -> bool:
        return len(await redis_inside.client.smembers("processes")) == 2

    await until(both_beat)
    yield lent
    lent.run("systemctl", "stop", ONE, TWO)


@pytest.fixture
def agent(rolling):
    """It runs as it does on a server."""
    environment = " ".join(f"{name}={value}" for name, value in Booted.environment().items())
    command = f"{INTERPRETER} {Booted.script()} run --config /etc/rolling/config.yml"
    rights = {"User": "sidekiq-watchdog", "AmbientCapabilities": "CAP_KILL", "Type": "notify", "Environment": environment}
    rolling.unit(AGENT, service(command, **rights))
    rolling.run("cp", f"{PROGRAM}/packaging/polkit.rules", POLKIT)
    rolling.run("systemctl", "restart", "polkit")
    rolling.run("systemctl", "start", AGENT)
    yield
    print(rolling.run("journalctl", "--unit", AGENT, "--no-pager", "-n", "40"))  # shown where a test fails
    rolling.run("systemctl", "stop", AGENT)
    rolling.run("rm", POLKIT)
    rolling.run("systemctl", "restart", "polkit")


async def type_in(machine, *arguments: str) -> tuple[int, str]:
    """The command inside, as root: exit code and all that it said."""
    command = machine.python(machine.script(), *arguments, "--config", "/etc/rolling/config.yml")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    assert process.stdout is not None  # made so above
    said: list[str] = []
    try:
        async with asyncio.timeout(200):
            while line := await process.stdout.readline():
                said.append(line.decode())
            return await process.wait(), "".join(said)
    except TimeoutError:
        process.kill()
        raise AssertionError(f"{arguments} did not end:\n{''.join(said)}") from None


async def test_one_after_the_other(rolling, agent, redis_inside, until):
    """Each unit has a new process that works before the other's ends, and all jobs have been done."""
    client = redis_inside.client
    pushed: list[str] = []

    async def push_for_ever() -> None:
        while True:
            jid = secrets.token_hex(12)
            job = {"retry": True, "queue": "rolling", "class": "Quick", "args": [], "jid": jid, "created_at": time.time()}
            await client.lpush("queue:rolling", json.dumps(job))
            pushed.append(jid)
            await asyncio.sleep(0.05)  # sleeps on purpose: the stream of jobs

    def pids() -> list[str]:
        return [rolling.run("systemctl", "show", "-P", "MainPID", unit).strip() for unit in (ONE, TWO)]

    before = pids()
    stream = asyncio.create_task(push_for_ever())
    try:
        code, said = await type_in(rolling, "restart", "mastodon-sidekiq-rolling@*", "--reason", "a new version", "--drain", "20s")
    finally:
        stream.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await stream
    assert code == 0, said
    after = pids()
    assert not set(after) & {*before, "0"}
    assert said.count("a new process of its service beats and works") == 2
    ends = [said.index("SIGTERM"), said.index("beats and works"), said.rindex("SIGTERM"), said.rindex("beats and works")]
    assert ends == sorted(ends)

    def done() -> set[str]:
        lines = rolling.run("journalctl", "--unit", ONE, "--unit", TWO, "--no-pager", "--output=cat", "--all")
        return {found["jid"] for found in DONE.finditer(lines)}

    await until(lambda: set(pushed) <= done(), what="all jobs to be done")
    assert len(pushed) > 100


async def test_what_can_not_be_restarted(rolling):
    """A unit without a process, and a dry run, which says what would be done and does nothing; root leaves nothing behind that the agent could not read."""
    rolling.unit("mastodon-sidekiq-rolling-none.service", service())
    code, said = await type_in(rolling, "restart", "mastodon-sidekiq-rolling-none", "--reason", "x")
    assert (code, "no Sidekiq process runs in mastodon-sidekiq-rolling-none.service" in said or "there is no unit" in said) == (2, True), (
        said
    )
    before = rolling.run("systemctl", "show", "-P", "MainPID", ONE)
    code, said = await type_in(rolling, "restart", ONE, "--dry-run", "--force", "cooldown")
    assert code == 0, said
    for words in ("would SIGTSTP", "would start", "if systemd has not started it by itself", "in_flight    PASS"):
        assert words in said
    assert rolling.run("systemctl", "show", "-P", "MainPID", ONE) == before
    assert rolling.run("find", "/var/lib/rolling", "-not", "-user", "sidekiq-watchdog") == ""
