"""Processes that end or freeze by themselves: what they held is read out of them, or known from before, and runs again."""

import asyncio

import pytest

from tests.host.limits import limited
from tests.host.service.conftest import NEEDS
from tests.host.service.scene import INGRESS, MAIN, Scene

pytestmark = [pytest.mark.needs(*NEEDS, "ptrace", "root"), pytest.mark.timeout(300)]

RULES = """\
rules:
  - rule: frozen
    each: process
    when: process.frozen
    for: 5s
    severity: critical
    then:
      - recover_process: {process: process, drain: 30s, grace: 30s, stuck_jobs: {strikes: 1, then: quarantine}}
  - rule: crashed
    each: process
    on: ProcessCrashed
    severity: critical
    then:
      - put_back_jobs: {process: process, stuck_jobs: {strikes: 1, then: quarantine}}
"""
MEMORY = 2**27


async def test_a_frozen_process(scene: Scene) -> None:
    """Nothing in it moves any more, and threads of it have been given jobs that nobody will read: they are read out of its connections, and all run elsewhere."""
    scene.machine.run("systemctl", "enable", "--now", "sidekiq-watchdog-inspect.socket")
    await scene.beats(INGRESS.format(1), INGRESS.format(2))
    culprit = await scene.push("ingress", "Freeze", 6)
    name = (await scene.under_way(culprit))[culprit]
    before = scene.pid(name)
    quick = []
    for _ in range(100):  # until long after it has frozen
        quick.append(await scene.push("ingress", "Quick"))
        await asyncio.sleep(0.1)
    await scene.says("incident: rule='frozen'.* outcome='ended'")
    await scene.done(*quick)
    for row in await scene.audit("frozen"):
        print({k:v for k,v in row.items() if v and k not in ('hash','previous')})
    await scene.accounted_for()
    assert set(await scene.quarantined()) == {culprit}
    await scene.tells("frozen", "alert firing", "KILL sent", "death", "put_back", "incident ended")
    assert scene.pid(name) not in (0, before)
    scene.has_one_right()


async def test_a_process_that_the_kernel_kills(scene: Scene) -> None:
    """Systemd starts it again, as its unit says; what it held comes back."""
    await scene.beats(MAIN)
    before = scene.pid(MAIN)
    hoard, beside = await scene.push("pull", "Hoard", 8), await scene.push("default", "Sleep", 60)
    await scene.under_way(hoard, beside)
    with limited(scene.outside(MAIN), MEMORY):
        await scene.says("incident: rule='crashed'.* outcome='ended'")
    for row in await scene.audit("crashed"):
        print({k:v for k,v in row.items() if v and k not in ('hash','previous')})
    print(await scene.client.zrange("retry",0,-1,withscores=True), scene.machine.run("date","+%s"))
    await scene.beats(MAIN)
    assert scene.pid(MAIN) != before
    scene.has_one_right()
