"""
From nothing to an agent that runs, on a Debian of one's own: the package, `init`, the unit, and `doctor` after each step.

What `init` writes passes `doctor`, once the unit is started; a command that root has defined is looked at as well.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.host.systemd.conftest import NEEDS, service
from tests.suites import package
from tests.suites.booted import PROGRAM, Booted, boot

pytestmark = [pytest.mark.needs(*NEEDS, "package"), pytest.mark.timeout(180)]

SIDEKIQ = "mastodon-sidekiq.service"
LIVE = "/home/mastodon/live"
ENV = "LOCAL_DOMAIN=example.com\nREDIS_HOST=127.0.0.1\nREDIS_PORT=6379\n"
COMMANDS = """\
agent = "sidekiq-watchdog"
[commands.refresh-domain]
user = "mastodon"
directory = "/"
argv = ["/bin/true"]
timeout = "90s"
"""
OF_THE_HOST = {"host-clock", "log-level", "state-disk"}


@pytest.fixture
def server() -> Iterator[Booted]:
    """A machine with Redis, and Sidekiq as a service; nothing of the agent."""
    with boot() as machine:
        machine.run("useradd", "--system", "mastodon")
        machine.write(f"{LIVE}/.env.production", ENV)
        command = f"/usr/bin/sidekiq -r {PROGRAM}/tests/service/sidekiq_app/app.rb -c 2 -q default -q push -q scheduler"
        settings = {"User": "mastodon", "WorkingDirectory": LIVE, "Environment": "REDIS_URL=redis://127.0.0.1:6379/0"}
        machine.unit(SIDEKIQ, service(command, Restart="always", TimeoutStopSec="30", **settings))
        machine.run("systemctl", "start", "redis-server", SIDEKIQ)
        yield machine


def told(machine: Booted, *arguments: str, user: str = "") -> tuple[int, dict[str, Any]]:
    """What a command of the installed program says, as JSON, and how it ended."""
    done = subprocess.run(
        machine.command("sidekiq-watchdog", *arguments, "--json", user=user), check=False, capture_output=True, text=True, timeout=60
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def amiss(points: dict[str, Any], health: str) -> set[str]:
    """The names of the points that are so."""
    return {point["name"] for point in points["points"] if point["health"] == health} - OF_THE_HOST


async def test_what_init_writes_passes_doctor(server: Booted, until: Callable[..., Any]) -> None:
    """As root and as the agent's user: nothing has to be mended, and what is a warning is what nobody has declared yet."""
    shutil.copy(package.built(), server.root / "root/agent.deb")
    server.run("dpkg", "-i", "/root/agent.deb")
    code, found = told(server, "doctor")
    assert (code, found["problems"][0]["code"], found["user"]) == (2, "E113", "sidekiq-watchdog")
    assert amiss(found, "fail") == {"config"}

    async def beats() -> bool:
        return bool(server.run("redis-cli", "smembers", "processes").strip())

    await until(beats, what="a Sidekiq that beats")
    server.run("sidekiq-watchdog", "init")
    before, found = told(server, "doctor")
    assert (before, amiss(found, "fail"), amiss(found, "warn")) == (0, set(), {"agent", "checks", "receivers"}), found
    server.run("systemctl", "start", "sidekiq-watchdog")

    async def is_well() -> bool:
        return told(server, "doctor", "--only", "agent")[1]["counts"]["ok"] == 1

    try:
        await until(is_well, what="an agent that runs and has read everything")
        for user in ("", "sidekiq-watchdog"):
            code, found = told(server, "doctor", user=user)
            assert (code, amiss(found, "fail"), amiss(found, "warn")) == (0, set(), {"checks", "receivers"}), found
            names = {point["name"]: point["says"] for point in found["points"]}
            assert names["sidekiq-signals"] == "1 process may be signalled (CAP_KILL)"
            assert names["units-rights"] == "this user may start, stop, restart them"
            assert names["agent-unit"].startswith("sidekiq-watchdog.service, watched by systemd each 60 s")
        named(server)
    except BaseException:
        print(server.run("journalctl", "-u", "sidekiq-watchdog", "--no-pager", "-n", "40"))
        raise


def named(server: Booted) -> None:
    """A command is not installed, and then it is: nothing is started for it."""
    server.write("/etc/sidekiq-watchdog/commands.toml", COMMANDS)
    code, found = told(server, "doctor", "--only", "commands")
    assert (code, found["points"][0]["says"]) == (1, "not installed, or before commands.toml was changed: refresh-domain")
    server.run("sidekiq-watchdog-command", "install")
    code, found = told(server, "doctor", "--only", "commands")
    assert (code, found["points"][0]["says"], found["points"][0]["health"]) == (0, "1 command: refresh-domain", "ok")
    assert "refresh-domain" not in server.run(
        "journalctl", "--no-pager", "_COMM=systemd", "-o", "cat", "-g", "Command refresh", check=False
    )
