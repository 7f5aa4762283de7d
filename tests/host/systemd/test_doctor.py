"""`doctor` on a real Debian, as root and as the agent's user: an agent that lacks what a fresh installation lacks, and each thing mended."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.host.systemd.conftest import NEEDS, RedisInside, service
from tests.suites.booted import INTERPRETER, PROGRAM, Booted
from watchdog.host.systemd.bus import SYSTEMD, Bus
from watchdog.host.systemd.names import ROOT
from watchdog.host.systemd.rights import may_not

pytestmark = [pytest.mark.needs(*NEEDS), pytest.mark.timeout(180)]

SIDEKIQ = "mastodon-sidekiq-examined.service"
AGENT = "sidekiq-watchdog.service"
POLKIT = "/etc/polkit-1/rules.d/50-sidekiq-watchdog.rules"
CONFIG = "/etc/examined/config.yml"
TEXT = f"""\
mode: act
redis: {{url: 'redis://127.0.0.1:6400/0'}}
units: [{SIDEKIQ}]
rules: [pack:sidekiq]
state: /var/lib/examined
checks: {{redis: {{type: tcp, address: '127.0.0.1:6400'}}}}
receivers: {{ops: {{type: webhook, url: 'http://127.0.0.1:6400/x'}}}}
adjust: {{redis-full: {{notify: [ops]}}}}
"""
ALWAYS = ("multi-user.target", "dbus.service", "systemd-journald.service")
"""Runs all the time."""
OPTIONAL = {
    "inspect",
    "commands",
    "redis-application",
    "redis-sentinels",
    "sidekiq-probe",
    "settings",
    "units-pool",
    "page",
    "page-people",
    "page-link",
    "metrics",
    "mastodon-deliveries",
    "mastodon-web-log",
    "mastodon-api",
    "mastodon-token",
    "mastodon-watched",
}
"""What is not there and need not be."""
OF_THE_HOST = {"host-clock", "redis-saving", "redis-clock", "log-level", "state-disk"}
"""What the machine that runs the tests, and a Redis that keeps nothing, may have as they like."""


def start() -> str:
    """What the agent's unit starts."""
    return f"{INTERPRETER} {Booted.script()} run --config {CONFIG}"


@pytest.fixture
async def examined(lent: Booted, redis_inside: RedisInside) -> AsyncIterator[Booted]:
    """As somebody leaves it who has forgotten what he could: the agent is not started, and may neither signal nor start anything; nor may it read the journal."""
    command = f"/usr/bin/sidekiq -r {PROGRAM}/tests/service/sidekiq_app/app.rb -q push -c 2 -t 9"
    lent.unit(
        SIDEKIQ, service(command, User="mastodon", Environment="REDIS_URL=redis://127.0.0.1:6400/0", Restart="no", TimeoutStopSec="10")
    )
    environment = " ".join(f"{name}={value}" for name, value in Booted.environment().items())
    lent.unit(AGENT, service(start(), User="sidekiq-watchdog", Type="notify", Environment=environment))
    lent.write(CONFIG, TEXT)
    lent.run("install", "-d", "-o", "sidekiq-watchdog", "-m", "0755", "/var/lib/examined")
    lent.run("gpasswd", "--delete", "sidekiq-watchdog", "systemd-journal")
    lent.run("rm", "-f", POLKIT)
    read_rules(lent)
    lent.run("systemctl", "start", SIDEKIQ)
    yield lent
    lent.run("systemctl", "stop", AGENT, check=False)
    lent.run("systemctl", "kill", "--signal=KILL", SIDEKIQ, check=False)
    lent.run("systemctl", "stop", SIDEKIQ, check=False)
    lent.run("gpasswd", "--add", "sidekiq-watchdog", "systemd-journal")
    lent.run("rm", "-rf", "/var/lib/examined", "/etc/examined", POLKIT, *(f"/etc/systemd/system/{name}" for name in (SIDEKIQ, AGENT)))
    lent.run("rm", "-rf", *(f"/etc/systemd/system/{name}.d" for name in (SIDEKIQ, AGENT)))
    lent.run("systemctl", "daemon-reload")
    read_rules(lent)


