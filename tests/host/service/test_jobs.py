"""Jobs and processes that are stuck, on a machine that stays as it is: the agent ends what is wedged, and every job has run or is in quarantine."""

import pytest

from tests.host.service.conftest import NEEDS
from tests.host.service.installed import AGENT
from tests.host.service.scene import INGRESS, MAIN, SCHEDULER, Scene

pytestmark = [pytest.mark.needs(*NEEDS), pytest.mark.timeout(600)]

RULES = """\
rules:
  - rule: stuck-job
    each: job
    where: job.class == "SleepForever" and job.queue != "scheduler"
    when: job.elapsed > 5s
    severity: critical
    then:
      - recover_process: {process: job.process, drain: 8s, grace: 30s, stuck_after: 0s, stuck_jobs: {strikes: 1, then: quarantine}}
    verify: {when: count(process) >= 4, within: 2m}
  - rule: scheduler-stuck
    each: job
    where: job.class == "SleepForever" and job.queue == "scheduler"
    when: job.elapsed > 5s
    severity: critical
    then:
      - recover_process: {process: job.process, drain: 30s, grace: 30s, stuck_after: 0s, stuck_jobs: {strikes: 1, then: quarantine}}
    verify: {when: count(process) >= 4, within: 2m}
  - rule: stopped
    each: process
    when: process.stopped
    for: 3s
    severity: critical
    then:
      - recover_process: {process: process, drain: 30s, grace: 30s}
"""
SHORT_PATIENCE = "[Service]\nWatchdogSec=20s\n"
"""Systemd waits for the agent for a third of the time that the package says."""


async def test_a_stuck_job(scene: Scene) -> None:
    """Half of the threads of the shipped service are held for ever: it is ended and comes back, what ran beside them runs anew, the stuck ones are taken out of the way."""
    await scene.beats(MAIN)
    before = scene.pid(MAIN)
    stuck = {await scene.push("push", "SleepForever"), await scene.push("push", "SleepForever")}
    beside, short = await scene.push("default", "Wait", "later"), await scene.push("pull", "Sleep", 5)
    await scene.under_way(*stuck, beside)
    quick = [await scene.push("push", "Quick") for _ in range(20)]
    await scene.says("incident: rule='stuck-job'.* outcome='verified'")
    scene.lay("later")
    await scene.done(beside, short, *quick)
    await scene.accounted_for()
    assert set(await scene.quarantined()) == stuck
    events = (
        "alert firing",
        "evidence",
        "intent",
        "TSTP sent",
        "two beats",
        "drain",
        "record",
        "KILL sent",
        "death",
        "put_back",
        "rebirth",
    )
    await scene.tells("stuck-job", *events, "incident verified")
    assert scene.pid(MAIN) not in (0, before)
    scene.has_one_right()


async def test_a_stopped_process(scene: Scene) -> None:
    """One that somebody has stopped is let go on before anything else; that is all it needs, so it is left alone, and its jobs come to their end."""
    name = INGRESS.format(1)
    await scene.beats(name, INGRESS.format(2))
    before = scene.pid(name)
    jobs = [await scene.push("ingress", "Wait", "thawed") for _ in range(4)]
    await scene.under_way(*jobs)
    scene.machine.run("systemctl", "kill", "--signal=STOP", name)
    quick = [await scene.push("ingress", "Quick") for _ in range(20)]
    await scene.says("incident: rule='stopped'.* outcome='abandoned'")
    scene.lay("thawed")
    await scene.done(*jobs, *quick)
    await scene.accounted_for()
    await scene.tells("stopped", "alert firing", "evidence", "CONT sent", "incident abandoned")
    assert scene.pid(name) == before
    scene.has_one_right()


async def test_the_agent_is_stopped(scene: Scene) -> None:
    """Systemd notices that the agent hangs in the middle of a recovery, and begins it anew: what was open is brought to its end, once."""
    scene.machine.unit(f"{AGENT}.service.d/patience.conf", SHORT_PATIENCE)
    scene.machine.run("systemctl", "restart", AGENT)
    await scene.beats(SCHEDULER)
    first, before = scene.pid(AGENT), scene.pid(SCHEDULER)
    stuck, beside = await scene.push("scheduler", "SleepForever"), await scene.push("scheduler", "Wait", "resumed")
    await scene.under_way(stuck, beside)
    await scene.says("outcome: rule='scheduler-stuck'.* stage='two beats'")
    scene.machine.run("systemctl", "kill", "--kill-whom=main", "--signal=STOP", AGENT)
    await scene.says("Watchdog timeout")
    await scene.says("incident: rule='scheduler-stuck'.* outcome='verified'")
    scene.lay("resumed")
    await scene.done(beside)
    await scene.accounted_for()
    assert stuck in await scene.quarantined()
    assert (await scene.ran())[beside] == 1
    await scene.tells(
        "scheduler-stuck", "TSTP sent", "two beats", "incident resumed", "record", "KILL sent", "put_back", "incident verified"
    )
    assert scene.pid(AGENT) not in (0, first)
    assert scene.pid(SCHEDULER) not in (0, before)
    scene.has_one_right()
