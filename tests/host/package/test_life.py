"""The Debian package from its installation to its purge, on a Debian 13 with systemd."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.suites import package
from tests.suites.booted import Booted, boot

pytestmark = [pytest.mark.needs("systemd-nspawn", "mount", "trixie-systemd", "package"), pytest.mark.timeout(400)]

UNIT = "sidekiq-watchdog.service"
CONFIG = "mode: act\nredis: {url: 'redis://127.0.0.1:6379/0'}\nrules: [pack:sidekiq, pack:mastodon]\nstate: /var/lib/sidekiq-watchdog\n"
MINE = ("/etc/sidekiq-watchdog", "/var/lib/sidekiq-watchdog")
"""What a removal leaves: it is the operator's."""


def state(machine: Booted) -> str:
    """Of the agent, as systemd sees it."""
    return machine.run("systemctl", "is-active", UNIT, check=False).strip()


def traces(machine: Booted) -> set[str]:
    """Every path in that system by which one could tell that the package was ever there; not what it has in memory, nor what the tests lend it."""
    away = [part for folder in ("/proc", "/sys", "/srv", "/run", "/var/log/journal") for part in ("-path", folder, "-prune", "-o")]
    found = machine.run("find", "/", *away, "-name", "*sidekiq-watchdog*", "-print").split()
    return {path for path in found if not path.startswith("/var/lib/dpkg/info/")}


def memory(machine: Booted) -> list[dict[str, Any]]:
    """The audit log, whose chain is whole."""
    machine.run("sidekiq-watchdog", "audit", "--verify")
    return [json.loads(line) for line in machine.run("sidekiq-watchdog", "audit", "--json").splitlines()]


@pytest.fixture
def machine():
    """One of this test's own, with a Redis that nobody has touched."""
    with boot() as booted:
        booted.run("systemctl", "start", "redis-server")
        try:
            yield booted
        finally:
            print(booted.run("journalctl", "--unit", UNIT, "--no-pager", "-n", "60", check=False))


async def test_from_installation_to_purge(machine: Booted, until: Callable[..., Any]) -> None:
    """Nothing is done until there is a config; an upgrade goes on where it was, and starts nothing that was stopped; a removal leaves config and state, a purge nothing."""
    before = traces(machine)
    said = package.install(machine)
    assert "does nothing until there is /etc/sidekiq-watchdog/config.yml" in said
    assert machine.run("systemctl", "is-enabled", UNIT).strip() == "enabled"
    assert machine.run("systemctl", "is-enabled", "sidekiq-watchdog-inspect.socket", check=False).strip() == "disabled"
    machine.run("systemctl", "start", UNIT)
    assert state(machine) == "inactive"
    assert machine.run("stat", "--format=%A %U %G", *MINE).splitlines() == [
        "drwxr-x--x root sidekiq-watchdog",
        "drwx------ sidekiq-watchdog sidekiq-watchdog",
    ]
    assert machine.run("dpkg", "--verify", "sidekiq-watchdog") == ""

    machine.write("/etc/sidekiq-watchdog/config.yml", CONFIG)
    machine.run("chgrp", "sidekiq-watchdog", "/etc/sidekiq-watchdog/config.yml")
    machine.run("chmod", "640", "/etc/sidekiq-watchdog/config.yml")
    machine.run("sidekiq-watchdog", "check")
    machine.run("systemctl", "start", UNIT)
    assert state(machine) == "active"
    begun = memory(machine)

    package.install(machine)
    assert state(machine) == "active"
    after = memory(machine)
    assert after[: len(begun)] == begun
    assert len(after) > len(begun)

    machine.run("systemctl", "stop", UNIT)
    package.install(machine)
    assert state(machine) == "inactive"

    machine.run("systemctl", "start", UNIT)
    machine.run("dpkg", "--remove", "sidekiq-watchdog")
    assert state(machine) == "inactive"
    # Debian's own helper remembers whether it was turned on, until a purge.
    left = {
        path for path in traces(machine) - before if not path.startswith(("/etc/systemd/system/", "/var/lib/systemd/deb-systemd-helper-"))
    }
    assert left == set(MINE)
    assert not (machine.root / "opt/sidekiq-watchdog").exists()
    assert not (machine.root / "run/sidekiq-watchdog").exists()

    package.install(machine)
    await until(lambda: state(machine) == "active")
    assert memory(machine)[: len(after)] == after

    machine.run("dpkg", "--purge", "sidekiq-watchdog")
    assert traces(machine) == before
    assert not (machine.root / "run/sidekiq-watchdog").exists()
    assert "sidekiq-watchdog" not in machine.run("getent", "passwd") + machine.run("getent", "group")