def read_rules(machine: Booted) -> None:
    """Have polkit read its rules, however often that was done just now."""
    machine.run("systemctl", "reset-failed", "polkit", check=False)
    machine.run("systemctl", "restart", "polkit")


async def look(machine: Booted, *only: str, user: str = "") -> tuple[int, dict[str, dict[str, str]], str]:
    """The exit code, the points by name, and as whom it was looked."""
    command = machine.python(machine.script(), "doctor", "--json", "--config", CONFIG, *(f"--only={name}" for name in only), user=user)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    out, err = await process.communicate()
    assert process.returncode in (0, 1), (process.returncode, out, err)
    told = json.loads(out)
    return process.returncode, {point["name"]: point for point in told["points"]}, told["user"]


def amiss(points: dict[str, dict[str, str]], *healths: str) -> set[str]:
    """The names of those that are so."""
    return {name for name, point in points.items() if point["health"] in healths} - OF_THE_HOST


async def beats(redis: RedisInside) -> bool:
    """Whether a process stands in Redis."""
    return bool(await redis.client.smembers("processes"))


async def mend(machine: Booted, until: Callable[..., Any]) -> None:
    """Just what the hints say."""
    machine.run("chmod", "0700", "/var/lib/examined")
    machine.run("usermod", "-aG", "systemd-journal", "sidekiq-watchdog")
    machine.run("install", "-m", "0644", f"{PROGRAM}/packaging/polkit.rules", POLKIT)
    read_rules(machine)
    machine.write(f"/etc/systemd/system/{SIDEKIQ}.d/override.conf", "[Service]\nTimeoutStopSec=14\nRestart=always\n")
    machine.unit(
        f"{AGENT}.d/override.conf",
        "[Service]\nAmbientCapabilities=CAP_KILL\nWatchdogSec=60\nRestart=always\n[Install]\nWantedBy=multi-user.target\n",
    )
    machine.run("systemctl", "enable", "--now", AGENT)

    async def is_seen() -> bool:
        return all(point["health"] == "ok" for point in (await look(machine, "agent", "units-rights"))[1].values())

    await until(is_seen)


async def test_a_fresh_installation_is_mended(examined: Booted, redis_inside: RedisInside, until: Callable[..., Any]) -> None:
    """Everything that was forgotten is named with its remedy, to root and to the agent's user alike; nothing happens to the unit meanwhile; mended, all is well."""
    await until(lambda: beats(redis_inside), what="a Sidekiq that beats")
    before = examined.run("systemctl", "show", SIDEKIQ, "-P", "InvocationID", "-P", "ActiveEnterTimestampMonotonic", "-P", "NRestarts")
    for user in ("", "sidekiq-watchdog"):
        code, points, whom = await look(examined, user=user)
        assert (code, whom) == (1, "sidekiq-watchdog")
        assert amiss(points, "fail") == {"agent-unit", "sidekiq-signals", "units-rights", "log"}, points
        assert amiss(points, "warn") == {"state-folder", "agent", "units-stop", "units-restart"}, points
        assert points["units-rights"]["says"] == f"systemd lets this user not: start, stop, restart {SIDEKIQ}"
        assert points["units-stop"]["says"] == f"{SIDEKIQ}: systemd waits 10 s, Sidekiq 9 s: each stop can lose jobs"
        assert points["units-stop"]["mend"].endswith("TimeoutStopSec=14")
        assert points["log"]["mend"].startswith("it must be in the group systemd-journal: usermod -aG systemd-journal sidekiq-watchdog")
        assert points["sidekiq-here"]["says"].startswith(f"1 process on this host ({os.uname().nodename})")
    try:
        await mend(examined, until)
        for user in ("", "sidekiq-watchdog"):
            code, points, whom = await look(examined, user=user)
            assert (code, whom) == (0, "sidekiq-watchdog"), points
            assert amiss(points, "fail", "warn") == set(), points
            assert amiss(points, "skipped") <= OPTIONAL, points
        assert points["sidekiq-signals"]["says"] == "1 process may be signalled (CAP_KILL)"
        assert points["agent"]["says"].startswith("version ")
    except BaseException:
        print(examined.run("journalctl", "-u", AGENT, "-u", SIDEKIQ, "--no-pager", "-n", "60"))
        raise
    assert (
        examined.run("systemctl", "show", SIDEKIQ, "-P", "InvocationID", "-P", "ActiveEnterTimestampMonotonic", "-P", "NRestarts") == before
    )


