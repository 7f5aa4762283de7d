"""
Units that do not run, on a real systemd, and the agent as it runs there: a user of its own, with the polkit rule of the package.

What was killed it starts; what somebody has stopped, masked or disabled, and what systemd has given up, it leaves alone, and says why.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.host.systemd.conftest import NEEDS, RedisInside, service
from tests.patience import PATIENCE
from tests.suites.booted import INTERPRETER, PROGRAM, Booted
from watchdog.engine.may_start import GIVEN_UP

pytestmark = [pytest.mark.needs(*NEEDS), pytest.mark.timeout(300)]

NAME = "mastodon-sidekiq-start-{}.service"
AGENT = "watchdog-start.service"
FOLDER = "/etc/starting"
STATE = "/var/lib/starting"
POLKIT = "/etc/polkit-1/rules.d/50-sidekiq-watchdog.rules"
CONFIG = f"mode: act\nredis: {{url: 'redis://127.0.0.1:6400/0'}}\nrules: [rules.yml]\nstate: {STATE}\nunits: ['mastodon-sidekiq-start-*']\n"
GUARDS = "{deploy: 0s, settle: 0, cooldown: 1s, cooldown_max: 0s, keep: 0%, alone: allow, max_unhealthy: 100%, baseline: allow, budget: 100/1d, target_budget: 100/1d, host_budget: 100/1d}"
DOWN = f"""\
rules:
  - rule: down
    each: unit
    where: unit.name like "mastodon-sidekiq-start-*"
    when: unit.state in ["failed", "inactive"]
    for: 1s
    then:
      - start_unit: {{unit: unit}}
    guards: {GUARDS}
"""
OLD = f"""\
rules:
  - rule: old
    each: process
    when: process.age > 2s and unit(process.unit).restart_policy == "no"
    then:
      - terminate_process: {{process: process, grace: 10s}}
      - ensure_unit: {{unit: process.unit, start_within: 60s}}
    evidence: []
    guards: {GUARDS.replace("cooldown: 1s", "cooldown: 1h").replace("cooldown_max: 0s", "cooldown_max: 1h")}
