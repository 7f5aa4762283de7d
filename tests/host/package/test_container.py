"""
The agent as `compose.yml` has it: no systemd, no journal, no capability, Sidekiq's own user, and process numbers and a host name that both share with a third process.

The namespaces are real ones, made with what every Debian has; in the engine's place systemd begins each of the two anew when it ends, which neither of them can see but
by the names of their control groups.
"""

import asyncio
import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.suites import package
from tests.suites.booted import PROGRAM, Booted, boot

pytestmark = [pytest.mark.needs("systemd-nspawn", "mount", "trixie-systemd", "package"), pytest.mark.timeout(300)]

USER = "991"
HOLDER = "unshare --pid --fork --mount --uts --mount-proc sh -ec 'mount -t tmpfs tmpfs /run; hostname sidekiq; exec sleep infinity'"
WITHIN = (
    "--mount",
    "--pid",
    "--uts",
    "setpriv",
    f"--reuid={USER}",
    f"--regid={USER}",
    "--clear-groups",
    "--bounding-set=-all",
    "--no-new-privs",
)
SIDEKIQ = f"env REDIS_URL=redis://127.0.0.1:6379/0 BEAT=3 sidekiq -r {PROGRAM}/tests/host/systemd/app/app.rb -q default -c 2 -t 4"
CONFIG = "mode: act\nredis: {url: 'redis://127.0.0.1:6379/0'}\nrules: [pack:sidekiq]\nstate: /var/lib/sidekiq-watchdog\n"


class Container:
    """What runs in the shared namespaces."""

    def __init__(self, machine: Booted) -> None:
        self.machine = machine
        self._service("holder", HOLDER)
        outer = machine.run("systemctl", "show", "--property", "MainPID", "--value", "holder.service").strip()
        self._holder = outer

    def _service(self, name: str, command: str) -> None:
        self.machine.unit(f"{name}.service", f"[Service]\nExecStart={command}\nRestart=always\nRestartSec=1s\n")
        self.machine.run("systemctl", "start", f"{name}.service")

    def inner(self) -> str:
        """The process that holds the namespaces, once it has made them."""
        children = (self.machine.root / f"proc/{self._holder}/task/{self._holder}/children").read_text().split()
        ready = children and (self.machine.root / f"proc/{children[0]}/comm").read_text().strip() == "sleep"
        return children[0] if ready else ""

    def keep(self, name: str, command: str) -> None:
        """Run it there, and begin it anew whenever it ends."""
        self._service(name, " ".join(("/usr/bin/nsenter", f"--target={self.inner()}", *WITHIN, command)))

    async def typed(self, *arguments: str) -> tuple[int, str]:
        """A command of the agent's user there: exit code, and all that it said."""
        words = ("nsenter", f"--target={self.inner()}", *WITHIN, "sidekiq-watchdog", *arguments)
        done = await asyncio.to_thread(
            subprocess.run, self.machine.command(*words), capture_output=True, text=True, check=False, timeout=200
        )
        return done.returncode, done.stdout + done.stderr

    def processes(self) -> set[str]:
        """Who beats, as Redis has it."""
        return set(self.machine.run("redis-cli", "SMEMBERS", "processes").split())


@pytest.fixture
def machine() -> Iterator[Booted]:
    """One with what an image of the agent has, and Redis."""
    with boot() as booted:
        booted.run("systemctl", "start", "redis-server")
        package.install(booted)
        booted.write("/etc/sidekiq-watchdog/config.yml", CONFIG)
        booted.run("chown", "-R", f"{USER}:{USER}", "/etc/sidekiq-watchdog", "/var/lib/sidekiq-watchdog")
        try:
            yield booted
        finally:
            print(
                booted.run("journalctl", "--unit", "agent", "--unit", "sidekiq", "--unit", "holder", "--no-pager", "-n", "60", check=False)
            )


async def test_a_process_is_recovered(machine: Booted, until: Callable[..., Any]) -> None:
    """It sees the Sidekiq that shares its numbers, ends it by order without a loss and survives that; another one beats then."""
    container = Container(machine)
    await until(container.inner)
    container.keep("sidekiq", SIDEKIQ)
    container.keep("agent", "sidekiq-watchdog run --config /etc/sidekiq-watchdog/config.yml")
    (before,) = await until(container.processes)
    host, pid, _ = before.split(":")
    assert host == "sidekiq"

    async def sees_it() -> bool:
        code, text = await container.typed("status")
        return code == 0 and re.search(rf" {pid} +default ", text) is not None

    await until(sees_it)
    code, text = await container.typed("recover", pid, "--reason", "to see it done", "--drain", "20s")
    assert code == 0, text
    await until(lambda: container.processes() - {before})
    code, text = await container.typed("audit", "--verify")
    assert code == 0, text
