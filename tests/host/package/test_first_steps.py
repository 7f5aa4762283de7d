"""The first steps on a new server: the package, `init`, `doctor`, the service; beside Mastodon's own unit, a template's instances, and a Redis with a password."""

import asyncio
import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.suites import package
from tests.suites.booted import PROGRAM, Booted, boot
from tests.suites.package import typed
from tests.unit.survey.layouts import unit

pytestmark = [pytest.mark.needs("systemd-nspawn", "mount", "trixie-systemd", "package"), pytest.mark.timeout(400)]

SIDEKIQ, TEMPLATE = "mastodon-sidekiq.service", "mastodon-sidekiq-ingress@.service"
INSTANCES = ("mastodon-sidekiq-ingress@1.service", "mastodon-sidekiq-ingress@2.service")
LIVE = "/home/mastodon/live"
PASSWORD = "open/sesame#"
ENV = f"LOCAL_DOMAIN=example.com\nREDIS_HOST=127.0.0.1\nREDIS_PASSWORD='{PASSWORD}'\n"
INITIALIZER = f'require "sidekiq"\nload "{PROGRAM}/tests/host/systemd/app/app.rb"\n'
COMMANDS = """\
agent = "sidekiq-watchdog"
[commands.refresh-domain]
user = "mastodon"
directory = "/"
argv = ["/bin/true"]
timeout = "90s"
"""
UNDECLARED = {"checks", "receivers", "mastodon-web-log"}
"""What nobody has declared yet; and no web server of Mastodon runs here."""
OF_THE_HOST = {"host-clock", "log-level", "state-disk", "redis-clock", "redis-saving"}
"""What the machine that runs the tests may have as it likes."""


def mastodon(queues: str) -> str:
    """Mastodon's unit as shipped, hardening included, but for the Ruby that this Debian has and for what Rails would read from the file itself."""
    command = f"/usr/bin/sidekiq -r {LIVE}/app.rb -c 5 {queues}"
    text = unit().replace("/home/mastodon/.rbenv/shims/bundle exec sidekiq -c 25", command).replace("LD_PRELOAD=libjemalloc.so", "BEAT=3")
    return text.replace("Restart=always", f"EnvironmentFile={LIVE}/redis.env\nRestart=always")


@pytest.fixture(scope="module")
def machine() -> Iterator[Booted]:
    """One on which Mastodon's services run, and the package has just been installed."""
    with boot() as booted:
        booted.write("/etc/redis/redis.conf", f"bind 127.0.0.1\nrequirepass {PASSWORD}\nsupervised systemd\ndaemonize no\nsave ''\n")
        booted.run("chown", "redis:", "/etc/redis/redis.conf")
        booted.run("systemctl", "restart", "redis-server")
        booted.run("useradd", "--system", "--create-home", "mastodon")
        booted.write(f"{LIVE}/.env.production", ENV)
        booted.write(f"{LIVE}/app.rb", INITIALIZER)
        booted.write(f"{LIVE}/redis.env", "REDIS_URL=redis://:open%2Fsesame%23@127.0.0.1:6379/0\n")
        booted.run("chown", "-R", "mastodon:", "/home/mastodon")
        booted.run("chmod", "0750", "/home/mastodon")
        booted.unit(SIDEKIQ, mastodon("-q default -q push -q mailers -q pull -q scheduler"))
        booted.unit(TEMPLATE, mastodon("-q ingress"))
        booted.run("systemctl", "enable", "--now", SIDEKIQ, *INSTANCES)
        package.install(booted)
        try:
            yield booted
        finally:
            print(booted.run("journalctl", "--no-pager", "-n", "100", check=False))


async def told(machine: Booted, *arguments: str, user: str = "") -> tuple[int, dict[str, Any]]:
    """What a command says as JSON, and its exit code."""
    code, said = await typed(machine, *arguments, "--json", user=user)
    return code, json.loads(said)


def amiss(found: dict[str, Any], health: str) -> set[str]:
    """The names of the points that are so."""
    return {point["name"] for point in found["points"] if point["health"] == health} - OF_THE_HOST


