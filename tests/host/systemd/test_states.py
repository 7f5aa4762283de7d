"""What a real systemd tells of its units, as it happens."""

import asyncio
import time

import pytest

from tests.host.systemd.conftest import NEEDS, SLOW, Followed, service
from watchdog.host.systemd.bus import DBUS, SYSTEMD, Heard
from watchdog.host.systemd.readings import FOREVER
from watchdog.model.events import Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source

pytestmark = pytest.mark.needs(*NEEDS)


async def test_the_life_of_a_unit(machine, followed):
    """Started, running, stopped: each state as it comes, with when it was entered; what it is made of from the beginning."""
    name = "mastodon-sidekiq-life.service"
    machine.write("/usr/local/bin/sidekiq", "#!/bin/sh\nexec sleep 1000\n")
    machine.run("chmod", "755", "/usr/local/bin/sidekiq")
    machine.unit(name, service("/usr/bin/env LC_ALL=C /usr/local/bin/sidekiq -c 25 -t 40", TimeoutStopSec="15", Restart="always"))
    await followed.reaches(name, state="inactive", file_state="static", name=name, template="", instance="", running=False)

    machine.run("systemctl", "start", name)
    await followed.reaches(name, state="active", job="", restart_policy="always", sub_state="running", result="success", restarts=0)
    await followed.reaches(name, load_state="loaded", failed=False, running=True, reload_needed=False)
    unit = await followed.reaches(name, stop_timeout=15_000, sidekiq_timeout=40_000, exit="", exit_status=0)
    # What is of the unit and what is of the service comes in two signals.
    await followed.until(lambda: unit["pid"] > 1 and len(unit["invocation"]) == 32)
    assert 0 <= followed.clock.at() - unit["entered_at"] < 60_000

    machine.run("systemctl", "stop", name)
    await followed.reaches(name, state="inactive", pid=0, job="", exit="killed", exit_status=15, result="success", failed=False)


async def test_systemd_starts_it_again(machine, followed):
    """Each death counts, in a run of its own; a unit that is started again by itself has not failed."""
    name = "mastodon-sidekiq-again.service"
    machine.unit(name, service(Restart="always", RestartSec="100ms"))
    machine.run("systemctl", "start", name)
    runs = {(await followed.reaches(name, state="active"))["invocation"]}
    for count in (1, 2, 3):
        machine.run("systemctl", "kill", "--signal=KILL", name)
        runs.add((await followed.reaches(name, state="active", restarts=count, job=""))["invocation"])
    machine.run("systemctl", "stop", name)
    await followed.reaches(name, state="inactive")

    told = [fields for of, fields in followed.history if of == name]
    assert len(runs) == 4
    assert {"signal", "success"} <= {fields["result"] for fields in told if "result" in fields}
    assert [fields["exit_status"] for fields in told if "exit_status" in fields].count(9) == 3
    assert not any(fields.get("failed") for fields in told)


async def test_a_unit_that_fails(machine, followed):
    """It has failed once systemd gives up, and says how; putting that right is told, too."""
    name = "mastodon-sidekiq-fails.service"
    machine.unit(name, service("/bin/sh -c 'exit 7'"))
    machine.run("systemctl", "start", name)
    await followed.reaches(name, failed=True, state="failed", sub_state="failed", result="exit-code", exit="exited", exit_status=7)

    machine.run("systemctl", "reset-failed", name)
    await followed.reaches(name, failed=False, state="inactive")


async def test_files_that_are_newer(machine, followed):
    """An edited file wants `daemon-reload`; that is seen at the next reading, and its end at once."""
    name = "mastodon-sidekiq-edited.service"
    machine.unit(name, service(TimeoutStopSec="infinity"))
    machine.run("systemctl", "start", name)
    await followed.reaches(name, state="active", reload_needed=False, stop_timeout=FOREVER)
    machine.write(f"/etc/systemd/system/{name}", service(TimeoutStopSec="7"))
    machine.run("touch", "-d", "+2 seconds", f"/etc/systemd/system/{name}")
    followed.units.mean(("mastodon-sidekiq*",))
    await followed.reaches(name, reload_needed=True, stop_timeout=FOREVER)

    machine.run("systemctl", "daemon-reload")
    await followed.reaches(name, reload_needed=False, stop_timeout=7_000)
    machine.run("systemctl", "stop", name)


async def test_instances_of_a_template(machine, followed):
    """Each instance is a unit of its own, the template none; odd names are followed like any other."""
    template = "mastodon-sidekiq-many@.service"
    machine.unit(template, service())
    odd = "mastodon-sidekiq-many@" + r"a\x2db:c_d.e-1@2.service"
    machine.run("systemctl", "start", "mastodon-sidekiq-many@push.service", odd)
    push = await followed.reaches("mastodon-sidekiq-many@push.service", state="active")
    other = await followed.reaches(odd, state="active")
    assert (push["template"], push["instance"]) == (template, "push")
    assert (other["template"], other["instance"]) == (template, r"a\x2db:c_d.e-1@2")

    machine.run("systemctl", "stop", odd)
    await followed.reaches(odd, state="inactive", load_state=None)
    assert template not in followed.picture
    machine.run("systemctl", "stop", "mastodon-sidekiq-many@push.service")