async def test_on_a_host_with_nothing(lent: Booted) -> None:
    """It says what is lacking, and looks at all the rest."""
    done = await asyncio.create_subprocess_exec(
        *lent.python(lent.script(), "doctor", "--all", "--config", "/etc/nowhere.yml"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = (part.decode() for part in await done.communicate())
    assert done.returncode == 2
    assert "/etc/nowhere.yml:1:1: E113" in err
    assert "sidekiq-watchdog.service is not installed" in out
    assert "  ok    systemd " in out


@pytest.mark.parametrize("state", ["active", "inactive", "failed"])
async def test_asking_for_rights_does_nothing(machine: Booted, until: Callable[..., Any], state: str) -> None:
    """Not even where nothing is refused, as to root: no unit is started, stopped or isolated, and no job is made."""
    names = [f"mastodon-sidekiq-asked-{state}.service", f"mastodon-sidekiq-asked@{state}.service"]
    for name in names:
        # One that may be isolated: that would stop everything else.
        machine.unit(name, service("/bin/false" if state == "failed" else "/bin/sleep 1000", unit="AllowIsolate=yes"))
        if state != "inactive":
            machine.run("systemctl", "start", name)
    wanted = ("ActiveState", "InvocationID", "StateChangeTimestampMonotonic", "NRestarts")
    bus = await Bus.connect(machine.bus, lambda _: None)
    try:
        for name in names:

            async def has_begun(name: str = name) -> bool:
                return machine.run("systemctl", "is-active", name, check=False).strip() == state

            await until(has_begun)
            before = machine.run("systemctl", "show", name, *(f"-P{one}" for one in wanted))
            assert await may_not(bus, name) == []
            (jobs,) = await bus.expect(ROOT, f"{SYSTEMD}.Manager", "ListJobs")
            assert name not in {job[1] for job in jobs}
            assert machine.run("systemctl", "show", name, *(f"-P{one}" for one in wanted)) == before
            # Isolating it would have stopped these.
            assert machine.run("systemctl", "is-active", *ALWAYS).split() == ["active"] * len(ALWAYS)
    finally:
        bus.close()
        machine.run("systemctl", "stop", *names)
        machine.run("systemctl", "reset-failed", *names, check=False)


async def test_a_limit_of_lines_that_is_switched_off_in_the_unit_is_not(machine: Booted) -> None:
    """To systemd the 0 is not set, so journald's own limit holds; a burst of the unit's own is what helps."""
    kept = {}
    for name, setting in (("zero", {"LogRateLimitIntervalSec": "0"}), ("burst", {"LogRateLimitBurst": "1000000"})):
        unit = f"lines-{name}.service"
        machine.unit(unit, service("/bin/seq 1 70000", Type="oneshot", **setting))
        machine.run("systemctl", "start", unit)
        machine.run("journalctl", "--sync")
        lines = await asyncio.create_subprocess_exec(
            *machine.command("journalctl", "-o", "cat", "--no-pager", f"_SYSTEMD_UNIT={unit}"), stdout=asyncio.subprocess.PIPE
        )
        kept[name] = (await lines.communicate())[0].count(b"\n")
    assert kept["burst"] == 70_000
    # 10,000, or six times that where the disk has a terabyte of room (journald.conf(5)).
    assert kept["zero"] < 70_000
