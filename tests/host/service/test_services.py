"""Services that do not run: one that somebody has stopped is left alone; one whose process was killed is started, and what was in it comes back."""

import pytest

from tests.host.limits import limited
from tests.host.service.conftest import NEEDS
from tests.host.service.installed import AGENT
from tests.host.service.scene import MAIN, SCHEDULER, Scene

pytestmark = [pytest.mark.needs(*NEEDS, "root"), pytest.mark.timeout(600)]

RULES = """\
rules:
  - rule: crashed
    each: process
    on: ProcessCrashed
    severity: critical
    then:
      - put_back_jobs: {process: process, stuck_jobs: {strikes: 1, then: quarantine}}
      - ensure_unit: {unit: process.unit, start_within: 1m}
  - {rule: within-a-limit, each: process, when: process.cgroup_limit > 0 and process.cgroup_limit < 1GiB, severity: info}
  - rule: service-down
    each: unit
    where: unit.name like "*-scheduler.service"
    when: unit.state in ["inactive", "failed"]
    for: 2s
    then:
      - ensure_unit: {unit: unit}
    guards: {cooldown: 1s, cooldown_max: 0s}
"""
DROP_INS = dict.fromkeys((MAIN, SCHEDULER), "[Service]\nRestart=no\n")
"""Systemd itself starts these only once."""
MEMORY = 2**27
DENIED = "decision: rule='service-down'.* decision='DENY' guard='last_look'"


async def test_a_service_that_somebody_has_stopped(scene: Scene) -> None:
    """Somebody is at work there: the agent says so and starts nothing, nor does one that has been started since."""
    await scene.beats(SCHEDULER)
    scene.machine.run("systemctl", "stop", SCHEDULER)
    since = scene.unit(SCHEDULER, "InactiveEnterTimestampMonotonic")
    await scene.says(DENIED)
    scene.machine.run("systemctl", "restart", AGENT)
    await scene.says(DENIED, after=len(scene.lines))
    assert (scene.unit(SCHEDULER, "ActiveState"), scene.unit(SCHEDULER, "InactiveEnterTimestampMonotonic")) == ("inactive", since)
    rows = await scene.audit("service-down")
    assert not [row for row in rows if row["kind"] == "intent"]
    assert "somebody" in next(row["reason"] for row in rows if row["guard"] == "last_look")
    scene.machine.run("systemctl", "start", SCHEDULER)
    await scene.accounted_for()
    scene.has_one_right()


async def test_a_process_that_the_kernel_kills(scene: Scene) -> None:
    """
    Any of its jobs may have used up the memory, so both go into quarantine, where one strike is enough; and the unit, which systemd leaves as it is, is started.

    They are the first that it was given, and nothing else comes or goes: what its log says of them is proof nevertheless.
    """
    await scene.beats(MAIN)
    before = scene.pid(MAIN)
    with limited(scene.outside(MAIN), MEMORY, below=scene.machine.pid):
        jobs = {await scene.push("pull", "Hoard", 600), await scene.push("default", "Wait", "never")}
        await scene.under_way(*jobs)
        await scene.says("alert: rule='within-a-limit'.* outcome='firing'")
        scene.lay("hoard")
        await scene.says("incident: rule='crashed'.* outcome='ended'")
    await scene.beats(MAIN)
    await scene.accounted_for()
    assert set(await scene.quarantined()) == jobs
    await scene.tells("crashed", "alert firing", "reckon", "put_back", "start", "incident ended")
    assert scene.pid(MAIN) != before
    scene.has_one_right()