async def test_what_is_queued(machine, followed):
    """A stop that takes its time is a job of the unit for as long, and gone with it."""
    name = "mastodon-sidekiq-slow.service"
    machine.unit(name, SLOW)
    machine.run("systemctl", "start", name)
    await followed.reaches(name, state="active", job="")
    machine.run("systemctl", "stop", "--no-block", name)
    await followed.reaches(name, state="deactivating", sub_state="stop-sigterm", job="stop")

    machine.run("systemctl", "kill", "--signal=KILL", name)
    await followed.reaches(name, job="", exit_status=9)
    machine.run("systemctl", "reset-failed", name)


async def test_masked_and_removed(machine, followed):
    """A unit that is masked says so; one whose file is removed is gone."""
    name = "mastodon-sidekiq-masked.service"
    machine.unit(name, service())
    await followed.reaches(name, file_state="static")
    machine.run("mv", f"/etc/systemd/system/{name}", "/root/")
    machine.run("systemctl", "mask", name)
    await followed.reaches(name, file_state="masked", state="inactive")

    machine.run("systemctl", "unmask", name)
    await followed.until(lambda: name not in followed.picture)
    assert any(Gone(Kind.UNIT, name, "it has no file any more") in body.changes for body in followed.bodies if isinstance(body, Observed))


async def test_reading_disturbs_nothing(machine, followed):
    """A unit that systemd does not hold is not loaded for our sake: nothing is told while nothing happens, and no signal comes of what we read."""
    name = "mastodon-sidekiq-still.service"
    machine.unit(name, service())
    machine.run("systemctl", "start", name)
    machine.run("systemctl", "stop", name)
    await followed.reaches(name, state="inactive", load_state=None)
    noise = await asyncio.create_subprocess_exec(
        *machine.command("timeout", "2", "busctl", "monitor", f"--match=type='signal',member='UnitNew',arg0='{name}'"),
        stdout=asyncio.subprocess.PIPE,
    )
    for _ in range(3):
        enough = len(followed.bodies) + 1
        followed.units.mean(("mastodon-sidekiq*",))
        await followed.until(lambda enough=enough: len(followed.bodies) >= enough)
    output, _ = await noise.communicate()
    assert b"UnitNew" not in output
    assert all(not body.changes for body in followed.bodies[-3:])


async def test_a_unit_of_a_process(machine):
    """A unit that no pattern means is followed once a process is found in it, and counts it while Redis can be read; the agent's own never is."""
    name, own = "worker-of-sidekiq.service", "mastodon-sidekiq-own.service"
    machine.unit(name, service())
    machine.unit(own, service())
    machine.run("systemctl", "start", name, own)
    followed = Followed(machine.bus, own=own)
    await followed.begun()
    assert name not in followed.picture

    hear = followed.units.hear
    hear(Observed(Source.HOST, (Delta(Kind.PROCESS, "a", {"unit": name}), Delta(Kind.PROCESS, "b", {"unit": "o'dd/../.service"}))))
    assert (await followed.reaches(name, state="active")).get("processes") is None
    hear(Observed(Source.REDIS, (), complete=True))
    await followed.reaches(name, processes=1)
    hear(Observed(Source.HOST, (Gone(Kind.PROCESS, "a", "exited"),)))
    await followed.reaches(name, processes=0)
    assert own not in followed.picture
    await followed.close()
    machine.run("systemctl", "stop", name, own)


async def test_systemd_itself_begins_anew(machine, followed):
    """After `daemon-reexec` all goes on as before, and it is no outage."""
    name = "mastodon-sidekiq-reexec.service"
    machine.unit(name, service())
    machine.run("systemctl", "start", name)
    await followed.reaches(name, state="active")
    machine.run("systemctl", "daemon-reexec")
    machine.run("systemctl", "stop", name)
    await followed.reaches(name, state="inactive")
    assert followed.outages == []


async def test_a_systemd_that_is_asked_while_it_takes_its_name(machine, followed):
    """It answers what it was asked before it had its name, and its name is told after that: asked a second time by then, it refuses."""
    name = "mastodon-sidekiq-named.service"
    before = len(followed.bodies)
    followed.units._session._hear(Heard("/org/freedesktop/DBus", DBUS, "NameOwnerChanged", [SYSTEMD, "", ":1.0"]))
    await followed.until(lambda: any(isinstance(body, Observed) and body.complete for body in followed.bodies[before:]))
    machine.unit(name, service())
    machine.run("systemctl", "start", name)
    await followed.reaches(name, state="active")
    machine.run("systemctl", "stop", name)
    assert followed.outages == []


async def test_how_soon_it_is_told(machine, followed, record_property):
    """A death is told within milliseconds of systemd's own reckoning; the median is printed."""
    name = "mastodon-sidekiq-soon.service"
    machine.unit(name, service(Restart="always", RestartSec="1ms"))
    machine.run("systemctl", "start", name)
    pid = (await followed.reaches(name, state="active"))["pid"]
    took = []
    for count in range(1, 11):
        machine.run("kill", "-9", str(pid))
        unit = await followed.reaches(name, restarts=count, state="active", job="")
        took.append(followed.clock.at() - unit["entered_at"])
        pid = unit["pid"]
    machine.run("systemctl", "stop", name)
    print(f"\nfrom systemd's state to ours: median {sorted(took)[5]} ms, longest {max(took)} ms")
    assert sorted(took)[5] < 2_000


def test_clock_is_systemds_own():
    """Moments of systemd are put beside engine time without a conversion, so both must count from the same start."""
    assert abs(time.monotonic_ns() - time.clock_gettime_ns(time.CLOCK_MONOTONIC)) < 10**9