"""
GRUMBLING = "/bin/sh -c 'late() { for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 0.2; done; exit 3; }; trap late TERM; while :; do sleep 0.1; done'"
"""Stopped, it takes its time and ends as one does that has failed. In short sleeps: systemd signals what is started while it signals, too, and one long sleep could be over at once."""
COUNTED = "/bin/sh -c 'echo x >> /run/{}.starts; exec sleep 1000'"


class Beside:
    """A machine with an agent on it."""

    def __init__(self, machine: Booted) -> None:
        self.machine = machine

    def state(self, which: str) -> str:
        """How the unit is, as systemd tells it now."""
        return self.machine.run("systemctl", "is-active", NAME.format(which), check=False).strip()

    def start_agent(self, rules: str, *, program: str = "", **environment: str) -> None:
        """It runs under these rules once this returns; `program` is run in its place."""
        self.machine.write(f"{FOLDER}/rules.yml", rules)
        told = " ".join(f"{name}={value}" for name, value in {**Booted.environment(), **environment}.items())
        command = f"{INTERPRETER} {program or Booted.script()} run --config {FOLDER}/config.yml"
        rights = {"User": "sidekiq-watchdog", "AmbientCapabilities": "CAP_KILL", "Type": "notify", "Environment": told}
        self.machine.unit(AGENT, service(command, **rights))
        self.machine.run("systemctl", "restart", AGENT)

    async def audit(self, **wanted: str) -> list[dict[str, Any]]:
        """The rows of the audit log in which these fields are as said."""
        command = self.machine.python(
            Booted.script(), "audit", "--json", "--limit", "1000", "--config", f"{FOLDER}/config.yml", user="sidekiq-watchdog"
        )
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        rows = [json.loads(line) for line in output.splitlines()]
        return [row for row in rows if all(row.get(name) == value for name, value in wanted.items())]


@contextlib.contextmanager
def ready(lent: Booted) -> Iterator[Beside]:
    """No agent runs yet; all units of the test are gone after it."""
    lent.write(f"{FOLDER}/config.yml", CONFIG)
    lent.run("install", "-d", "-o", "sidekiq-watchdog", "-m", "0700", STATE)
    lent.run("cp", f"{PROGRAM}/packaging/polkit.rules", POLKIT)
    lent.run("systemctl", "restart", "polkit")
    try:
        yield Beside(lent)
    finally:
        print(lent.run("journalctl", "--unit", AGENT, "--no-pager", "-n", "60"))  # shown where a test fails
        lent.run("systemctl", "stop", AGENT, "mastodon-sidekiq-start-*", check=False)
        lent.run("systemctl", "reset-failed", check=False)
        lent.run("rm", "-rf", POLKIT, STATE, FOLDER)
        lent.run("systemctl", "restart", "polkit")


@pytest.fixture
def beside(lent: Booted, redis_inside: RedisInside) -> Iterator[Beside]:
    """That machine, with a Redis."""
    with ready(lent) as one:
        yield one


async def test_which_are_started(beside: Beside, until: Callable[..., Any]) -> None:
    """Killed: it is started, twice, and a third time not. Stopped, masked, disabled by somebody, given up by systemd: never, and each has its reason."""
    machine = beside.machine
    # Said once: of two reasons the one that is known first. A stop that is over at once nobody may have seen.
    never = {
        "stopped": ("somebody has stopped it", "it has ended in good order, as one does that was stopped"),
        "grumbling": ("somebody has stopped it",),
        "masked": ("it is masked: somebody does not want it to run",),
        "disabled": ("it is disabled: somebody does not want it to run",),
        "limit": (GIVEN_UP,),
    }
    for which in ("stopped", "killed"):
        machine.write(f"/etc/systemd/system/{NAME.format(which)}", service())
    machine.write(f"/etc/systemd/system/{NAME.format('grumbling')}", service(GRUMBLING))
    machine.write(f"/usr/lib/systemd/system/{NAME.format('masked')}", service())
    machine.write(f"/etc/systemd/system/{NAME.format('disabled')}", service() + "[Install]\nWantedBy=multi-user.target\n")
    limited = service("/bin/false", Restart="always", RestartSec="10ms").replace(
        "StartLimitIntervalSec=0", "StartLimitIntervalSec=1h\nStartLimitBurst=2"
    )
    machine.unit(NAME.format("limit"), limited)
    machine.run("systemctl", "enable", "--now", NAME.format("disabled"))
    machine.run("systemctl", "start", *(NAME.format(which) for which in ("stopped", "grumbling", "killed", "masked")))
    machine.run("systemctl", "start", NAME.format("limit"), check=False)
    await until(lambda: machine.run("systemctl", "show", "-P", "SubState", NAME.format("limit")).strip() == "failed", within=PATIENCE)
    beside.start_agent(DOWN)

    machine.run("systemctl", "stop", NAME.format("stopped"), NAME.format("grumbling"))
    machine.run("systemctl", "mask", NAME.format("masked"))
    machine.run("systemctl", "disable", NAME.format("disabled"))
    machine.run("systemctl", "kill", "--signal=KILL", NAME.format("masked"), NAME.format("disabled"))

    async def denied() -> dict[str, str]:
        rows = await beside.audit(kind="decision", decision="DENY", guard="last_look")
        return {row["entity"]: row["reason"] for row in rows}

    async def all_denied() -> bool:
        found = await denied()
        return all(found.get(NAME.format(which)) in reasons for which, reasons in never.items())

    await until(all_denied, within=PATIENCE)

    killed = NAME.format("killed")
    for count in (1, 2):
        machine.run("systemctl", "kill", "--signal=KILL", killed)

        async def is_started(count: int = count) -> bool:
            # Before it has been seen to run, its next end would be none to the rule.
            over = await beside.audit(kind="incident", entity=killed, outcome="ended")
            return len(over) == len(await beside.audit(kind="alert", entity=killed, outcome="resolved")) == count

        await until(is_started, within=PATIENCE)
        assert beside.state("killed") == "active"
    machine.run("systemctl", "kill", "--signal=KILL", killed)

    async def is_left() -> bool:
        return (await denied()).get(killed) == "it was started 2 times within 10 min, and has ended again"

    await until(is_left, within=PATIENCE)
    assert {row["entity"] for row in await beside.audit(kind="intent")} == {killed}
    assert [beside.state(which) for which in never] == ["inactive", "failed", "failed", "failed", "failed"]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_agent_that_dies_at_the_start(beside: Beside, until: Callable[..., Any], when: str) -> None:
    """Killed right before or right after systemd was asked: its successor sees to it, and the unit is started once."""
    machine, name = beside.machine, NAME.format(f"mortal-{when}")
    machine.unit(name, service(COUNTED.format(when)))
    machine.run("systemctl", "start", name)
    beside.start_agent(DOWN, program=f"{PROGRAM}/tests/service/mortal_agent.py", DIE_AT=f"CallUnit:1:{when}")
    machine.run("systemctl", "kill", "--signal=KILL", name)

    async def is_dead() -> bool:
        return machine.run("systemctl", "is-active", AGENT, check=False).strip() == "failed"

    await until(is_dead, within=PATIENCE)
    assert len(await beside.audit(kind="intent", entity=name)) == 1
    beside.start_agent(DOWN)

    async def is_over() -> bool:
        return bool(await beside.audit(kind="incident", entity=name, outcome="ended"))

    await until(is_over, within=PATIENCE)
    assert beside.state(f"mortal-{when}") == "active"
    assert machine.run("wc", "-l", f"/run/{when}.starts").split()[0] == "2"


async def test_what_the_agent_has_ended_it_starts_again(beside: Beside, redis_inside: RedisInside, until: Callable[..., Any]) -> None:
    """A real Sidekiq with `Restart=no` ends in good order when it is told to, and nobody but the agent would bring it back: it runs again, and beats."""
    machine, name = beside.machine, NAME.format("sidekiq")
    command = f"/usr/bin/sidekiq -r {PROGRAM}/tests/host/systemd/app/app.rb -q starting -c 2 -t 4"
    machine.unit(name, service(command, Environment="REDIS_URL=redis://127.0.0.1:6400/0 BEAT=3"))
    machine.run("systemctl", "start", name)
    before = machine.run("systemctl", "show", "-P", "MainPID", name)
    beside.start_agent(OLD)

    async def is_over() -> bool:
        return bool(await beside.audit(kind="incident", rule="old", outcome="ended"))

    await until(is_over, within=120)
    (row,) = await beside.audit(kind="incident", rule="old", outcome="ended")
    assert "it was started, and a process in it beats" in row["reason"]
    assert beside.state("sidekiq") == "active"
    assert machine.run("systemctl", "show", "-P", "MainPID", name) != before
