"""Units are started, stopped and restarted through the executor, and the end of each job is awaited."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.host.systemd.conftest import NEEDS, SLOW, Followed, service
from tests.patience import PATIENCE
from tests.suites.booted import PROGRAM, boot
from watchdog.actions.executor import OTHERS, Executor
from watchdog.model.effects import CallUnit
from watchdog.model.results import Refused, UnitCalled, UnitOutcome
from watchdog.model.targets import Verb

pytestmark = pytest.mark.needs(*NEEDS)

Call = Callable[..., Any]


def caller(followed: Followed) -> Call:
    """`await call(verb, name, within=…, invocation=…)`."""

    async def never(_: object) -> Refused:
        raise AssertionError("nobody asked for that")

    hands = Executor(
        reread=never, others={**dict.fromkeys(OTHERS, never), CallUnit: followed.units.call}, clock=followed.clock, host="web1"
    )

    async def call(verb: Verb, name: str, *, within: float = PATIENCE, invocation: str = "") -> Any:
        return await hands.perform(CallUnit("1.0", name, verb, followed.clock.at() + int(within * 1000), invocation))

    return call


@pytest.fixture
def call(followed) -> Call:
    """Calls to the machine that is followed."""
    return caller(followed)


async def test_started_restarted_stopped(machine, followed, call):
    """Each is done when systemd says so, and the unit is as it was asked to be by then."""
    name = "mastodon-sidekiq-called.service"
    machine.unit(name, service())
    started = await call(Verb.START, name)
    assert (started.outcome, started.detail) == (UnitOutcome.DONE, "")
    assert machine.run("systemctl", "is-active", name).strip() == "active"
    again = await call(Verb.RESTART, name)
    assert again.outcome is UnitOutcome.DONE
    assert len({started.invocation, again.invocation, ""}) == 3
    assert (await call(Verb.STOP, name)).outcome is UnitOutcome.DONE
    assert machine.run("systemctl", "is-active", name, check=False).strip() == "inactive"
    await followed.reaches(name, state="inactive")


async def test_asked_for_once_more(machine, call):
    """What has been done is not done again: neither by itself, nor where the unit has been started since."""
    name = "mastodon-sidekiq-repeated.service"
    machine.unit(name, service())
    first = (await call(Verb.START, name)).invocation
    assert await call(Verb.START, name) == UnitCalled(UnitOutcome.DONE, "", first)
    second = (await call(Verb.RESTART, name, invocation=first)).invocation
    assert second != first
    for verb in (Verb.RESTART, Verb.STOP):
        assert await call(verb, name, invocation=first) == UnitCalled(UnitOutcome.ALREADY, "it has been started since", second)
    assert machine.run("systemctl", "is-active", name).strip() == "active"
    assert (await call(Verb.STOP, name, invocation=second)).outcome is UnitOutcome.DONE
    assert (await call(Verb.STOP, name, invocation=second)).outcome is UnitOutcome.DONE


async def test_a_stop_that_hangs(machine, followed, call):
    """The wait ends on time while the job goes on; who asks once more waits for the same job, and hears of its end."""
    name = "mastodon-sidekiq-hangs.service"
    machine.unit(name, SLOW)
    await call(Verb.START, name)
    began = followed.clock.at()
    first = await call(Verb.STOP, name, within=4)
    assert first.outcome is UnitOutcome.WAITING
    assert 4_000 <= followed.clock.at() - began < 30_000

    second = asyncio.create_task(call(Verb.STOP, name))
    await followed.reaches(name, state="deactivating", job="stop")
    assert await call(Verb.START, name) == Refused(f"somebody has already asked systemd for something else with {name}")
    machine.run("systemctl", "kill", "--signal=KILL", name)
    assert (await second).outcome is UnitOutcome.DONE
    machine.run("systemctl", "reset-failed", name)


async def test_a_restart_after_an_agent_that_died(machine, call):
    """Who asked for a restart and died in the middle of it asks again: it is one restart."""
    name = "mastodon-sidekiq-died.service"
    machine.unit(name, SLOW)
    before = (await call(Verb.START, name)).invocation
    assert (await call(Verb.RESTART, name, within=4, invocation=before)).outcome is UnitOutcome.WAITING

    successor = Followed(machine.bus)
    await successor.begun()
    waiting = asyncio.create_task(caller(successor)(Verb.RESTART, name, invocation=before))
    await asyncio.sleep(3)  # sleeps on purpose: it must be waiting when the process dies
    machine.run("systemctl", "kill", "--signal=KILL", name)
    after = await waiting
    assert after.outcome is UnitOutcome.DONE
    assert after.invocation not in ("", before)
    assert (await caller(successor)(Verb.RESTART, name, invocation=before)).outcome is UnitOutcome.ALREADY
    assert machine.run("systemctl", "show", "-P", "InvocationID", name).strip() == after.invocation
    await successor.close()
    machine.run("systemctl", "kill", "--signal=KILL", name)


@pytest.mark.parametrize(
    ("start", "unit", "settings", "outcome"),
    [
        ("/bin/false", "", {"Type": "oneshot"}, UnitOutcome.FAILED),
        ("/bin/sleep 1", "Requires=mastodon-sidekiq-broken.service\nAfter=mastodon-sidekiq-broken.service", {}, UnitOutcome.DEPENDENCY),
        ("/bin/sleep 1", "ConditionPathExists=/nowhere", {}, UnitOutcome.SKIPPED),
        ("/bin/sleep 1", "AssertPathExists=/nowhere", {}, UnitOutcome.OTHER),
        (
            "/bin/sleep 1",
            "JobTimeoutSec=200ms\nAfter=mastodon-sidekiq-long.service\nWants=mastodon-sidekiq-long.service",
            {},
            UnitOutcome.TIMEOUT,
        ),
    ],
    ids=["failed", "dependency", "skipped", "assert", "timeout"],
)
async def test_what_becomes_of_a_start(machine, call, start, unit, settings, outcome):
    """Each way in which a job of systemd ends has a word of its own; what has none is told in systemd's."""
    name = f"mastodon-sidekiq-{outcome}.service"
    machine.unit("mastodon-sidekiq-broken.service", service("/bin/false", Type="oneshot"))
    machine.unit("mastodon-sidekiq-long.service", service("/bin/sleep 60", Type="oneshot", TimeoutStartSec="infinity"))
    machine.unit(name, service(start, unit=unit, **settings))
    result = await call(Verb.START, name)
    machine.run("systemctl", "stop", "mastodon-sidekiq-long.service", name)
    machine.run("systemctl", "reset-failed")
    assert (result.outcome, result.detail) == (outcome, "assert" if outcome is UnitOutcome.OTHER else "")


