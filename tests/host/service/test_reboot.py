"""The machine goes down in the middle of a recovery, in good order and without: when it is up again the agent brings to its end what it had begun."""

import pytest

from tests.host.service.conftest import NEEDS
from tests.host.service.installed import AGENT
from tests.host.service.scene import MAIN, UNITS, Scene, furnish
from tests.suites.booted import boot, disk

pytestmark = [pytest.mark.needs(*NEEDS), pytest.mark.timeout(300)]

RULES = """\
rules:
  - rule: stuck-job
    each: job
    where: job.class == "SleepForever"
    when: job.elapsed > 5s
    severity: critical
    then:
      - recover_process: {process: job.process, drain: 10m, grace: 30s, stuck_after: 0s, stuck_jobs: {strikes: 1, then: quarantine}}
"""


async def begun(scene: Scene) -> tuple[set[str], list[str]]:
    """A recovery waits for the jobs that are not stuck: the stuck ones, and the others."""
    await scene.beats(MAIN)
    stuck = {await scene.push("push", "SleepForever"), await scene.push("push", "SleepForever")}
    beside = [await scene.push("default", "Sleep", 100)]
    await scene.under_way(*stuck, *beside)
    await scene.says("outcome: rule='stuck-job'.* stage='two beats'")
    return stuck, [*beside, *[await scene.push("push", "Quick") for _ in range(20)]]


async def test_a_reboot() -> None:
    """Everything is stopped in good order, the wedged process as well as that goes; afterwards each job runs once more or is in quarantine, and nothing is put back twice."""
    with disk() as kept, boot(over=kept) as machine:
        furnish(machine, RULES)
        machine.run("systemctl", "start", *UNITS, AGENT)
        first = await Scene(machine).open()
        stuck, others = await begun(first)
        print(first.journal())
        await first.aclose()
        machine.reboot()
        second = await Scene(machine, first.pushed).open()
        try:
            await second.says("incident: rule='stuck-job'.* outcome='(ended|failed|verified|unverified|given up)'")
            await second.accounted_for()
        finally:
            print(second.journal())
            await second.aclose()