async def all_beat(machine: Booted) -> bool:
    """Whether the three processes stand in Redis."""
    command = machine.command("redis-cli", "smembers", "processes", env={"REDISCLI_AUTH": PASSWORD})
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    return len(done.stdout.split()) == 1 + len(INSTANCES)


async def test_from_the_package_to_an_agent_that_watches(machine: Booted, until: Callable[..., Any]) -> None:
    """What `init` writes passes `check` and `doctor`, as root and as the agent's user; the service runs on it, sees all three processes, and nothing shows the password."""
    await until(lambda: all_beat(machine), what="three processes that beat")
    code, found = await told(machine, "doctor")
    assert (code, found["problems"][0]["code"], found["user"]) == (2, "E113", "sidekiq-watchdog")
    assert amiss(found, "fail") == {"config"}

    code, said = await typed(machine, "init")
    assert code == 0, said
    assert "stop-timeout" in said
    assert "unread-file" not in said
    said_of_all = said

    for user in ("", "sidekiq-watchdog"):
        assert (await typed(machine, "check", user=user))[0] == 0
    _, seen = await told(machine, "init", "--print")
    assert seen["served"]["ingress"] == list(INSTANCES)
    assert seen["served"]["scheduler"] == [SIDEKIQ]
    assert {one["unit"] for one in seen["processes"]} == {SIDEKIQ, *INSTANCES}
    _, found = await told(machine, "doctor")
    assert (amiss(found, "fail"), amiss(found, "warn")) == (set(), {"agent", *UNDECLARED}), found

    machine.run("systemctl", "enable", "--now", "sidekiq-watchdog")

    async def is_well() -> bool:
        return (await told(machine, "doctor", "--only", "agent"))[1]["counts"]["ok"] == 1

    await until(is_well, what="an agent that runs and has read everything")
    for user in ("", "sidekiq-watchdog"):
        code, found = await told(machine, "doctor", user=user)
        assert (amiss(found, "fail"), amiss(found, "warn")) == (set(), UNDECLARED), found
        says = {point["name"]: point["says"] for point in found["points"]}
        assert says["sidekiq-signals"] == "3 processes may be signalled (CAP_KILL)"
        assert says["units-rights"] == "this user may start, stop, restart them"
        assert says["agent-unit"].startswith("sidekiq-watchdog.service, watched by systemd each 60 s")
        said_of_all += json.dumps(found)

    async def watches() -> str:
        _, shown = await typed(machine, "status")
        return shown if "sidekiq: processes 3" in shown else ""

    said_of_all += await until(watches, what="an agent that sees all three") + machine.run(
        "journalctl", "--unit", "sidekiq-watchdog", "--no-pager"
    )
    assert not any(secret in said_of_all for secret in (PASSWORD, "open%2Fsesame"))


async def test_a_command_that_root_has_defined(machine: Booted) -> None:
    """It is not installed, and then it is: nothing is started for it."""
    machine.write("/etc/sidekiq-watchdog/commands.toml", COMMANDS)
    _, found = await told(machine, "doctor", "--only", "commands")
    (point,) = found["points"]
    assert (point["health"], point["says"]) == ("fail", "not installed, or before commands.toml was changed: refresh-domain")
    machine.run("/opt/sidekiq-watchdog/bin/sidekiq-watchdog-command", "install")
    _, found = await told(machine, "doctor", "--only", "commands")
    (point,) = found["points"]
    assert (point["health"], point["says"]) == ("ok", "1 command: refresh-domain")
    started = machine.run("journalctl", "--no-pager", "_COMM=systemd", "-o", "cat", "-g", "Command refresh", check=False)
    assert "refresh-domain" not in started


async def test_a_host_with_nothing(machine: Booted) -> None:
    """Where there is no sign of Sidekiq it says so, writes nothing, and ends with 1."""
    machine.run("mkdir", "-p", "/srv/empty")
    code, said = await typed(machine, "init", "--root", "/srv/empty", "--output", "/srv/new")
    assert code == 1
    # The Redis of this machine is there all the same, and wants a password.
    assert "there is no sign of Sidekiq here, so nothing is written" in said
    assert not (machine.root / "srv/new").exists()