async def test_somebody_changes_their_mind(machine, followed, call):
    """A job that somebody takes back is told as such."""
    name = "mastodon-sidekiq-canceled.service"
    machine.unit(name, service("/bin/sleep 60", Type="oneshot", TimeoutStartSec="infinity"))
    waiting = asyncio.create_task(call(Verb.START, name))
    await followed.reaches(name, job="start", state="activating")
    machine.run("systemctl", "cancel")
    assert (await waiting).outcome is UnitOutcome.CANCELED
    machine.run("systemctl", "stop", name)


async def test_what_is_refused(machine, call):
    """Units that are not ours, that are not there, that are masked, and a time that is over: nothing is done, and the sentence says why."""
    assert await call(Verb.STOP, "dbus.service") == Refused(
        "dbus.service is none of the units that the agent may touch: `units` in the config names them"
    )
    assert await call(Verb.START, "mastodon-sidekiq-none.service") == Refused(
        "systemd refuses to start mastodon-sidekiq-none.service: Unit mastodon-sidekiq-none.service not found."
    )
    machine.run("systemctl", "mask", "mastodon-sidekiq-mask.service")
    assert await call(Verb.START, "mastodon-sidekiq-mask.service") == Refused(
        "systemd refuses to start mastodon-sidekiq-mask.service: Unit mastodon-sidekiq-mask.service is masked."
    )
    machine.run("systemctl", "unmask", "mastodon-sidekiq-mask.service")
    assert await call(Verb.START, "mastodon-sidekiq-late.service", within=0) == Refused(
        "the time for it was over before systemd had been asked"
    )


