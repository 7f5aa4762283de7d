"""
`init` on a booted machine with services of real Sidekiqs: systemd is asked over D-Bus, as root and as the agent's own user.

One service and an instance of a template run; a second instance is enabled and stopped; one is masked.
"""

import json

import pytest

from tests.host.systemd.conftest import NEEDS, service
from tests.suites.booted import PROGRAM

pytestmark = [pytest.mark.needs(*NEEDS), pytest.mark.timeout(300)]

FIRST, TEMPLATE = "mastodon-sidekiq-found.service", "mastodon-sidekiq-found@.service"
ONE, TWO, MASKED = "mastodon-sidekiq-found@1.service", "mastodon-sidekiq-found@2.service", "mastodon-sidekiq-masked.service"
FOLDER = "/srv/found"
ENV = "LOCAL_DOMAIN=example.com\nREDIS_HOST=127.0.0.1\nREDIS_PORT=6400\n"
DROP_IN = "[Service]\nTimeoutStopSec=60\nLogRateLimitBurst=1000000\n"


@pytest.fixture
async def found(lent, redis_inside, until):
    """Both beat in a Redis that only the application's own file names."""
    command = f"/usr/bin/sidekiq -r {PROGRAM}/tests/host/systemd/app/app.rb -c 2 -t 4"
    settings = {"User": "mastodon", "WorkingDirectory": FOLDER, "Environment": "REDIS_URL=redis://127.0.0.1:6400/0 BEAT=3"}
    queues = " ".join(f"-q {queue}" for queue in ("default", "push", "mailers", "pull", "scheduler"))
    lent.write(f"{FOLDER}/.env.production", ENV)
    lent.unit(FIRST, service(f"{command} {queues}", Restart="always", TimeoutStopSec="6", **settings))
    lent.unit(f"{TEMPLATE}.d/stop.conf", DROP_IN)
    lent.unit(TEMPLATE, service(f"{command} -q ingress", Restart="always", **settings) + "[Install]\nWantedBy=multi-user.target\n")
    lent.write(f"/usr/lib/systemd/system/{MASKED}", service(command))
    lent.run("systemctl", "mask", MASKED)
    lent.run("systemctl", "enable", ONE, TWO)
    lent.run("systemctl", "start", FIRST, ONE)

    async def both_beat() -> bool:
        return len(await redis_inside.client.smembers("processes")) == 2

    await until(both_beat)
    yield lent
    lent.run("systemctl", "stop", FIRST, ONE)
    lent.run("systemctl", "disable", ONE, TWO)
    lent.run("systemctl", "unmask", MASKED)
    lent.run("rm", "-rf", FOLDER, f"/usr/lib/systemd/system/{MASKED}")
    lent.run("rm", "-rf", *(f"/etc/systemd/system/{name}" for name in (FIRST, TEMPLATE, f"{TEMPLATE}.d")))
    lent.run("systemctl", "daemon-reload")


def init(machine, *arguments, user=""):
    """What the command finds, as JSON; it must end with 0."""
    command = machine.python(machine.script(), "init", "--json", *arguments, user=user)
    return json.loads(machine.run(*command[command.index("env") :]))


async def test_on_a_real_machine(found):
    """Services, instances, what systemd says of them, and Redis with both processes; the config passes `check`, is not written twice, and root's agent alone reads it."""
    told = init(found, "--output", "/etc/found")
    units = {unit["name"]: unit for unit in told["units"] if "found" in unit["name"] or "masked" in unit["name"]}
    # One that nothing holds is put away by systemd at some time, and has no state then.
    assert {name: (unit["queues"], unit["state"] or "inactive") for name, unit in units.items()} == {
        FIRST: (["default", "push", "mailers", "pull", "scheduler"], "active"),
        ONE: (["ingress"], "active"),
        TWO: (["ingress"], "inactive"),
    }
    assert [units[name]["file_state"] for name in (ONE, TWO)] == ["enabled", "enabled"]
    assert [(unit["stop_timeout"], unit["sidekiq_timeout"]) for unit in units.values()] == [(6000, 4000), (60_000, 4000), (60_000, 4000)]
    assert {one["unit"] for one in told["processes"]} == {FIRST, ONE}
    assert told["redis"]["where"] == "redis://127.0.0.1:6400/0"
    assert len(told["seen"]["processes"]) == 2
    names = {one["name"] for one in told["remarks"] if "masked" not in one["text"]}
    assert {"stop-timeout", "log-rate"} <= names
    assert not names & {"redis-unreachable", "redis-empty", "not-beating", "by-hand", "no-systemd", "two-schedulers", "in-container"}

    assert found.run("stat", "-c", "%a %U:%G", "/etc/found/config.yml").split() == ["640", "root:sidekiq-watchdog"]
    check = found.python(found.script(), "check", "--config", "/etc/found/config.yml", user="sidekiq-watchdog")
    assert ", 0 errors, 0 warnings" in found.run(*check[check.index("env") :])
    text = (found.root / "etc/found/config.yml").read_text()
    again = found.python(found.script(), "init", "--output", "/etc/found")
    assert found.run(*again[again.index("env") :], check=False) == ""
    assert (found.root / "etc/found/config.yml").read_text() == text
    found.run("rm", "-r", "/etc/found")


async def test_as_another_user(found):
    """Without root it finds the same services and Redis, and says what it could not read."""
    found.run("chmod", "0700", FOLDER)
    try:
        told = init(found, "--print", user="sidekiq-watchdog")
    finally:
        found.run("chmod", "0755", FOLDER)
    assert {FIRST, ONE, TWO} <= {unit["name"] for unit in told["units"]}
    assert told["written"] is None
    assert f"{FOLDER}/.env.production can't be read: this user may not look into the folder" in [one["text"] for one in told["remarks"]]
