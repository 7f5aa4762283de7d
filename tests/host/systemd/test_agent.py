"""The whole agent as a service of a booted machine, beside real Sidekiqs that are services, too."""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.host.systemd.conftest import NEEDS
from tests.suites.booted import INTERPRETER, PROGRAM, Booted, boot

pytestmark = pytest.mark.needs(*NEEDS)

SIDEKIQ = f"""\
[Service]
ExecStart=/usr/bin/sidekiq -r {PROGRAM}/tests/service/sidekiq_app/app.rb -q %i -c 2 -t 9
Restart=always
RestartSec=100ms
TimeoutStopSec=10
"""
CONFIG = """\
mode: dry-run
redis: {url: "redis://127.0.0.1:6379/0"}
rules: [rules.yml]
state: state
"""
RULES = """\
rules:
  - rule: climbing
    each: unit
    when: unit.restarts >= 2
  - rule: process-of-a-climbing-unit
    each: process
    when: unit(process.unit).restarts >= 2 and unit(process.unit).pid == process.pid
  - rule: killed-too-soon
    each: unit
    when: unit.stop_timeout < unit.sidekiq_timeout + 5s
  - rule: nobody-in-it
    each: unit
    when: unit.state == "active" and unit.processes == 0
    for: 1s
  - rule: stopped
    each: unit
    on: UnitStopped
    where: unit.name like "*-empty.service" and unit.result == "success"
    keep_firing_for: 1h
"""


def _agent_unit() -> str:
    environment = "\n".join(f"Environment={name}={value}" for name, value in Booted.environment().items())
    return f"[Service]\nType=notify\n{environment}\nExecStart={INTERPRETER} {Booted.script()} run --config /etc/watched/config.yml\n"


async def _run(command: list[str]) -> bytes:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output, _ = await process.communicate()
    return output


@pytest.mark.timeout(180)
async def test_the_agent_among_units(until: Callable[..., Any]) -> None:
    """Units are followed as those of its processes, rules on them fire, `status` shows them, and a reload changes which are meant."""
    with boot() as machine:
        if why := machine.why_no_python():
            pytest.skip(f"this machine's Python does not run in the suite: {why}")
        machine.write("/etc/watched/config.yml", CONFIG)
        machine.write("/etc/watched/rules.yml", RULES)
        machine.write("/etc/systemd/system/mastodon-sidekiq-empty.service", "[Service]\nExecStart=/bin/sleep 1000\n")
        machine.write("/etc/systemd/system/apart.service", "[Service]\nExecStart=/bin/sleep 1000\n")
        machine.write("/etc/systemd/system/sidekiq-watchdog.service", _agent_unit())
        machine.unit("mastodon-sidekiq@.service", SIDEKIQ)
        push = "mastodon-sidekiq@push.service"
        others = (push, "mastodon-sidekiq-empty.service", "apart.service")

        async def picture() -> dict[str, Any]:
            shown = await _run(machine.python(machine.script(), "status", "--json", "--config", "/etc/watched/config.yml"))
            return json.loads(shown) if shown.startswith(b"{") else {}

        async def firing() -> set[tuple[str, str]]:
            return {(alert["rule"], alert["entity"].partition(":")[0]) for alert in (await picture()).get("alerts", ())}

        async def units() -> dict[str, Any]:
            return {unit["name"]: unit for unit in (await picture()).get("units", ())}

        try:
            machine.run("systemctl", "start", *others, "sidekiq-watchdog.service")
            await until(lambda: _holds(units, push, processes=1, state="active", sidekiq_timeout=9_000, stop_timeout=10_000), within=60)
            seen = await picture()
            assert {unit["name"] for unit in seen["units"]} == {push, "mastodon-sidekiq-empty.service"}
            assert (seen["sources"]["systemd"]["ok"], seen["units_absent"]) == (True, "")
            await until(lambda: _contains(firing, ("nobody-in-it", "mastodon-sidekiq-empty.service"), ("killed-too-soon", push)))

            for count in (1, 2):
                machine.run("systemctl", "kill", "--signal=KILL", push)
                await until(lambda count=count: _holds(units, push, restarts=count, state="active", processes=1))
            fired = await until(lambda: _contains(firing, ("climbing", push), ("process-of-a-climbing-unit", socket.gethostname())))
            assert "stopped" not in {rule for rule, _ in fired}

            machine.run("systemctl", "stop", "mastodon-sidekiq-empty.service")
            await until(lambda: _contains(firing, ("stopped", "mastodon-sidekiq-empty.service")))

            machine.write("/etc/watched/config.yml", CONFIG + "units: [apart]\n")
            machine.run("systemctl", "kill", "--signal=HUP", "sidekiq-watchdog.service")
            await until(lambda: _holds(units, "apart.service", state="active"))
            assert set(await units()) == {push, "apart.service"}
            shown = (await _run(machine.python(machine.script(), "status", "--config", "/etc/watched/config.yml"))).decode()
            assert "Units" in shown
            assert "systemd: ok" in shown
        except BaseException:
            print(machine.run("journalctl", "-u", "sidekiq-watchdog", "-u", push, "--no-pager", "-n", "60"))
            raise


async def _holds(units: Callable[[], Any], name: str, **readings: Any) -> bool:
    unit = (await units()).get(name, {})
    return all(unit.get(slot) == value for slot, value in readings.items())


async def _contains(firing: Callable[[], Any], *alerts: tuple[str, str]) -> Any:
    found = await firing()
    return found if found.issuperset(alerts) else None