ASK = """\
import asyncio, sys
from watchdog.clock import Clock
from watchdog.host.systemd.watch import Units
from watchdog.model.effects import CallUnit
from watchdog.model.events import Observed
from watchdog.model.targets import Verb

async def main():
    begun = asyncio.Event()
    units = Units(["*"], clock=Clock(), emit=lambda body: begun.set() if isinstance(body, Observed) else print(body), own="")
    task = asyncio.create_task(units.run())
    await begun.wait()
    print(await units.call(CallUnit("1", sys.argv[1], Verb(sys.argv[2]), Clock().at() + 10_000)))
    task.cancel()

asyncio.run(main())
"""


async def test_rights(lent):
    """Another user reads all and may do nothing, until the polkit rule of the package is there; then it may do just what that says."""
    name = "mastodon-sidekiq-rights.service"
    lent.unit(name, service())
    lent.unit("other.service", service())
    lent.write("/srv/run/ask.py", ASK)

    def ask(unit: str, verb: str, user: str = "sidekiq-watchdog") -> str:
        done = subprocess.run(
            lent.python("/srv/run/ask.py", unit, verb, user=user), capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    refused = "systemd does not let the agent's user {} {}: install the polkit rule that comes with the agent as /etc/polkit-1/rules.d/50-sidekiq-watchdog.rules"
    assert refused.format("start", name) in ask(name, "start")

    lent.run("cp", f"{PROGRAM}/packaging/polkit.rules", "/etc/polkit-1/rules.d/50-sidekiq-watchdog.rules")
    lent.run("systemctl", "restart", "polkit")
    for verb in ("start", "restart", "stop"):
        assert "DONE" in ask(name, verb)
    assert refused.format("start", "other.service") in ask("other.service", "start")
    assert refused.format("start", name) in ask(name, "start", user="stranger")


async def test_the_bus_dies_under_a_call():
    """What became of the job can't be known then; the source is lost, nothing can be asked, and all is well again once there is a bus."""
    with boot() as machine:
        name = "mastodon-sidekiq-bus.service"
        machine.unit(name, SLOW)
        followed = Followed(machine.bus)
        await followed.begun()
        call = caller(followed)
        await call(Verb.START, name)
        waiting = asyncio.create_task(call(Verb.STOP, name))
        await followed.reaches(name, state="deactivating")
        machine.run("systemctl", "kill", "--signal=KILL", "dbus.service")
        assert await waiting == UnitCalled(UnitOutcome.UNKNOWN, "the connection to systemd was lost while its job went on")
        await followed.until(lambda: followed.outages)
        assert (followed.outages[0].code, followed.outages[0].message) == ("reset", f"the system bus {machine.bus} closed the connection")

        machine.run("systemctl", "kill", "--signal=KILL", name, check=False)
        await followed.until(lambda: type(followed.outages[-1]).__name__ == "SourceBack")
        await followed.reaches(name, state="failed", job="")
        assert (await call(Verb.START, name)).outcome is UnitOutcome.DONE
        await followed.close()


async def test_a_machine_that_is_held():
    """A bus that does not answer is told as such, and the call that waits for it ends in time; held, not dead: then all goes on."""
    with boot() as machine:
        name = "mastodon-sidekiq-held.service"
        machine.unit(name, service())
        followed = Followed(machine.bus)
        await followed.begun()
        pid = _outer_pid(machine.pid, "dbus-daemon")
        os.kill(pid, signal.SIGSTOP)
        result = await caller(followed)(Verb.START, name, within=0.5)
        os.kill(pid, signal.SIGCONT)
        assert result == Refused("the time for it was over before systemd had been asked")
        assert (await caller(followed)(Verb.START, name)).outcome is UnitOutcome.DONE
        await followed.close()


def _outer_pid(init: int, program: str) -> int:
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "comm").read_text().strip() == program and _is_in(entry, init):
                return int(entry.name)
        except OSError:
            continue
    raise AssertionError(program)


def _is_in(process: Path, init: int) -> bool:
    return (process / "ns/pid").readlink() == Path(f"/proc/{init}/ns/pid").readlink()
